package upload

import (
	"context"
	"path"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/importer"
	"heli/pkg/tabular"
)

// shownRows is how many rows a preview shows, besides those that are refused.
const shownRows = 10

// shownRefused is how many refused rows a preview shows.
const shownRefused = 50

// Preview is what taking a table in would do.
type Preview struct {
	Counts  importer.Counts
	Fields  []string // that the rows have, in order
	Rows    []Row    // refused ones first
	Settled bool     // the settings let rows be taken at all
}

// Row is a row of a preview: what the fields hold, and what would become of it.
type Row struct {
	importer.RowReport
	Cells []string // by field
}

// Try looks at every row of an upload as taking it in will, and stores nothing.
func (u *Uploads) Try(ctx context.Context, id string) (Preview, error) {
	r, err := u.store.selectRow(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	h, view, report, err := u.try(ctx, r)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Counts: report.Counts, Settled: h.Settings.ready(r.Kind) == nil}
	for _, field := range importer.Fields(r.Kind) {
		if view.Has(field) {
			p.Fields = append(p.Fields, field)
		}
	}
	p.Rows = firstRows(p.Fields, view, report)
	return p, nil
}

func (u *Uploads) try(ctx context.Context, r row) (head, *tabular.Table, importer.Report, error) {
	h, err := u.head(r)
	if err != nil {
		return h, nil, importer.Report{}, err
	}
	view, err := u.view(r, h)
	if err != nil {
		return h, nil, importer.Report{}, err
	}
	ref, err := u.ref.Get()
	if err != nil {
		return h, nil, importer.Report{}, err
	}
	o := u.options(r, h)
	o.DryRun = true
	o.Organisation = path.Base(contract.ActorFrom(ctx).Path)
	calls, err := u.tries(ctx, r.Kind)
	if err != nil {
		return h, nil, importer.Report{}, err
	}
	report, err := importer.New(ref, calls, u.now, o).Take(ctx, r.Kind, view)
	return h, view, report, err
}

// tries look at drafts as their services will.
func (u *Uploads) tries(ctx context.Context, kind importer.Kind) (importer.Calls, error) {
	calls := importer.Calls{TryRequest: u.intake.CheckRequest, TryOffer: u.intake.CheckOffer, TrySession: u.trySession}
	if kind != importer.Organisations {
		return calls, nil
	}
	r, err := readRegistry(ctx, u.bus)
	if err != nil {
		return calls, err
	}
	calls.TryRegister = r.try
	return calls, nil
}

// trySession returns why the service would refuse a session.
func (u *Uploads) trySession(ctx context.Context, q contract.RecordSession) error {
	q.Try = true
	_, err := bus.Call(ctx, u.bus, contract.OfferRecordSession, q)
	return err
}

// view returns the table of an upload under the names of the fields.
func (u *Uploads) view(r row, h head) (*tabular.Table, error) {
	content, err := u.content(r)
	if err != nil {
		return nil, err
	}
	table, err := read(content)
	if err != nil {
		return nil, err
	}
	return table.View(h.Settings.Mapping.Columns, h.Settings.Mapping.Values), nil
}

// firstRows returns the rows to show: some that are refused, then the first ones.
func firstRows(fields []string, view *tabular.Table, report importer.Report) []Row {
	byLine := make(map[int]tabular.Row, len(view.Rows))
	for _, row := range view.Rows {
		byLine[row.Line] = row
	}
	var refused, others []Row
	for _, reported := range report.Rows {
		into, most := &others, shownRows
		if reported.Outcome == importer.Refused {
			into, most = &refused, shownRefused
		}
		if len(*into) == most {
			continue
		}
		shown := Row{RowReport: reported, Cells: make([]string, len(fields))}
		if row, ok := byLine[reported.Line]; ok {
			for i, field := range fields {
				shown.Cells[i] = row.Get(field)
			}
		}
		*into = append(*into, shown)
	}
	return append(refused, others...)
}
