package request

import (
	"regexp"
	"strings"

	"heli/pkg/word"
)

// What a request is found by besides its columns, as the store keeps it.
const (
	facetCategory = "category:"
	facetLanguage = "language:"
)

// facets returns the facets of a kind.
func facets(kind string, values ...string) []string {
	all := make([]string, 0, len(values))
	for _, value := range values {
		all = append(all, kind+value)
	}
	return all
}

// pattern is how a text is looked for in titles: in any case, and with Chinese
// characters in their traditional and simplified forms alike.
type pattern struct {
	regexp *string // null: any title
	// pairs are neighbouring characters of the text, each in all its forms, of
	// which a title that fits has one of every list.
	pairs [maxPairs][]string
}

// maxPairs is how many pairs narrow a search: more of them would narrow it little.
const maxPairs = 3

// patternOf returns the pattern of a text; without a text it fits all.
func patternOf(text string) pattern {
	var p pattern
	if text == "" {
		return p
	}
	var b strings.Builder
	runes := []rune(text)
	for _, r := range runes {
		if forms := word.Forms(r); len(forms) > 1 {
			b.WriteString("[" + string(forms) + "]")
		} else {
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	fits := b.String()
	p.regexp = &fits
	p.addPairs(runes)
	return p
}

// addPairs spreads the pairs over the text: neighbouring ones say much the same.
func (p *pattern) addPairs(runes []rune) {
	var all [][]string
	for i := range len(runes) - 1 {
		if pair := formsOf(runes[i], runes[i+1]); pair != nil {
			all = append(all, pair)
		}
	}
	n := min(len(all), maxPairs)
	for i := range n {
		p.pairs[i] = all[i*(len(all)-1)/max(n-1, 1)]
	}
}

// formsOf returns two neighbouring characters in all their forms; nil for those
// that the index of pairs leaves to that of trigrams.
func formsOf(first, second rune) []string {
	const wide = 0x800 // characters of three bytes and more begin here
	if first < wide || second < wide {
		return nil
	}
	var all []string
	for _, a := range word.Forms(first) {
		for _, b := range word.Forms(second) {
			all = append(all, string([]rune{a, b}))
		}
	}
	return all
}
