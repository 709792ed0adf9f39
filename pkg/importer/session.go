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
// again; one without is new each time, unless rows are named by their content. What is
// unusual about a row is refused until its column confirmed, or the option, says that
// it is right.
func (i *Importer) Sessions(ctx context.Context, file io.Reader) (Report, error) {
	return i.read(ctx, file, Sessions, sessionsHeader)
}

func (i *Importer) takeSessions(ctx context.Context, table *tabular.Table) (Report, error) {
	things, seen, places := make([]*thing, len(table.Rows)), map[string]int{}, newGazetteer(i.ref)
	for n, row := range table.Rows {
		things[n] = i.session(places, row, i.nameOf(table, row, seen))
		things[n].n = n
	}
	return i.run(ctx, table, things)
}

func (i *Importer) session(places *gazetteer, row tabular.Row, name string) *thing {
	t := &thing{id: row.Get("source_id"), rows: []int{row.Line}}
	draft, err := i.sessionDraft(places, row, name)
	if err != nil {
		t.rows, t.spoilt = nil, []RowReport{spoilt(row.Line, t.id, err)}
		return t
	}
	if i.calls.TrySession != nil {
		t.try = func(ctx context.Context) error { return i.calls.TrySession(ctx, contract.RecordSession{Draft: draft}) }
	}
	t.submit = func(ctx context.Context) (made, error) {
		recorded, err := i.calls.Session(ctx, contract.RecordSession{Draft: draft})
		// One that an earlier try has stored under the same id counts as created.
		known := recorded.Repeated && (i.options.ID == nil || recorded.ID != draft.ID)
		return made{outcome: outcomeOf(known), id: string(recorded.ID)}, err
	}
	return t
}

// sessionDraft reads a row; what the service refuses is left to it.
func (i *Importer) sessionDraft(places *gazetteer, row tabular.Row, name string) (contract.SessionDraft, error) {
	d := contract.SessionDraft{
		ID: contract.SessionID(i.idOf(name)), Organisation: row.Get("organisation"), HeldOn: day(dateOf(row.Get("held_on"))),
		Mode: contract.ModeRemote, Category: category(i.ref, row.Get("category")), RegionCode: row.Get("region_code"),
		Campaign: row.Get("campaign"), SourceID: name,
	}
	if d.Organisation == "" {
		d.Organisation = i.options.Organisation
	}
	if stated := row.Get("mode"); stated != "" {
		mode, known := named(contract.Modes(), modeWords, stated)
		if !known {
			return d, refuse("mode", check.Unknown, stated, "mode %q is unknown", shorten(stated, shownValue))
		}
		d.Mode = mode
	}
	if names := []string{row.Get("province"), row.Get("city"), row.Get("district")}; d.RegionCode == "" && strings.Join(names, "") != "" {
		found, err := places.find("", names...)
		if err != nil {
			return d, err
		}
		d.RegionCode = found
	}
	if d.SourceID != "" {
		d.Source = i.options.Source
	}
	if err := sessionNumbers(row, &d); err != nil {
		return d, err
	}
	d.Confirmed = d.Confirmed || i.options.Confirmed
	return d, nil
}

// sessionNumbers reads counts, and what is yes or no.
func sessionNumbers(row tabular.Row, d *contract.SessionDraft) error {
	for _, count := range []struct {
		column string
		into   *int64
	}{{"people", &d.People}, {"minutes", &d.Minutes}, {"helpers", &d.Helpers}} {
		text := strings.ReplaceAll(row.Get(count.column), ",", "")
		n, err := strconv.ParseInt(text, 10, 64)
		if text != "" && err != nil {
			return refuse(count.column, check.Malformed, text, "%s: not a whole number", count.column)
		}
		*count.into = n
	}
	for _, mark := range []struct {
		column string
		into   *bool
	}{{"group", &d.Group}, {"confirmed", &d.Confirmed}} {
		var ok bool
		if *mark.into, ok = parseBool(row.Get(mark.column)); !ok {
			return refuse(mark.column, check.Malformed, row.Get(mark.column), "%s: neither yes nor no", mark.column)
		}
	}
	return nil
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
