// Package risk owns the words by which somebody who writes to Heli may say that
// they are in danger: from themselves or from others. It finds them in English,
// 简体中文 and 繁體中文, so that a human looks first; it refuses nothing and no
// decision follows from it but an order.
//
// It is pure. A text never leaves it, and it is not a diagnosis: it misses what is
// said in other words, and raises what is said of others.
package risk

import (
	_ "embed" // the list
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"heli/pkg/word"
)

// Kind is what somebody may be in danger of.
type Kind string

// The kinds.
const (
	SelfHarm Kind = "self_harm"
	Violence Kind = "violence"
)

//go:embed risk.txt
var listText string

// sign is a phrase of the list.
type sign struct {
	kind      Kind
	phrase    string
	negatable bool
}

// list is what the file says.
type list struct {
	signs  []sign
	exempt []string // phrases that are no sign, though they hold one
}

var signs = sync.OnceValue(func() list { return parse(listText) })

// parse reads the list; see its head for the form.
func parse(text string) list {
	var l list
	var kind Kind
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if inner, ok := strings.CutPrefix(line, "["); ok {
			kind = Kind(strings.TrimSuffix(inner, "]"))
		} else if phrase, ok := strings.CutPrefix(line, "- "); ok {
			l.exempt = append(l.exempt, plain(phrase))
		} else if line != "" && line[0] != '#' {
			phrase, negatable := strings.CutSuffix(line, " !")
			l.signs = append(l.signs, sign{kind, plain(phrase), negatable})
		}
	}
	return l
}

// Kinds returns what the texts say that somebody may be in danger of, each kind
// once, in the order of the constants; none for most texts.
func Kinds(texts ...string) []Kind {
	var found []Kind
	l := signs()
	for _, text := range texts {
		text = plain(text)
		for _, phrase := range l.exempt {
			text = strings.ReplaceAll(text, phrase, "\n")
		}
		for _, s := range l.signs {
			if !slices.Contains(found, s.kind) && s.in(text) {
				found = append(found, s.kind)
			}
		}
	}
	slices.Sort(found)
	return found
}

// plain returns a text as it is compared: folded, one blank around each Latin word
// and none within Chinese, apostrophes and invisible characters gone, every other
// mark the end of a phrase.
func plain(text string) string {
	var b strings.Builder
	last := '\n'
	for _, r := range word.Fold(text) {
		switch {
		case strings.ContainsRune("'’`", r) || unicode.In(r, unicode.Cf, unicode.Mn):
			continue
		case unicode.IsSpace(r) || r == '-' || r == '_':
			r = ' '
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = '\n'
		}
		if r == ' ' && (last == ' ' || last == '\n' || unicode.Is(unicode.Han, last)) {
			continue
		}
		if unicode.Is(unicode.Han, r) != unicode.Is(unicode.Han, last) && last != ' ' && last != '\n' && r != ' ' && r != '\n' {
			b.WriteRune(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return strings.Trim(b.String(), " ")
}

// in reports whether the sign stands in a plain text and nothing before it takes it
// back.
func (s sign) in(text string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], s.phrase)
		if at < 0 {
			return false
		}
		at += from
		if whole(text, at, len(s.phrase)) && (!s.negatable || !negated(text[:at])) {
			return true
		}
		from = at + len(s.phrase)
	}
}

// whole reports that a Latin phrase is not a part of a longer word.
func whole(text string, at, length int) bool {
	latin := func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) || unicode.IsDigit(r) }
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	first, _ := utf8.DecodeRuneInString(text[at:])
	after, _ := utf8.DecodeRuneInString(text[at+length:])
	lastOf, _ := utf8.DecodeLastRuneInString(text[:at+length])
	return (!latin(before) || !latin(first)) && (!latin(lastOf) || !latin(after))
}

// Words between a negation and what it takes back, and the negations.
var (
	fillers   = []string{"想", "想过", "要", "过", "会", "打算", "考虑", "被", "受到", "遭受", "发生", "有", "任何", "的", "念头", "去", "再", "going to", "trying to", "thinking about", "thinking of", "planning to", "planning", "ever", "been", "any", "to", "of", "a", "i", "am", "want", "would", "feeling", "about", "attempt", "commit", "committing"}
	negations = []string{"不", "没", "没有", "不会", "不想", "从未", "从没", "并非", "不是", "绝不", "无", "未", "唔会", "冇", "not", "no", "never", "dont", "wont", "didnt", "doesnt", "isnt", "wasnt", "without", "cannot", "wouldnt", "havent", "hasnt"}
)

// maxFillers is how many words may stand between the two.
const maxFillers = 3

// negated reports whether what comes right after the text is taken back by its end.
func negated(text string) bool {
	for range maxFillers + 1 {
		text = strings.TrimRight(text, " ")
		if endsWithAny(text, negations) != "" {
			return true
		}
		filler := endsWithAny(text, fillers)
		if filler == "" {
			return false
		}
		text = strings.TrimSuffix(text, filler)
	}
	return false
}

// endsWithAny returns the longest of the words that a plain text ends with.
func endsWithAny(text string, words []string) string {
	longest := ""
	for _, w := range words {
		if len(w) > len(longest) && strings.HasSuffix(text, w) && whole(text, len(text)-len(w), len(w)) {
			longest = w
		}
	}
	return longest
}
