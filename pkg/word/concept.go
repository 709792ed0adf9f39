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
	senses map[string][]sense  // phrase of stems or characters → what it names
	wider  map[string][]string // group → the groups that hold it
	most   map[string]int      // word or character → units of the longest phrase that it begins
}

// sense is a group that a phrase names.
type sense struct {
	group  string
	weight float64
}

// noGroup is the group of the phrases that name none, though a word in them
// would: "stay safe" asks for no shelter.
const noGroup = "-"

var concepts = sync.OnceValue(func() lexicon {
	l := lexicon{senses: map[string][]sense{}, wider: map[string][]string{}, most: map[string]int{}}
	for line := range strings.Lines(strings.ReplaceAll(conceptText, "\n  ", " ")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			l.read(line)
		}
	}
	return l
})

// read takes in one line "name < wider wider: english, doubtful?, …; 中文 …".
func (l *lexicon) read(line string) {
	head, body, _ := strings.Cut(line, ":")
	name, wider, _ := strings.Cut(head, "<")
	name = strings.TrimSpace(name)
	l.wider[name] = strings.Fields(wider)
	english, chinese, _ := strings.Cut(body, ";")
	for phrase := range strings.SplitSeq(english, ",") {
		phrase, doubtful := strings.CutSuffix(strings.TrimSpace(phrase), "?")
		weight := weightConcept
		if doubtful {
			weight = weightDoubtful
		}
		words := strings.Fields(phrase)
		for i, w := range words {
			words[i] = stem(w)
		}
		l.put(words, " ", sense{name, weight})
	}
	for _, phrase := range strings.Fields(chinese) {
		l.put(strings.Split(phrase, ""), "", sense{name, weightConcept})
	}
}

func (l *lexicon) put(units []string, separator string, s sense) {
	if len(units) == 0 {
		return
	}
	l.most[units[0]] = max(l.most[units[0]], len(units))
	phrase := strings.Join(units, separator)
	l.senses[phrase] = append(l.senses[phrase], s)
}

// addConcepts adds the concepts named by a row of stems or characters. At each
// place the longest phrase counts, so that "eye protection" is no eye care.
func (b bag) addConcepts(units []string, separator string) {
	l := concepts()
	for i := 0; i < len(units); {
		longest := min(len(units)-i, l.most[units[i]])
		i += b.addConceptAt(l, units[i:i+longest], separator)
	}
}

// addConceptAt adds the concepts that begin the row and returns how
// many units to move on.
func (b bag) addConceptAt(l lexicon, units []string, separator string) int {
	for n := len(units); n > 0; n-- {
		senses := l.senses[strings.Join(units[:n], separator)]
		if len(senses) == 0 {
			continue
		}
		for _, s := range senses {
			b.addConcept(l, s)
		}
		return n
	}
	return 1
}

// addConcept adds a concept and the groups around it, each counting less than
// the one it holds: somebody who offers masks may well have N95 masks, somebody
// who offers protective supplies less surely.
func (b bag) addConcept(l lexicon, s sense) {
	if s.group == noGroup {
		return
	}
	b.add("="+s.group, s.weight)
	b.addWider(l, s.group, s.weight*shareWider)
}

func (b bag) addWider(l lexicon, group string, weight float64) {
	for _, wider := range l.wider[group] {
		b.add("="+wider, weight)
		b.addWider(l, wider, weight*shareOuter)
	}
}
