package word

import (
	_ "embed" // the lexicon
	"strings"
	"sync"
)

//go:embed concept.txt
var conceptText string

// lexicon finds the concepts that a phrase names.
type lexicon struct {
	groups map[string][]string // phrase of stems or characters → names of groups
	wider  map[string]string   // group → the group that holds it
	// longest phrase, in words and in Chinese characters
	words, chars int
}

var concepts = sync.OnceValue(func() lexicon {
	l := lexicon{groups: map[string][]string{}, wider: map[string]string{}}
	for line := range strings.Lines(conceptText) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			l.read(line)
		}
	}
	return l
})

// read takes in one line "name < wider: english, …; 中文 …".
func (l *lexicon) read(line string) {
	head, body, _ := strings.Cut(line, ":")
	name, wider, narrow := strings.Cut(strings.TrimSpace(head), " < ")
	if narrow {
		l.wider[name] = wider
	}
	english, chinese, _ := strings.Cut(body, ";")
	for phrase := range strings.SplitSeq(english, ",") {
		words := strings.Fields(phrase)
		for i, w := range words {
			words[i] = stem(w)
		}
		l.words = max(l.words, len(words))
		l.put(strings.Join(words, " "), name)
	}
	for _, phrase := range strings.Fields(chinese) {
		l.chars = max(l.chars, len([]rune(phrase)))
		l.put(phrase, name)
	}
}

func (l *lexicon) put(phrase, name string) {
	l.groups[phrase] = append(l.groups[phrase], name)
}

// addConcepts adds the concepts named by a row of stems or characters. At each
// place the longest phrase counts, so that "eye protection" is no eye care.
func (b bag) addConcepts(units []string, separator string) {
	l := concepts()
	longest := l.words
	if separator == "" {
		longest = l.chars
	}
	for i := 0; i < len(units); {
		i += b.addConceptAt(l, units[i:min(len(units), i+longest)], separator)
	}
}

// addConceptAt adds the concept that begins the row, if any, and returns how
// many units to move on.
func (b bag) addConceptAt(l lexicon, units []string, separator string) int {
	for n := len(units); n > 0; n-- {
		names := l.groups[strings.Join(units[:n], separator)]
		if len(names) == 0 {
			continue
		}
		for _, name := range names {
			b.addConcept(l, name)
		}
		return n
	}
	return 1
}

// addConcept adds a concept and the groups around it, each counting half of
// the one it holds: somebody who offers masks may well have N95 masks, somebody
// who offers protective supplies less surely.
func (b bag) addConcept(l lexicon, name string) {
	b.add("="+name, weightConcept)
	weight := weightWider
	for wider, ok := l.wider[name]; ok; wider, ok = l.wider[wider] {
		b.add("="+wider, weight)
		weight /= 2
	}
}
