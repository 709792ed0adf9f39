package importer

import (
	"context"
	"io"
	"strconv"
	"strings"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/tabular"
)

var sessionsHeader = tabular.Header{
	Required: []string{"held_on", "category", "people", "minutes"},
	Optional: []string{"organisation", "mode", "group", "helpers", "region_code", "campaign", "source_id", "confirmed"},
}

// Sessions imports a table of service sessions. A row with a source_id is known
// again; one without is new each time, unless rows are named by their content. What is unusual about a row is refused
// until its column confirmed, or the option, says that it is right.
func (i *Importer) Sessions(ctx context.Context, file io.Reader) (Report, error) {
	table, err := tabular.Read(file, sessionsHeader)
	if err != nil {
		return Report{}, err
	}
	things, seen := make([]*thing, len(table.Rows)), map[string]int{}
	for n, row := range table.Rows {
		things[n] = i.session(row, i.nameOf(table, row, seen))
	}
	return i.run(ctx, table, things)
}

func (i *Importer) session(row tabular.Row, name string) *thing {
	t := &thing{id: row.Get("source_id"), rows: []int{row.Line}}
	draft, err := i.sessionDraft(row, name)
	if err != nil {
		t.rows, t.spoilt = nil, []RowReport{spoilt(row.Line, t.id, err)}
		return t
	}
	if i.calls.TrySession != nil {
		t.try = func(ctx context.Context) error { return i.calls.TrySession(ctx, contract.RecordSession{Draft: draft}) }
	}
	t.submit = func(ctx context.Context) (made, error) {
		recorded, err := i.calls.Session(ctx, contract.RecordSession{Draft: draft})
		return made{outcome: outcomeOf(recorded.Repeated)}, err
	}
	return t
}

// sessionDraft reads a row; what the service refuses is left to it.
func (i *Importer) sessionDraft(row tabular.Row, name string) (contract.SessionDraft, error) {
	d := contract.SessionDraft{
		ID: contract.NewID[contract.SessionID](), Organisation: row.Get("organisation"), HeldOn: day(row.Get("held_on")),
		Mode: contract.Mode(row.Get("mode")), Category: category(i.ref, row.Get("category")), RegionCode: row.Get("region_code"),
		Campaign: row.Get("campaign"), SourceID: name,
	}
	if d.Organisation == "" {
		d.Organisation = i.options.Organisation
	}
	if d.Mode == "" {
		d.Mode = contract.ModeRemote
	}
	if d.SourceID != "" {
		d.Source = i.options.Source
	}
	for _, count := range []struct {
		column string
		into   *int64
	}{{"people", &d.People}, {"minutes", &d.Minutes}, {"helpers", &d.Helpers}} {
		text := strings.ReplaceAll(row.Get(count.column), ",", "")
		n, err := strconv.ParseInt(text, 10, 64)
		if text != "" && err != nil {
			return d, refuse(count.column, check.Malformed, text, "%s: not a whole number", count.column)
		}
		*count.into = n
	}
	for _, mark := range []struct {
		column string
		into   *bool
	}{{"group", &d.Group}, {"confirmed", &d.Confirmed}} {
		var ok bool
		if *mark.into, ok = parseBool(row.Get(mark.column)); !ok {
			return d, refuse(mark.column, check.Malformed, row.Get(mark.column), "%s: neither yes nor no", mark.column)
		}
	}
	d.Confirmed = d.Confirmed || i.options.Confirmed
	return d, nil
}

// day reads a day as spreadsheets of several countries write it, year first.
func day(text string) string {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("-/.年月日", r) })
	if len(parts) != 3 {
		return text
	}
	for n := 1; n < 3; n++ {
		if len(parts[n]) == 1 {
			parts[n] = "0" + parts[n]
		}
	}
	return strings.Join(parts, "-")
}
