package locales

import (
	"context"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Printer writes texts for one reader. It is immutable and safe for concurrent use.
type Printer struct {
	catalogue *Catalogue
	lang      Language
	zone      *time.Location
	now       time.Time
}

// Lang returns the reader's language.
func (p *Printer) Lang() Language { return p.lang }

// Zone returns the reader's zone.
func (p *Printer) Zone() *time.Location { return p.zone }

// Now returns the moment that relative times are counted from.
func (p *Printer) Now() time.Time { return p.now }

// At returns a printer for the same reader at another moment, for streams that
// outlive the moment of their request.
func (p *Printer) At(now time.Time) *Printer {
	later := *p
	later.now = now
	return &later
}

// T returns the text of a key. Arguments are pairs of a placeholder's name and
// its value, or one map; the placeholder "count" chooses the plural form.
// Whole numbers are written in the reader's way. An unknown key comes back as
// it is, so that a page shows what is missing; the tests find it before.
func (p *Printer) T(key string, args ...any) string {
	data, count := p.arguments(args)
	text, err := p.catalogue.localizers[p.lang].Localize(&i18n.LocalizeConfig{
		MessageID: key, TemplateData: data, PluralCount: count,
	})
	if err != nil {
		return key
	}
	return text
}

// Has reports whether the catalogues know the key.
func (p *Printer) Has(key string) bool { return p.catalogue.keys[p.lang][key] }

// arguments returns the placeholders with formatted values, and the plural
// count in the form that the library wants.
func (p *Printer) arguments(args []any) (data map[string]any, count any) {
	data = map[string]any{}
	set := func(name string, value any) {
		whole, isWhole := wholeNumber(value)
		if isWhole {
			value = p.Number(whole)
		}
		if name == "count" && isWhole {
			count = whole
		}
		data[name] = value
	}
	if len(args) == 1 {
		given, _ := args[0].(map[string]any)
		for name, value := range given {
			set(name, value)
		}
		return data, count
	}
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			set(name, args[i+1])
		}
	}
	return data, count
}

func wholeNumber(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), true
	case int32:
		return int64(n), true
	case int64:
		return n, true
	case float64: // a number that crossed JSON
		return int64(n), n == float64(int64(n))
	default:
		return 0, false
	}
}

// State returns the name of a state of a request, an offer or a match.
func (p *Printer) State(thing contract.Thing, state string) string {
	return p.T("state." + string(thing) + "." + state)
}

// Move returns what a button says that makes a move of a life cycle.
func (p *Printer) Move(thing contract.Thing, move string) string {
	return p.T("move." + string(thing) + "." + move)
}

// Reason returns the sentence of a closing, declining or other reason code; the
// text itself when it is no code but what somebody wrote.
func (p *Printer) Reason(reason string) string {
	if key := "reason." + reason; p.Has(key) {
		return p.T(key)
	}
	return reason
}

// Urgency returns the name of an urgency.
func (p *Printer) Urgency(u contract.Urgency) string { return p.T("urgency." + string(u)) }

// UrgencySpan returns within which time an urgency asks for help.
func (p *Printer) UrgencySpan(u contract.Urgency) string { return p.T("urgency_span." + string(u)) }

// Mode returns how help is delivered.
func (p *Printer) Mode(m contract.Mode) string { return p.T("mode." + string(m)) }

// UnitName returns the name of a unit, without an amount.
func (p *Printer) UnitName(u contract.Unit) string { return p.T("unit_name." + string(u)) }

// Role returns the name of a role.
func (p *Printer) Role(r contract.Role) string { return p.T("role." + string(r)) }

// Pick returns the name in the reader's language, else the nearest that is not
// empty: the other script first, since its reader can read it.
func (p *Printer) Pick(en, hans, hant string) string {
	order := []string{en, hans, hant}
	switch p.lang {
	case Simplified:
		order = []string{hans, hant, en}
	case Traditional:
		order = []string{hant, hans, en}
	}
	for _, name := range order {
		if name != "" {
			return name
		}
	}
	return ""
}

// List joins names as a sentence lists them.
func (p *Printer) List(names []string) string { return strings.Join(names, p.T("list.separator")) }

// Fault returns the sentence for an error: by its code, else by its kind. It
// never holds text from inside the process.
func (p *Printer) Fault(err error) string {
	f := fault.As(err)
	if f == nil {
		return ""
	}
	if key := "fault." + f.Code; p.Has(key) {
		return p.T(key)
	}
	return p.T("fault." + string(f.Kind))
}

// Invalid returns what is wrong with a field.
func (p *Printer) Invalid(f fault.Field) string {
	key := "invalid." + f.Code
	if !p.Has(key) {
		key = "invalid.format"
	}
	return p.T(key, f.Args)
}

type printerKey struct{}

// WithPrinter returns a context that carries the reader's printer.
func WithPrinter(ctx context.Context, p *Printer) context.Context {
	return context.WithValue(ctx, printerKey{}, p)
}

// PrinterFrom returns the reader's printer, and whether the context has one.
func PrinterFrom(ctx context.Context) (*Printer, bool) {
	p, ok := ctx.Value(printerKey{}).(*Printer)
	return p, ok
}
