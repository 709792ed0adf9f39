package console

import (
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/services/web/templates"
)

// layer lays fields that were typed over those that stand now, and gathers the
// clashes: fields that both the editor and somebody else have changed.
type layer struct {
	d    templates.Desk
	card *templates.EditCard
}

// over returns what the form shows for a text.
func (l layer) over(label, was, stands, typed string) string {
	return l.named(label, was, stands, typed, func(value string) string { return value })
}

// named is over for a value that readers know by a name.
func (l layer) named(label, was, stands, typed string, name func(string) string) string {
	if typed == was {
		return stands
	}
	if stands != was && stands != typed {
		l.card.Clashes = append(l.card.Clashes, templates.Clash{Label: label, Theirs: name(stands), Yours: name(typed)})
	}
	return typed
}

func (l layer) day(was, stands, typed *time.Time) *time.Time {
	day := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.In(l.d.Zone()).Format(time.DateOnly)
	}
	if l.over(l.d.T("label.needed_by"), day(was), day(stands), day(typed)) == day(stands) {
		return stands
	}
	return typed
}

func (l layer) amount(label string, unit contract.Unit, was, stands, typed *int64) *int64 {
	text := func(n *int64) string { return l.d.Quantity(n, unit) }
	if l.over(label, text(was), text(stands), text(typed)) == text(stands) {
		return stands
	}
	return typed
}

// lines lays typed lines over those that stand now; lines that the editor did not
// see follow as they are.
func (l layer) lines(request contract.Request, was, stands, typed []contract.LineFields) []contract.LineFields {
	units := unitsOf(request)
	shown := slices.Clone(stands)
	for i, line := range stands {
		n := slices.IndexFunc(was, func(w contract.LineFields) bool { return w.ID == line.ID })
		if n < 0 || n >= len(typed) {
			continue
		}
		label := lineLabel(l.d, request, line.ID)
		shown[i].Specification = l.over(label, was[n].Specification, line.Specification, typed[n].Specification)
		shown[i].Quantity = l.amount(label, units[line.ID], was[n].Quantity, line.Quantity, typed[n].Quantity)
	}
	return shown
}
