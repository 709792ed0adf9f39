package word

import (
	"slices"
	"strings"
	"sync"
)

// speller recognises single words of the lexicon where they are misspelt, by
// looking up what is left of both without one letter (Mor and Fraenkel, "A hash
// code method for detecting and correcting spelling errors", 1982).
type speller struct {
	stems map[string]bool
	near  map[string][]string // a stem, or one without one of its letters → the stems
}

// shortestMisspelt is the number of letters from which a word is mended. Shorter
// ones are too often other words, and names.
const shortestMisspelt = 6

var spelling = sync.OnceValue(func() speller {
	s := speller{stems: map[string]bool{}, near: map[string][]string{}}
	for phrase := range concepts().senses {
		if !isPlain(phrase) {
			continue
		}
		s.stems[phrase] = true
		for _, short := range shortened(phrase) {
			s.near[short] = append(s.near[short], phrase)
		}
	}
	return s
})

// mend returns the stem of a word, or the stem of the lexicon that it plainly
// is a misspelling of.
func (s speller) mend(w string) string {
	own := stem(w)
	if len(own) < shortestMisspelt || !isPlain(own) || s.stems[own] ||
		stopWords()[w] || weakStems()[own] || lookalikes()[own] {
		return own
	}
	if near := s.nearest(own); near != "" {
		return near
	}
	return own
}

// nearest returns the only stem of the lexicon that begins with the same letter
// and is one edit away; "" when there is none or there are several.
func (s speller) nearest(w string) string {
	found := ""
	for _, short := range shortened(w) {
		for _, near := range s.near[short] {
			if near == found || near[0] != w[0] || !oneEdit(near, w) {
				continue
			}
			if found != "" {
				return ""
			}
			found = near
		}
	}
	return found
}

// shortened returns a word, and the word without each of its letters.
func shortened(w string) []string {
	all := []string{w}
	for i := range len(w) {
		all = append(all, w[:i]+w[i+1:])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// oneEdit reports whether one letter put in, left out or replaced, or two
// neighbours changed over, make one word of the other (Damerau, "A technique for
// computer detection and correction of spelling errors", 1964).
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	same := 0
	for same < len(a) && a[same] == b[same] {
		same++
	}
	a, b = a[same:], b[same:]
	switch {
	case len(a)+1 == len(b):
		return a == b[1:]
	case len(a) != len(b) || a == "":
		return a == b
	case a[1:] == b[1:]:
		return true
	default:
		return len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
	}
}

// isPlain reports whether a word is of small English letters alone.
func isPlain(w string) bool {
	return strings.IndexFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}
