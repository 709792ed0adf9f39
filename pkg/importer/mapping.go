package importer

import (
	_ "embed" // the words of headers
	"slices"
	"strings"
	"sync"
	"unicode"

	"heli/pkg/word"
)

// Kind is what a table holds.
type Kind string

// The kinds of Take.
const (
	Needs         Kind = "needs"
	Offers        Kind = "offers"
	Organisations Kind = "organisations"
	Sessions      Kind = "sessions"
)

// Kinds lists the kinds of Take.
func Kinds() []Kind { return []Kind{Needs, Offers, Organisations, Sessions} }

// Mapping says how the columns of somebody else's table become fields.
type Mapping struct {
	Columns map[string]string `json:"columns"`          // field → column
	Values  map[string]string `json:"values,omitempty"` // field → what stands for an empty cell
}

// Fields lists the fields of a kind, in the order in which people are asked.
func Fields(kind Kind) []string {
	switch kind {
	case Organisations:
		return []string{
			"code", "name", "kind", "level", "parent_code", "region_code", "province", "city", "district",
			"contact_person", "specialties", "coordinates", "verified",
		}
	case Sessions:
		return []string{
			"held_on", "category", "people", "minutes", "group", "helpers", "mode", "region_code", "province", "city", "district",
			"campaign", "organisation", "source_id", "confirmed",
		}
	}
	fields := []string{
		"source_id", "title", "description", "category", "item", "specification", "quantity", "unit", "mode", "organisation",
		"region_code", "province", "city", "district", "address", "point", "remark",
		"contact_name", "contact_phone", "contact_email", "contact_wechat",
	}
	if kind == Needs {
		fields = slices.Insert(fields, slices.Index(fields, "mode")+1, "urgency", "needed_by")
	}
	return fields
}

// Settable lists the fields for which one value may stand for all rows.
func Settable() []string {
	return []string{"category", "unit", "mode", "urgency", "organisation", "region_code", "kind", "level", "parent_code", "minutes", "group", "campaign"}
}

// Of returns the mapping without what the kind, or a table with these columns,
// does not have. Columns of nil are all there.
func (m Mapping) Of(kind Kind, columns []string) Mapping {
	kept := Mapping{Columns: map[string]string{}, Values: map[string]string{}}
	for _, field := range Fields(kind) {
		if column := m.Columns[field]; column != "" && (columns == nil || slices.Contains(columns, column)) {
			kept.Columns[field] = column
		}
		if value := strings.TrimSpace(m.Values[field]); value != "" && slices.Contains(Settable(), field) {
			kept.Values[field] = value
		}
	}
	return kept
}

//go:embed column.txt
var columnText string

// columnWords are the words for each field, folded, by field.
var columnWords = sync.OnceValue(func() map[string][]string {
	words := map[string][]string{}
	for line := range strings.Lines(columnText) {
		field, names, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		words[field] = append(words[field], foldHeader(field))
		for name := range strings.FieldsSeq(names) {
			words[field] = append(words[field], foldHeader(name))
		}
	}
	return words
})

// foldHeader leaves letters, digits and characters alone; of a path such as
// "fields.phone" what follows the last dot.
func foldHeader(header string) string {
	if i := strings.LastIndexAny(header, "./"); i >= 0 && i < len(header)-1 {
		header = header[i+1:]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, word.Fold(header))
}

// Guess returns the mapping that the headers of a table speak for: those that are
// a word for a field, in English or Chinese, then those that hold one. Each column
// is guessed once; what nothing speaks for is left out.
func Guess(kind Kind, columns []string) Mapping {
	m := Mapping{Columns: map[string]string{}}
	taken := map[string]bool{}
	for _, fits := range []func(header, name string) bool{
		func(header, name string) bool { return header == name },
		func(header, name string) bool { return holds(header, name) },
	} {
		for _, g := range guesses(kind, columns, fits) {
			if m.Columns[g.field] == "" && !taken[g.column] {
				m.Columns[g.field], taken[g.column] = g.column, true
			}
		}
	}
	return m
}

// holds reports whether a header speaks of a name among other words. What is short
// in Latin letters is in too many.
func holds(header, name string) bool {
	const shortest = 4 // bytes of Latin letters; a Chinese character has three
	return len(name) >= shortest && strings.Contains(header, name)
}

type guess struct{ field, column, name string }

// guesses are the pairs that fit, by the longest name first.
func guesses(kind Kind, columns []string, fits func(header, name string) bool) []guess {
	var all []guess
	words := columnWords()
	for _, field := range Fields(kind) {
		for _, column := range columns {
			header := foldHeader(column)
			for _, name := range words[field] {
				if fits(header, name) {
					all = append(all, guess{field, column, name})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b guess) int { return len(b.name) - len(a.name) })
	return all
}
