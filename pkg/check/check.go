// Package check owns the rules for single fields that people and programs send:
// texts, numbers, codes, phones, places, times. It collects every wrong field,
// so that a form or an API answer shows all of them at once.
//
// It never changes a value that it looks at, never decides what a request or an
// offer needs as a whole, and quotes no input in what it reports.
package check

import (
	"fmt"
	"slices"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
)

// Codes of wrong fields: keys below "invalid." in the catalogues.
const (
	Required           = "required"
	TooLong            = "too_long"  // args: max
	TooShort           = "too_short" // args: min
	TooMany            = "too_many"  // args: max
	ControlCharacters  = "control_characters"
	NotText            = "not_text"     // broken encoding
	WrongScript        = "wrong_script" // nothing to read, or letters that run backwards
	Unknown            = "unknown"
	OutOfRange         = "out_of_range" // args: min, max
	Malformed          = "malformed"
	NotAPhone          = "not_a_phone"
	NotAnEmail         = "not_an_email"
	NotALanguage       = "not_a_language"
	NotAZone           = "not_a_zone"
	NotATime           = "not_a_time"
	InThePast          = "in_the_past"
	TooLate            = "too_late"
	ContactWayRequired = "contact_way_required"
)

// Codes lists every code that the package reports.
func Codes() []string {
	return []string{
		Required, TooLong, TooShort, TooMany, ControlCharacters, NotText, WrongScript, Unknown, OutOfRange,
		Malformed, NotAPhone, NotAnEmail, NotALanguage, NotAZone, NotATime, InThePast, TooLate, ContactWayRequired,
	}
}

// Checker collects the wrong fields of one input. It is used by one goroutine.
type Checker struct {
	ref    *reference.Snapshot
	fields []fault.Field
}

// New returns a checker that knows the regions, categories and items of a snapshot.
func New(ref *reference.Snapshot) *Checker { return &Checker{ref: ref} }

// Err returns one Invalid fault with every wrong field, or nil.
func (c *Checker) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return fault.NewInvalid(c.fields...)
}

// Add reports a wrong field with a code; the pairs fill the catalogue's sentence.
func (c *Checker) Add(location, code string, args ...any) {
	f := fault.Field{Location: location, Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = map[string]any{}
		}
		f.Args[fmt.Sprint(args[i])] = args[i+1]
	}
	c.fields = append(c.fields, f)
}

// At returns the location of the i-th element of a list, such as "windows[2].from".
func At(list string, i int, field string) string {
	if field == "" {
		return fmt.Sprintf("%s[%d]", list, i)
	}
	return fmt.Sprintf("%s[%d].%s", list, i, field)
}

// OneOf reports a value that is not among the allowed ones, or is missing.
func OneOf[T ~string](c *Checker, location string, value T, allowed []T) {
	switch {
	case value == "":
		c.Add(location, Required)
	case !slices.Contains(allowed, value):
		c.Add(location, Unknown)
	}
}

// EachOf reports every element of a list that is not among the allowed ones.
func EachOf[T ~string](c *Checker, location string, values, allowed []T) {
	if !c.Size(location, len(values), 0, len(allowed)) {
		return
	}
	for i, v := range values {
		OneOf(c, At(location, i, ""), v, allowed)
	}
}

// Size reports a list with too few or too many elements and returns whether it
// may be looked at further.
func (c *Checker) Size(location string, n, min, max int) bool {
	switch {
	case n > max:
		c.Add(location, TooMany, "max", max)
		return false
	case n < min:
		c.Add(location, Required)
	}
	return true
}

// Urgency reports what is none of the urgencies.
func (c *Checker) Urgency(location string, u contract.Urgency) {
	OneOf(c, location, u, contract.Urgencies())
}

// Mode reports what is none of the modes.
func (c *Checker) Mode(location string, m contract.Mode) { OneOf(c, location, m, contract.Modes()) }

// Sharing reports what is neither sharing; empty is allowed.
func (c *Checker) Sharing(location string, s contract.Sharing) {
	if s != "" {
		OneOf(c, location, s, []contract.Sharing{contract.SharingOwn, contract.SharingNetwork})
	}
}

// Unit reports what is none of the units.
func (c *Checker) Unit(location string, u contract.Unit) { OneOf(c, location, u, contract.Units()) }

// Period reports what is none of the periods.
func (c *Checker) Period(location string, p contract.Period) {
	OneOf(c, location, p, []contract.Period{contract.PerTotal, contract.PerDay, contract.PerWeek})
}

// ID reports what has not the form of an id.
func ID[T ~string](c *Checker, location string, id T) {
	switch {
	case id == "":
		c.Add(location, Required)
	case !contract.ValidID(id):
		c.Add(location, Malformed)
	}
}
