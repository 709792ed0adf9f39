package importer

import (
	"context"
	"slices"

	"heli/pkg/contract"
	"heli/pkg/tabular"
)

// maker makes one thing's submission of its lines.
type maker func(id string, lines []line) func(context.Context) (Outcome, error)

// group puts the rows with one source_id together, in the order of the file. A
// spoiled row is put aside with its reason and the others go on without it.
func (i *Importer) group(table *tabular.Table, make maker) []*thing {
	r := reader{catalogue: newCatalogue(i.ref), gazetteer: newGazetteer(i.ref)}
	byID := map[string]*thing{}
	lines := map[string][]line{}
	var things []*thing
	for _, row := range table.Rows {
		id := row.Get("source_id")
		t, known := byID[id]
		if !known {
			t = &thing{id: id}
			byID[id] = t
			things = append(things, t)
		}
		l, err := i.take(r, row, lines[id])
		if err != nil {
			t.spoilt = append(t.spoilt, RowReport{Line: row.Line, SourceID: id, Outcome: Refused, Reason: err.Error()})
			continue
		}
		lines[id] = append(lines[id], l)
		t.rows = append(t.rows, row.Line)
	}
	for _, t := range things {
		if len(t.rows) > 0 {
			t.submit = make(t.id, lines[t.id])
		}
	}
	return things
}

func (i *Importer) take(r reader, row tabular.Row, before []line) (line, error) {
	if row.Get("source_id") == "" {
		return line{}, errNoSourceID
	}
	l, err := r.read(row)
	if err == nil && len(before) > 0 {
		err = sameOwner(before[0], l)
	}
	return l, err
}

// needs submits the lines of one source_id as a request.
func (i *Importer) needs() maker {
	return func(id string, lines []line) func(context.Context) (Outcome, error) {
		draft := i.requestDraft(id, lines)
		return func(ctx context.Context) (Outcome, error) {
			answer, err := i.calls.Request(ctx, contract.SubmitRequest{
				ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(), Draft: draft, SubmittedAt: i.now(),
			})
			return outcomeOf(answer.Repeated), err
		}
	}
}

// requestDraft has no contact: lists hold none, and staff can be asked for it.
func (i *Importer) requestDraft(id string, lines []line) contract.RequestDraft {
	first := lines[0]
	d := contract.RequestDraft{
		Title: title(lines), Description: description(lines), Urgency: contract.Routine, Mode: first.mode,
		RegionCode: first.region, AtOrganisation: i.options.Organisation,
		Source: i.options.Source, SourceID: id,
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
	return func(id string, lines []line) func(context.Context) (Outcome, error) {
		draft := i.offerDraft(id, lines)
		return func(ctx context.Context) (Outcome, error) {
			answer, err := i.calls.Offer(ctx, contract.SubmitOffer{
				ID: contract.NewID[contract.OfferID](), Code: contract.NewCode(), Draft: draft, SubmittedAt: i.now(),
			})
			return outcomeOf(answer.Repeated), err
		}
	}
}

func (i *Importer) offerDraft(id string, lines []line) contract.OfferDraft {
	first := lines[0]
	d := contract.OfferDraft{
		Title: title(lines), Description: description(lines), Organisation: i.options.Organisation, Mode: first.mode,
		RegionCode: first.region, Languages: []string{"zh"}, Vouched: i.options.Vouch,
		Source: i.options.Source, SourceID: id,
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
