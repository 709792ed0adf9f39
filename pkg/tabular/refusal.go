package tabular

import (
	"fmt"

	"heli/pkg/fault"
)

// Refusal is why a file, a row or a value cannot be used: a field for pages in
// the reader's language, and an English sentence for terminals.
type Refusal struct {
	Field fault.Field
	text  string
}

// Refuse returns a refusal of a field, told by a sentence as fmt.Sprintf makes it.
func Refuse(field fault.Field, format string, args ...any) *Refusal {
	return &Refusal{field, fmt.Sprintf(format, args...)}
}

// Error returns the sentence.
func (r *Refusal) Error() string { return r.text }

// ofFile is the place of what is wrong with a file as a whole.
const ofFile = "file"
