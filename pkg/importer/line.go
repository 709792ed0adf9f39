package importer

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/tabular"
)

// Columns as in data/relief-2020.
var (
	needsHeader = tabular.Header{Required: []string{
		"source_id", "organisation", "province", "city", "district", "region_code", "address",
		"category", "item", "specification", "quantity", "unit", "remark",
	}, Optional: append(slices.Clone(personFields), "mode")}
	offersHeader = tabular.Header{Required: append(slices.Clone(needsHeader.Required), "mode"), Optional: personFields}
	// personFields are what lists about people hold besides.
	personFields = []string{
		"title", "description", "urgency", "needed_by", "point", "contact_name", "contact_phone", "contact_email", "contact_wechat",
	}
)

// Lengths that the services allow, in characters.
const (
	maxTitle         = 200
	maxDescription   = 4000
	maxSpecification = 300
	maxSourceText    = 1000
	titleItems       = 3
)

// line is what needs and offers share of a row.
type line struct {
	row           tabular.Row
	organisation  string
	region        string
	category      contract.Category
	item          string // code
	specification string
	source        string
	quantity      *int64
	unit          contract.Unit
	mode          contract.Mode
	urgency       contract.Urgency
	neededBy      *time.Time
	point         *contract.Point
	contact       contract.Contact
}

// reader makes lines of rows. It is used by one goroutine.
type reader struct {
	catalogue *catalogue
	gazetteer *gazetteer
	zone      *time.Location
}

func (i *Importer) reader() reader {
	return reader{newCatalogue(i.ref), newGazetteer(i.ref), i.options.Zone}
}

// read returns the line of a row or the reason why it has none.
func (r reader) read(row tabular.Row) (line, error) {
	l := line{
		row: row, organisation: clean(row.Get("organisation"), maxTitle),
		specification: clean(row.Get("specification"), maxSpecification),
	}
	var err error
	if l.category, l.item, err = r.subject(row); err != nil {
		return l, err
	}
	l.region, err = r.gazetteer.find(row.Get("region_code"), row.Get("province"), row.Get("city"), row.Get("district"))
	if err != nil {
		return l, err
	}
	l.source = sourceText(row)
	if l.mode, err = modeOf(row.Get("mode"), l.category); err != nil {
		return l, err
	}
	if err := r.circumstances(row, &l); err != nil {
		return l, err
	}
	return l, r.measure(&l)
}

// subject returns what a row is about: its category or, where it names none, that
// of its item.
func (r reader) subject(row tabular.Row) (contract.Category, string, error) {
	ref, item := r.catalogue.ref, r.catalogue.find(row.Get("item"), row.Get("specification"))
	named := row.Get("category")
	if known, ok := ref.Item(item); ok && named == "" {
		named = known.Category
	}
	found, ok := ref.Category(category(ref, named))
	switch {
	case ok:
		return found, item, nil
	case named == "":
		return found, item, refuse("category", check.Required, "", "category %q is unknown", "")
	default:
		return found, item, refuse("category", check.Unknown, named, "category %q is unknown", shorten(named, shownValue))
	}
}

// measure reads quantity and unit.
func (r reader) measure(l *line) (err error) {
	times := int64(1)
	if word := l.row.Get("unit"); word == "" {
		l.unit = r.catalogue.unit(l.category, l.item)
	} else {
		var ok bool
		if l.unit, times, ok = parseUnit(word); !ok {
			return refuse("unit", check.Unknown, word, "unit %q is unknown", shorten(word, shownValue))
		}
	}
	l.quantity, err = parseQuantity(l.row.Get("quantity"), times)
	return err
}

// sourceText is the line as it was written, for the eyes of people.
func sourceText(row tabular.Row) string {
	var parts []string
	for _, column := range []string{"item", "specification", "quantity", "unit"} {
		if text := row.Get(column); text != "" {
			parts = append(parts, text)
		}
	}
	return clean(strings.Join(parts, " · "), maxSourceText)
}

// modeOf is the mode that a row states, else the category's first.
func modeOf(stated string, c contract.Category) (contract.Mode, error) {
	if mode, ok := named(contract.Modes(), modeWords, stated); ok {
		return mode, nil
	}
	switch {
	case stated != "":
		return "", refuse("mode", check.Unknown, stated, "mode %q is unknown", shorten(stated, shownValue))
	case len(c.Modes) > 0:
		return c.Modes[0], nil
	default:
		return contract.ModeAny, nil
	}
}

// sameOwner returns why a line cannot be part of what the first one began.
func sameOwner(first, l line) error {
	if first.organisation != l.organisation || first.region != l.region {
		return tabular.Refuse(fault.Field{Location: "source_id", Code: "row_differs", Args: map[string]any{"line": first.row.Line}},
			"organisation or region differs from line %d, which has the same source_id", first.row.Line)
	}
	return nil
}

// title names who and the first things that the lines are about.
func title(lines []line) string {
	if stated := clean(lines[0].row.Get("title"), maxTitle); stated != "" {
		return stated
	}
	var things []string
	for _, l := range lines {
		thing := clean(l.row.Get("item"), maxTitle)
		if thing == "" {
			thing = l.category.Names["zh-Hans"]
		}
		if !slices.Contains(things, thing) {
			things = append(things, thing)
		}
	}
	text := strings.Join(things[:min(len(things), titleItems)], "、")
	if len(things) > titleItems {
		text += "…"
	}
	if who := provider(lines[0]); who != "" {
		text = who + "：" + text
	}
	return shorten(text, maxTitle)
}

// provider is the organisation; a list of hotels may know the address alone.
func provider(l line) string {
	if l.organisation != "" {
		return l.organisation
	}
	return clean(l.row.Get("address"), maxTitle/2)
}

// description holds the description, the address and the remarks, each once: conditions that
// people wrote are there to be read.
func description(lines []line) string {
	var texts []string
	for _, l := range lines {
		for _, column := range []string{"description", "address", "remark"} {
			text := strings.Trim(clean(l.row.Get(column), maxDescription), "。 ")
			if text != "" && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	return shorten(strings.Join(texts, "\n"), maxDescription)
}

// clean is a text in one line and without invisible characters that turn its
// direction; nothing when there is nothing to read in it, such as in "。。" or "-".
func clean(text string, characters int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return ""
	}
	return shorten(strings.Join(strings.Fields(text), " "), characters)
}
