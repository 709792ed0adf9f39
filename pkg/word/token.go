package word

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// run is a stretch of text of one script: the words of a clause, or one
// unbroken row of Chinese characters.
type run struct {
	han   bool
	parts []string
}

// noise is what public posts carry besides words: addresses of pages, names of
// accounts, HTML entities, the mark of a repeated post, numbers made unreadable.
var noise = regexp.MustCompile(`(?i)https?\S*|www\.\S+|\S+@\S+\.\S+|@\w+|&[a-z]+;|&#\d+;|\brt\b|\d{2,}[x*]{2,}\d*`)

// currency is the word that any sign of a currency stands for.
const currency = "money"

// longestNumber keeps phone and account numbers out of the terms.
const longestNumber = 5

// split cuts a text into runs, in order. Words are folded; a word in mixed
// case such as WaterPurifier is cut where a capital follows a small letter.
func split(text string) []run {
	s := splitter{}
	for _, r := range noise.ReplaceAllString(Simplify(norm.NFKC.String(text)), " | ") {
		s.next(r)
	}
	s.endHan()
	s.endClause()
	return s.runs
}

// splitter gathers either a clause of words or a row of Chinese characters,
// never both at once.
type splitter struct {
	runs   []run
	clause []string
	word   strings.Builder
	han    strings.Builder
	last   rune
}

func (s *splitter) next(r rune) {
	switch {
	case unicode.Is(unicode.Han, r):
		s.endClause()
		s.han.WriteRune(r)
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
		s.endHan()
		if unicode.IsUpper(r) && unicode.IsLower(s.last) {
			s.endWord()
		}
		s.word.WriteRune(unicode.ToLower(r))
	case r == '\'' || r == '’': // don't, it's: one word without the mark
	case unicode.Is(unicode.Sc, r):
		s.endHan()
		s.endWord()
		s.clause = append(s.clause, currency)
	case unicode.IsSpace(r) || strings.ContainsRune("-_#/&+", r):
		s.endHan()
		s.endWord()
	default:
		s.endHan()
		s.endClause()
	}
	s.last = r
}

func (s *splitter) endWord() {
	w := s.word.String()
	s.word.Reset()
	unit := strings.TrimLeft(w, "0123456789")
	if len(unit) < shortestUnit {
		unit = w
	}
	for _, part := range []string{strings.TrimSuffix(w, unit), unit} {
		if part != "" && (len(part) <= longestNumber || !isNumber(part)) {
			s.clause = append(s.clause, part)
		}
	}
}

// shortestUnit is the length from which letters behind a number are a word of
// their own, as in 500blankets.
const shortestUnit = 3

func (s *splitter) endClause() {
	s.endWord()
	if len(s.clause) > 0 {
		s.runs = append(s.runs, run{parts: s.clause})
		s.clause = nil
	}
}

func (s *splitter) endHan() {
	if s.han.Len() > 0 {
		s.runs = append(s.runs, run{han: true, parts: []string{s.han.String()}})
		s.han.Reset()
	}
}
