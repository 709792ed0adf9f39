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
// a word ("tent"), two words ("rice bag"), Chinese characters ("帐篷"), or a
// concept ("=tent").
type Term struct {
	Text   string
	Weight float32 // above 0
}

// The weights say how far a kind of term proves that two texts are about the
// same thing. Concepts lead, since people who ask and people who give rarely
// choose the same word; words tell equal concepts apart. Numbers say how much,
// not what.
const (
	weightNamed     = 1.4  // words that the lexicon knows
	weightWord      = 0.8  // others, of which many are names of places
	weightPair      = 0.3  // two neighbouring words
	weightWeakWord  = 0.15 // words that every plea or offer contains
	weightNumber    = 0.1
	weightConcept   = 2.5
	weightDoubtful  = 0.5 // a phrase that may mean the concept
	weightHanPair   = 0.8
	weightHanSingle = 0.12
	weightAgain     = 0.35
)

// How much of its weight a concept gives to the groups that hold it, and each
// of these to the ones that hold it in turn.
const (
	shareWider = 0.8
	shareOuter = 0.5
)

// MaxTerms bounds what one text may become, so that a long text neither fills
// the index nor slows every comparison: the heaviest terms stay.
const MaxTerms = 256

// Terms returns the terms of a text, each once, heaviest first and then by
// text, at most MaxTerms. A term said again weighs little more: 1 + weightAgain
// times ln n for n times. The answer depends on the text alone; an empty text has none.
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
		terms = append(terms, Term{text, float32(t.weight * (1 + weightAgain*math.Log(float64(t.count))))})
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
		stems[i] = spelling().mend(w)
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
	case spelling().stems[s]:
		b.add(s, weightNamed)
	default:
		b.add(s, weightWord)
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

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}
