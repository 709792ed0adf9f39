// Package word turns what people write into weighted terms that can be
// compared: English words, Chinese character pairs, and concepts that join
// words of one meaning in both languages.
//
// It owns folding, stemming, the stop words and the concept lexicon. It is
// pure: it never reads a file, keeps no text, and knows neither needs nor
// offers. Its terms are readable; a service hashes them with a key before they
// leave the place that may hold text.
package word

import (
	"math"
	"slices"
	"strings"
)

// Term is one comparable part of a text. Terms are told apart by their form:
// a word ("tent"), two words ("rice bag"), part of a word ("~arpa"), Chinese
// characters ("帐篷"), or a concept ("=tent").
type Term struct {
	Text   string
	Weight float32 // above 0
}

// The weights say how far a kind of term proves that two texts are about the
// same thing. Concepts lead, since people who ask and people who give rarely
// choose the same word.
const (
	weightWord      = 1.0
	weightPair      = 0.5  // two neighbouring words
	weightPart      = 0.05 // four letters out of a word: misspellings, compounds
	weightWeakWord  = 0.15 // words that every plea or offer contains
	weightNumber    = 0.2
	weightConcept   = 2.2
	weightWider     = 1.2 // a group that holds the concept
	weightHanPair   = 0.8
	weightHanSingle = 0.12
)

// MaxTerms bounds what one text may become, so that a long text neither fills
// the index nor slows every comparison: the heaviest terms stay.
const MaxTerms = 256

// Terms returns the terms of a text, each once, heaviest first and then by
// text, at most MaxTerms. A term said n times weighs 1 + ln n as much as one
// said once. The answer depends on the text alone; an empty text has none.
func Terms(text string) []Term {
	b := bag{}
	for _, r := range split(text) {
		if r.han {
			b.addHan(r.parts[0])
		} else {
			b.addLatin(r.parts)
		}
	}
	return b.terms()
}

// bag gathers terms with the weight of their kind and how often they were met.
type bag map[string]tally

type tally struct {
	weight float64
	count  int
}

func (b bag) add(text string, weight float64) {
	t := b[text]
	b[text] = tally{weight: math.Max(t.weight, weight), count: t.count + 1}
}

func (b bag) terms() []Term {
	terms := make([]Term, 0, len(b))
	for text, t := range b {
		terms = append(terms, Term{text, float32(t.weight * (1 + math.Log(float64(t.count))))})
	}
	slices.SortFunc(terms, func(x, y Term) int {
		switch {
		case x.Weight > y.Weight:
			return -1
		case x.Weight < y.Weight:
			return 1
		default:
			return strings.Compare(x.Text, y.Text)
		}
	})
	return terms[:min(len(terms), MaxTerms)]
}

// addLatin adds a clause of words: the words, their neighbourhoods and the
// concepts they name.
func (b bag) addLatin(words []string) {
	stems := make([]string, len(words))
	for i, w := range words {
		stems[i] = stem(w)
	}
	b.addConcepts(stems, " ")
	previous := ""
	for i, s := range stems {
		if stopWords()[words[i]] {
			previous = ""
			continue
		}
		b.addWord(s)
		if previous != "" {
			b.add(previous+" "+s, weightPair)
		}
		previous = s
	}
}

func (b bag) addWord(s string) {
	switch {
	case isNumber(s):
		b.add(s, weightNumber)
	case weakStems()[s]:
		b.add(s, weightWeakWord)
	default:
		b.add(s, weightWord)
		for _, part := range parts(s) {
			b.add(part, weightPart)
		}
	}
}

// addHan adds a run of Chinese characters. Pairs stand in for words, which
// Chinese does not separate; single characters only soften that.
func (b bag) addHan(run string) {
	chars := strings.Split(run, "")
	b.addConcepts(chars, "")
	for i, c := range chars {
		if !hanStops()[c] {
			b.add(c, weightHanSingle)
		}
		if i+1 < len(chars) {
			b.addHanPair(c, chars[i+1])
		}
	}
}

func (b bag) addHanPair(first, second string) {
	switch {
	case hanStops()[first] || hanStops()[second]:
	case weakHanPairs()[first+second]:
		b.add(first+second, weightWeakWord)
	default:
		b.add(first+second, weightHanPair)
	}
}

// partLetters is the length of a part of a word.
const partLetters = 4

// parts returns the overlapping parts of a word long enough to have several.
func parts(word string) []string {
	if len(word) <= partLetters || !isASCII(word) {
		return nil
	}
	var out []string
	for i := 0; i+partLetters <= len(word); i++ {
		out = append(out, "~"+word[i:i+partLetters])
	}
	return out
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}
