package locale

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"

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

// Speaking returns a printer for the same reader in another language, for texts
// that are read out to somebody else.
func (p *Printer) Speaking(lang Language) *Printer {
	other := *p
	other.lang = lang
	return &other
}

// T returns the text of a key. Arguments are pairs of a placeholder's name and
// its value, or one map; the placeholder "count" chooses the plural form.
// Whole numbers are written in the reader's way. A key that is unknown, or whose
// placeholders got no value, comes back as it is, so that a page shows what is
// missing; the tests find it before.
func (p *Printer) T(key string, args ...any) string {
	text, err := p.text(key, args)
	if err != nil {
		return key
	}
	return text
}

// filler refuses a text whose placeholder got no value.
var filler = &template.TextParser{Option: "missingkey=error"}

func (p *Printer) text(key string, args []any) (string, error) {
	data, count := p.arguments(args)
	config := &i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: count, TemplateParser: filler}
	text, err := p.catalogue.localizers[p.lang].Localize(config)
	if err != nil && count != nil {
		// A text that reads the same for every number has no form of its own for one.
		config.PluralCount = nil
		text, err = p.catalogue.localizers[p.lang].Localize(config)
	}
	if err != nil {
		return "", fmt.Errorf("fill text %s: %w", key, err)
	}
	return text, nil
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

// Invalid returns what is wrong with a field; in general words where the
// catalogues do not know the code or miss an argument.
func (p *Printer) Invalid(f fault.Field) string {
	text, err := p.text("invalid."+f.Code, []any{f.Args})
	if err != nil {
		return p.T("invalid.malformed")
	}
	return text
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
