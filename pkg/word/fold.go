package word

import (
	_ "embed" // the table of characters
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// simplifiedTable holds pairs of characters, the traditional one first. See
// NOTICE for its origin.
//
//go:embed simplified.txt
var simplifiedTable string

var simplified = sync.OnceValue(func() map[rune]rune {
	chars := []rune(strings.ReplaceAll(simplifiedTable, "\n", ""))
	table := make(map[rune]rune, len(chars)/2)
	for i := 0; i+1 < len(chars); i += 2 {
		table[chars[i]] = chars[i+1]
	}
	return table
})

// Fold returns the text in the one form in which texts are compared: Unicode
// NFKC (full-width and other compatibility forms become plain), lower case,
// traditional Chinese characters as simplified ones. Folding twice changes
// nothing more.
func Fold(text string) string {
	return strings.ToLower(Simplify(norm.NFKC.String(text)))
}

// Simplify returns the text with every traditional Chinese character replaced
// by its simplified form, character by character; the rest stays as it is. It
// is meant for comparing, not for showing: choosing between words that differ
// in more than their characters is beyond it.
func Simplify(text string) string {
	table := simplified()
	return strings.Map(func(r rune) rune {
		if s, ok := table[r]; ok {
			return s
		}
		return r
	}, text)
}

var forms = sync.OnceValue(func() map[rune][]rune {
	table := map[rune][]rune{}
	for traditional, simple := range simplified() {
		if len(table[simple]) == 0 {
			table[simple] = []rune{simple}
		}
		table[simple] = append(table[simple], traditional)
	}
	for _, all := range table {
		slices.Sort(all)
	}
	return table
})

// Forms returns a character with every one that Simplify makes the same of it,
// in the order of their code points; most have no other.
func Forms(r rune) []rune {
	if s, ok := simplified()[r]; ok {
		r = s
	}
	if all, ok := forms()[r]; ok {
		return slices.Clone(all)
	}
	return []rune{r}
}
