// Package explain owns how the matcher's reasons become sentences: it replaces
// the codes in their arguments by the names that the reader knows. It never
// decides why something fits.
package explain

import (
	"math"
	"time"

	"heli/pkg/contract"
	"heli/pkg/locale"
	"heli/pkg/reference"
)

// Reader writes reasons for one reader.
type Reader struct {
	printer *locale.Printer
	ref     *reference.Snapshot
}

// For returns a reader of reasons. Without a snapshot, codes that are in no
// catalogue stay codes.
func For(printer *locale.Printer, ref *reference.Snapshot) Reader { return Reader{printer, ref} }

// Sentence returns the sentence of a key with its arguments, which hold codes
// under names that say of what (see rank.Keys). Where there may be more than the
// count says, it is shown with a plus sign.
func (r Reader) Sentence(key string, args map[string]any) string {
	named := make(map[string]any, len(args))
	for name, value := range args {
		named[name] = r.argument(name, value)
	}
	if count, ok := args["count"].(float64); ok && args["more"] == true {
		named["count"] = r.printer.Number(int64(count)) + "+"
	}
	return r.printer.T(key, named)
}

// argument returns what the sentence shows for an argument: a list joined, a
// code named, a number as it is.
func (r Reader) argument(name string, value any) any {
	switch v := value.(type) {
	case string:
		return r.name(name, v)
	case []any: // a list that crossed JSON
		names := make([]string, 0, len(v))
		for _, element := range v {
			if code, ok := element.(string); ok {
				names = append(names, r.name(name, code))
			}
		}
		return r.printer.List(names)
	default:
		return value
	}
}

// name returns the reader's name for a code, by the argument that holds it.
func (r Reader) name(argument, code string) string {
	switch argument {
	case "category":
		return r.Category(code)
	case "region":
		return r.Region(code)
	case "item":
		return r.Item(code)
	case "mode", "offer_mode":
		return r.printer.Mode(contract.Mode(code))
	case "unit", "offer_unit":
		return r.printer.UnitName(contract.Unit(code))
	case "urgency":
		return r.printer.Urgency(contract.Urgency(code))
	case "language", "languages", "offer_languages":
		return r.printer.Tongue(code)
	case "safeguards":
		return r.printer.Safeguard(code)
	case "rules":
		return r.printer.T("rule_name." + code)
	case "until", "valid_until":
		return r.moment(code)
	default: // skills are words of their own
		return code
	}
}

func (r Reader) moment(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return r.printer.DateTime(at)
}

// Category returns the name of a category, or its code when it is unknown.
func (r Reader) Category(code string) string {
	if r.ref == nil {
		return code
	}
	c, _ := r.ref.Category(code)
	return r.pick(c.Names, code)
}

// Region returns the name of a region, or its code when it is unknown.
func (r Reader) Region(code string) string {
	if r.ref == nil {
		return code
	}
	region, _ := r.ref.Region(code)
	return r.pick(region.Names, code)
}

// Item returns the name of a thing of the catalogue, or its code when it is
// unknown.
func (r Reader) Item(code string) string {
	if r.ref == nil {
		return code
	}
	i, _ := r.ref.Item(code)
	return r.pick(i.Names, code)
}

func (r Reader) pick(names map[string]string, code string) string {
	name := r.printer.Pick(
		names[string(locale.English)], names[string(locale.Simplified)], names[string(locale.Traditional)])
	if name == "" {
		return code
	}
	return name
}

// Change returns what would have to change for a pair that a rule stops, with the
// arguments of the rule's own sentence.
func (r Reader) Change(rule string, args map[string]any) string {
	return r.Sentence("change."+rule, args)
}

// Instead returns the sentence that says why a need does not get its own best
// offer in a plan; nothing where it does.
func (r Reader) Instead(i *contract.Instead) string {
	if i == nil {
		return ""
	}
	points := math.Round(float64(i.Loss)/1_000) / 10 // of the hundred that a perfect pair has
	if points == 0 {
		return r.printer.T("plan.instead_equal", "count", len(i.Serves))
	}
	return r.printer.T("plan.instead", "count", len(i.Serves), "percent", points)
}
