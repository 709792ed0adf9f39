package templates

import (
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"heli/pkg/fault"
)

// Input is one field of a form. Its Name is the path of the value in the
// document, such as "need_lines[0].unit", so that the fields of a fault find
// their place by themselves.
type Input struct {
	Name     string
	Label    string
	Hint     string
	Error    string
	Value    string
	Values   []string // Checkboxes: what is ticked
	Options  []Option // Select, Radios, Checkboxes
	Required bool
	// None is the choice of a Select that chooses nothing; it then asks for none.
	None string
	// Kind is the type of a text field: text (default), tel, email, number,
	// date, time, search, url, password.
	Kind         string
	Rows         int // TextArea; 0 means 4
	MaxLength    int // 0 means no limit in the browser
	Autocomplete string
	InputMode    string
	// Attrs are further attributes of the control, such as hx-get.
	Attrs templ.Attributes
}

// Option is one choice. Options with the same Group stand under its name.
type Option struct {
	Value string
	Label string
	Hint  string
	Group string
}

// listIndex is the position in a list that a path holds, such as "[0]".
var listIndex = regexp.MustCompile(`\[\d+\]`)

// FieldID returns the element id that belongs to a field's name.
func FieldID(name string) string {
	return "f-" + strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]. ", r) {
			return '-'
		}
		return r
	}, name)
}

func (in Input) id() string { return FieldID(in.Name) }

func (in Input) kind() string {
	if in.Kind == "" {
		return "text"
	}
	return in.Kind
}

func (in Input) rows() int {
	if in.Rows == 0 {
		return 4
	}
	return in.Rows
}

func (in Input) has(value string) bool { return slices.Contains(in.Values, value) }

// describedBy names the elements that explain the control; empty for none.
func (in Input) describedBy() string {
	var ids []string
	if in.Hint != "" {
		ids = append(ids, in.id()+"-hint")
	}
	if in.Error != "" {
		ids = append(ids, in.id()+"-error")
	}
	return strings.Join(ids, " ")
}

// groupAttributes are those of the element around several controls.
func (in Input) groupAttributes() templ.Attributes {
	all := templ.Attributes{}
	if described := in.describedBy(); described != "" {
		all["aria-describedby"] = described
	}
	return all
}

// attributes are those that every single control has.
func (in Input) attributes() templ.Attributes {
	all := in.groupAttributes()
	if in.Error != "" {
		all["aria-invalid"] = "true"
	}
	for name, value := range map[string]string{"autocomplete": in.Autocomplete, "inputmode": in.InputMode} {
		if value != "" {
			all[name] = value
		}
	}
	if in.Required {
		all["required"] = true
	}
	if in.MaxLength > 0 {
		all["maxlength"] = in.MaxLength
	}
	for name, value := range in.Attrs {
		all[name] = value
	}
	return all
}

// optionGroup is a run of options under one name; the name may be empty.
type optionGroup struct {
	name    string
	options []Option
}

func grouped(options []Option) []optionGroup {
	var groups []optionGroup
	for _, option := range options {
		if n := len(groups); n > 0 && groups[n-1].name == option.Group {
			groups[n-1].options = append(groups[n-1].options, option)
			continue
		}
		groups = append(groups, optionGroup{option.Group, []Option{option}})
	}
	return groups
}

// Errors are the wrong fields of a form, with their sentences, in order.
type Errors []FieldError

// FieldError is one wrong field. Label is its name, empty when it has none.
type FieldError struct {
	Location string
	Label    string
	Text     string
}

// ErrorsOf returns the sentences for an Invalid fault's fields, none for any
// other error. The label of "need_lines[0].unit" is the text of the key
// "label.need_lines.unit", if there is one.
func ErrorsOf(p *Page, err error) Errors {
	if !fault.Is(err, fault.Invalid) {
		return nil
	}
	var errs Errors
	for _, field := range fault.As(err).Fields {
		errs = append(errs, FieldError{field.Location, labelOf(p, field.Location), p.Invalid(field)})
	}
	return errs
}

// Label gives the wrong field of a location the name that its form has for it.
func (e Errors) Label(location, label string) {
	for i := range e {
		if e[i].Location == location {
			e[i].Label = label
		}
	}
}

func labelOf(p *Page, location string) string {
	if key := "label." + listIndex.ReplaceAllString(location, ""); p.Has(key) {
		return p.T(key)
	}
	return ""
}

// summary returns the sentence for the list at the top, where no label stands
// beside it. That of the consent is all that is agreed to, too long for a name.
func (e FieldError) summary(p *Page) string {
	if e.Label == "" || e.Location == "consent" {
		return e.Text
	}
	return p.T("summary.item", "label", e.Label, "text", e.Text)
}

// At returns the sentence for a field; empty when the field is right.
func (e Errors) At(location string) string {
	for _, wrong := range e {
		if wrong.Location == location {
			return wrong.Text
		}
	}
	return ""
}
