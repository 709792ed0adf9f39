package importer

import (
	"context"
	"io"
	"strings"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/pkg/tabular"
	"heli/pkg/word"
)

var organisationsHeader = tabular.Header{
	Required: []string{"code", "name", "kind", "level", "region_code", "parent_code"},
	Optional: []string{"coordinates", "verified", "specialties", "contact_person"},
}

// Organisations imports a table of organisations, parents before their children
// whatever the order of the rows. A repeat changes nothing.
func (i *Importer) Organisations(ctx context.Context, file io.Reader) (Report, error) {
	table, err := tabular.Read(file, organisationsHeader)
	if err != nil {
		return Report{}, err
	}
	var all, waiting []*thing
	parents, pending := map[*thing]string{}, map[string]int{}
	for _, row := range table.Rows {
		t, draft := i.organisation(row, pending)
		all = append(all, t)
		if t.submit == nil {
			continue
		}
		waiting = append(waiting, t)
		parents[t] = folded(draft.ParentCode)
		pending[folded(draft.Code)] = row.Line
	}
	for len(waiting) > 0 {
		var ready, later []*thing
		for _, t := range waiting {
			if pending[parents[t]] == 0 {
				ready = append(ready, t)
			} else {
				later = append(later, t)
			}
		}
		if len(ready) == 0 {
			refuseCircle(later)
			break
		}
		if err := i.submitAll(ctx, ready); err != nil {
			return report(table, all), err
		}
		for _, t := range ready {
			delete(pending, folded(t.id))
		}
		waiting = later
	}
	return report(table, all), nil
}

func folded(code string) string { return strings.ToLower(code) }

func refuseCircle(things []*thing) {
	for _, t := range things {
		t.made.outcome, t.reason = Refused, "its parents form a circle"
	}
}

// organisation makes the thing of a row; pending holds the lines of the codes
// that came before.
func (i *Importer) organisation(row tabular.Row, pending map[string]int) (*thing, contract.OrganisationDraft) {
	t := &thing{id: row.Get("code")}
	draft, err := i.organisationDraft(row)
	if before := pending[folded(draft.Code)]; err == nil && before > 0 {
		err = refuse("code", "duplicate", "", "line %d has the same code", before)
	}
	if err != nil {
		t.made.outcome = Refused
		t.spoilt = []RowReport{spoilt(row.Line, t.id, err)}
		return t, draft
	}
	t.rows = []int{row.Line}
	t.submit = func(ctx context.Context) (made, error) {
		answer, err := i.calls.Register(ctx, draft)
		return made{outcome: Outcome(answer.Outcome)}, err
	}
	return t, draft
}

func (i *Importer) organisationDraft(row tabular.Row) (contract.OrganisationDraft, error) {
	d := contract.OrganisationDraft{
		Code: row.Get("code"), Name: row.Get("name"), Kind: row.Get("kind"), Level: row.Get("level"),
		RegionCode: row.Get("region_code"), ParentCode: row.Get("parent_code"),
		Specialties: i.specialties(row.Get("specialties")), ContactPerson: row.Get("contact_person"),
	}
	if d.ParentCode == "" {
		d.ParentCode = i.options.Organisation
	}
	v := check.New(i.ref)
	v.Text("code", d.Code, 1, maxTitle)
	v.Text("name", d.Name, 1, maxTitle)
	v.Text("kind", d.Kind, 1, maxTitle)
	check.OneOf(v, "level", d.Level, []string{"province", "city", "county", "community"})
	v.Region("region_code", d.RegionCode)
	for n, code := range d.Specialties {
		v.Category(check.At("specialties", n, ""), code)
	}
	for _, mark := range []struct {
		column string
		value  *bool
	}{{"coordinates", &d.Coordinates}, {"verified", &d.Verified}} {
		var ok bool
		if *mark.value, ok = parseBool(row.Get(mark.column)); !ok {
			v.Add(mark.column, check.Unknown)
		}
	}
	if err := v.Err(); err != nil {
		return d, tabular.Refuse(fault.As(err).Fields[0], "%s", explain(err))
	}
	return d, nil
}

// parseBool reads yes and no as spreadsheets and people write them.
func parseBool(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "y", "是", "真":
		return true, true
	case "", "false", "0", "no", "n", "否", "假":
		return false, true
	default:
		return false, false
	}
}

// specialties reads categories by code or by name, with any separator between.
func (i *Importer) specialties(text string) []string {
	var codes []string
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("|,;、，；", r) }) {
		codes = append(codes, category(i.ref, strings.TrimSpace(part)))
	}
	return codes
}

// category returns the code of a category that is named by code or in any
// language; a name that is none stays, to be refused.
func category(ref *reference.Snapshot, name string) string {
	for _, c := range ref.Categories() {
		if strings.EqualFold(c.Code, name) {
			return c.Code
		}
		for _, known := range c.Names {
			if word.Fold(known) == word.Fold(name) {
				return c.Code
			}
		}
	}
	return name
}
