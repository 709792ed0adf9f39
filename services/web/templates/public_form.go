package templates

import (
	"net/url"
	"strconv"

	"heli/pkg/contract"
)

// Form is a public form with what was typed in it and what is wrong. A field's
// name is its location in the draft, so that faults find their place.
type Form struct {
	Values url.Values
	Errors Errors
	// Failure says why the form could not be taken although it is right.
	Failure string
	// Danger says that life may be at risk.
	Danger bool
	// Lines is how many need or offer lines are shown, from 1.
	Lines int
	// Categories are the choices of a line.
	Categories []Option
	// Messages says that people are written to, if they want.
	Messages bool
	// Places are the regions that fit the typed place, when there are several.
	Places Places
}

// Places are the regions that fit what was typed.
type Places struct {
	Asked   string // what was typed
	Options []Option
	Chosen  string // code
	Error   string
}

// MaxFormLines is how many lines a form takes; longer lists come by import.
const MaxFormLines = 5

// in returns the field of a name, with the hint of the key "hint.<hint>" if
// there is one.
func (f Form) in(p *Page, name, hint string) Input {
	in := Input{
		Name: name, Label: labelOf(p, name), Value: f.Values.Get(name), Values: f.Values[name], Error: f.Errors.At(name),
	}
	if key := "hint." + hint; hint != "" && p.Has(key) {
		in.Hint = p.T(key)
	}
	return in
}

// must marks a field as required.
func (in Input) must() Input {
	in.Required = true
	return in
}

func (in Input) with(options []Option) Input {
	in.Options = options
	return in
}

func (in Input) of(kind, autocomplete string, longest int) Input {
	in.Kind, in.Autocomplete, in.MaxLength = kind, autocomplete, longest
	return in
}

func line(list string, n int, field string) string {
	return list + "[" + strconv.Itoa(n) + "]." + field
}

func (f Form) numbers() []int {
	numbers := make([]int, max(f.Lines, 1))
	for n := range numbers {
		numbers[n] = n
	}
	return numbers
}

func modeOptions(p *Page) []Option {
	var options []Option
	for _, mode := range contract.Modes() {
		options = append(options, Option{Value: string(mode), Label: p.Mode(mode)})
	}
	return options
}

func unitOptions(p *Page) []Option {
	var options []Option
	for _, unit := range contract.Units() {
		options = append(options, Option{Value: string(unit), Label: p.UnitName(unit)})
	}
	return options
}

func periodOptions(p *Page) []Option {
	return []Option{
		{Value: string(contract.PerTotal), Label: p.Per(contract.PerTotal)},
		{Value: string(contract.PerDay), Label: p.Per(contract.PerDay)},
		{Value: string(contract.PerWeek), Label: p.Per(contract.PerWeek)},
	}
}

func vulnerabilityOptions(p *Page) []Option {
	var options []Option
	for _, code := range contract.Vulnerabilities() {
		options = append(options, Option{Value: code, Label: p.Vulnerability(code)})
	}
	return options
}

func guardianOptions(p *Page) []Option {
	return []Option{
		{Value: "", Label: p.T("guardian.of_age")},
		{Value: contract.GuardianGiven, Label: p.T("guardian.given")},
		{Value: contract.GuardianUnreachable, Label: p.T("guardian.unreachable"), Hint: p.T("guardian.unreachable_hint")},
	}
}

// tongues are the spoken languages that the forms offer.
func tongues() []string {
	return []string{"zh", "yue", "wuu", "nan", "hak", "bo", "ug", "mn", "csl", "en", "ja", "ko", "fr", "ru", "es", "ar"}
}

// TongueOptions are the spoken languages to choose from.
func TongueOptions(p *Page) []Option { return tongueOptions(p) }

func tongueOptions(p *Page) []Option {
	var options []Option
	for _, tag := range tongues() {
		options = append(options, Option{Value: tag, Label: p.Tongue(tag)})
	}
	return options
}

func weekdayOptions(p *Page) []Option {
	var options []Option
	for day := 1; day <= 7; day++ {
		options = append(options, Option{Value: strconv.Itoa(day), Label: p.Weekday(day)})
	}
	return options
}

func credentialOptions(p *Page) []Option {
	var options []Option
	for _, kind := range []string{"psych", "medical", "legal"} {
		options = append(options, Option{Value: kind, Label: p.Credential(kind)})
	}
	return options
}

// radiusOptions are distances in metres.
func radiusOptions(p *Page) []Option {
	var options []Option
	for _, metres := range []int64{2000, 5000, 10_000, 20_000, 50_000, 100_000} {
		options = append(options, Option{Value: strconv.FormatInt(metres, 10), Label: p.Distance(float64(metres))})
	}
	return options
}

// touched reports whether a part of the form that is folded away must be open:
// something in it was typed or is wrong.
func (f Form) touched(names ...string) bool {
	for _, name := range names {
		if f.Values.Get(name) != "" || f.Errors.At(name) != "" {
			return true
		}
	}
	return false
}

// typed reports whether the form holds what somebody wrote: then no draft of before
// takes its place.
func (f Form) typed() bool { return f.touched("title", "description", "contact.name", "contact.phone") }
