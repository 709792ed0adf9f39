package word

import (
	_ "embed" // the table of characters
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
