package importer

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"heli/pkg/contract"
	"heli/pkg/tabular"
)

// maker makes of one thing's lines what is submitted.
type maker func(t *thing, lines []line)

// group puts the rows with one source_id together, in the order of the file. A
// spoiled row is put aside with its reason and the others go on without it.
func (i *Importer) group(table *tabular.Table, make maker) []*thing {
	r := i.reader()
	byID, lines, seen := map[string]*thing{}, map[string][]line{}, map[string]int{}
	var things []*thing
	for _, row := range table.Rows {
		id := i.nameOf(table, row, seen)
		t, known := byID[id]
		if !known {
			t = &thing{n: len(things), id: id}
			byID[id] = t
			things = append(things, t)
		}
		l, err := i.take(r, id, row, lines[id])
		if err != nil {
			t.spoilt = append(t.spoilt, spoilt(row.Line, id, err))
			continue
		}
		lines[id] = append(lines[id], l)
		t.rows = append(t.rows, row.Line)
	}
	for _, t := range things {
		if len(t.rows) > 0 {
			make(t, lines[t.id])
		}
	}
	return things
}

// nameOf returns the source_id of a row. In a table without the column it comes
// from what the row holds, and how many of the same came before.
func (i *Importer) nameOf(table *tabular.Table, row tabular.Row, seen map[string]int) string {
	if i.options.Name == nil || table.Has("source_id") {
		return row.Get("source_id")
	}
	content := strings.Join(row.Cells(), "\x1f")
	seen[content]++
	return i.options.Name(content + "\x1f" + strconv.Itoa(seen[content]))
}

func (i *Importer) take(r reader, id string, row tabular.Row, before []line) (line, error) {
	if id == "" {
		return line{}, errNoSourceID
	}
	l, err := r.read(row)
	if err == nil && len(before) > 0 {
		err = sameOwner(before[0], l)
	}
	return l, err
}

// idOf returns the id of a new thing.
func (i *Importer) idOf(sourceID string) string {
	if i.options.ID == nil {
		return contract.NewID[string]()
	}
	return i.options.ID(sourceID)
}

// needs submits the lines of one source_id as a request.
func (i *Importer) needs() maker {
	return func(t *thing, lines []line) {
		q := contract.SubmitRequest{
			ID: contract.RequestID(i.idOf(t.id)), Code: contract.NewCode(), Draft: i.requestDraft(t.id, lines), SubmittedAt: i.now(),
		}
		t.submit = func(ctx context.Context) (made, error) {
			answer, err := i.calls.Request(ctx, q)
			return made{outcomeOf(answer.Repeated && answer.ID != q.ID), string(answer.ID), answer.Version}, err
		}
		if i.calls.TryRequest != nil {
			t.try = func(ctx context.Context) error { return i.calls.TryRequest(ctx, q) }
		}
	}
}

// requestDraft has the contact of its first row; lists mostly hold none, and staff
// can be asked for it.
func (i *Importer) requestDraft(id string, lines []line) contract.RequestDraft {
	first := lines[0]
	d := contract.RequestDraft{
		Title: title(lines), Description: description(lines), Urgency: first.urgency, Mode: first.mode,
		RegionCode: first.region, Point: first.point, NeededBy: first.neededBy, AtOrganisation: i.options.Organisation,
		Contact: first.contact, Consent: i.options.Consent, Source: i.options.Source, SourceID: id,
	}
	if i.options.Open {
		d.State = "open"
	}
	for _, l := range lines {
		if l.mode != d.Mode {
			d.Mode = contract.ModeAny
		}
		d.NeedLines = append(d.NeedLines, contract.NeedLine{
			ID: contract.NewID[contract.NeedLineID](), Category: l.category.Code, Item: l.item,
			Specification: l.specification, SourceText: l.source, Quantity: l.quantity, Unit: l.unit,
		})
	}
	return d
}

// offers submits the lines of one source_id as an offer.
func (i *Importer) offers() maker {
	return func(t *thing, lines []line) {
		q := contract.SubmitOffer{
			ID: contract.OfferID(i.idOf(t.id)), Code: contract.NewCode(), Draft: i.offerDraft(t.id, lines), SubmittedAt: i.now(),
		}
		t.submit = func(ctx context.Context) (made, error) {
			answer, err := i.calls.Offer(ctx, q)
			return made{outcomeOf(answer.Repeated && answer.ID != q.ID), string(answer.ID), answer.Version}, err
		}
		if i.calls.TryOffer != nil {
			t.try = func(ctx context.Context) error { return i.calls.TryOffer(ctx, q) }
		}
	}
}

func (i *Importer) offerDraft(id string, lines []line) contract.OfferDraft {
	first := lines[0]
	d := contract.OfferDraft{
		Title: title(lines), Description: description(lines), Organisation: i.options.Organisation, Mode: first.mode,
		RegionCode: first.region, Point: first.point, Languages: []string{"zh"}, Vouched: i.options.Vouch,
		Contact: first.contact, Consent: i.options.Consent, Source: i.options.Source, SourceID: id,
	}
	if i.options.Open {
		d.State = "available"
	}
	for _, l := range lines {
		if l.mode != d.Mode {
			d.Mode = contract.ModeAny
		}
		d.OfferLines = append(d.OfferLines, contract.OfferLine{
			ID: contract.NewID[contract.OfferLineID](), Category: l.category.Code, Item: l.item,
			Specification: l.specification, SourceText: l.source,
			Capacity: contract.Capacity{Quantity: l.quantity, Unit: l.unit, Per: contract.PerTotal},
		})
		d.Credentials = i.vouch(d.Credentials, l)
	}
	return d
}

// vouch adds the credential that a line's category needs, once.
func (i *Importer) vouch(credentials []contract.Credential, l line) []contract.Credential {
	kind := l.category.Code
	known := slices.ContainsFunc(credentials, func(c contract.Credential) bool { return c.Kind == kind })
	if !i.options.Vouch || !l.category.Credential || known {
		return credentials
	}
	return append(credentials, contract.Credential{Kind: kind, Issuer: shorten(l.organisation, maxTitle)})
}
