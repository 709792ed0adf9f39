package importer

import (
	"strings"
	"unicode"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

const (
	// maxItemText bounds the search for a name inside a text.
	maxItemText = 60 // characters
	minInside   = 2
)

// catalogue finds the item that people mean. It remembers the texts it has
// seen, and is used by one goroutine.
type catalogue struct {
	ref  *reference.Snapshot
	seen map[[2]string]string
}

func newCatalogue(ref *reference.Snapshot) *catalogue {
	return &catalogue{ref: ref, seen: map[[2]string]string{}}
}

// find returns the code of the item that a line names, or nothing. An exact
// name counts more than one inside a longer text, and what stands under "item"
// more than its specification.
func (c *catalogue) find(item, specification string) string {
	key := [2]string{item, specification}
	code, ok := c.seen[key]
	if !ok {
		code = c.search(item, specification)
		c.seen[key] = code
	}
	return code
}

func (c *catalogue) search(item, specification string) string {
	for _, look := range []func(string) string{c.exact, c.inside} {
		for _, text := range []string{item, specification} {
			if code := look(text); code != "" {
				return code
			}
		}
	}
	return ""
}

// exact looks up the text and each of its parts: lists put several names of one
// thing side by side.
func (c *catalogue) exact(text string) string {
	if found, ok := c.ref.ItemNamed(text); ok {
		return found.Code
	}
	for _, part := range strings.FieldsFunc(text, betweenNames) {
		if found, ok := c.ref.ItemNamed(strings.TrimSpace(part)); ok {
			return found.Code
		}
	}
	return ""
}

func betweenNames(r rune) bool { return strings.ContainsRune("|｜/／、，,;；（）()[]【】", r) }

// inside looks for the longest name that the text holds, the first of equals.
// Latin letters and digits count as whole words: CT is not in 84CTN.
func (c *catalogue) inside(text string) string {
	runes := []rune(reference.Fold(text))
	runes = runes[:min(len(runes), maxItemText)]
	for length := len(runes); length >= minInside; length-- {
		for begin := 0; begin+length <= len(runes); begin++ {
			if splitsWord(runes, begin) || splitsWord(runes, begin+length) {
				continue
			}
			if found, ok := c.ref.ItemNamed(string(runes[begin : begin+length])); ok {
				return found.Code
			}
		}
	}
	return ""
}

// splitsWord reports that a cut before the i-th character goes through a word
// or number in Latin script.
func splitsWord(runes []rune, i int) bool {
	return i > 0 && i < len(runes) && latin(runes[i-1]) && latin(runes[i])
}

func latin(r rune) bool { return r <= unicode.MaxLatin1 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// unit returns the unit of a line that states none: the item's, else the
// category's usual one.
func (c *catalogue) unit(category contract.Category, item string) contract.Unit {
	if found, ok := c.ref.Item(item); ok {
		return found.Unit
	}
	if len(category.Units) > 0 {
		return category.Units[0]
	}
	return "other"
}
