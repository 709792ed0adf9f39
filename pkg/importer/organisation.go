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
	return i.read(ctx, file, Organisations, organisationsHeader)
}

func (i *Importer) takeOrganisations(ctx context.Context, table *tabular.Table) (Report, error) {
	var all, waiting []*thing
	parents, pending := map[*thing]string{}, map[string]int{}
	places := newGazetteer(i.ref)
	for n, row := range table.Rows {
		t, draft := i.organisation(places, row, pending)
		t.n = n
		all = append(all, t)
		if t.submit == nil {
			i.tell(t)
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
			i.refuseCircle(later)
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

func (i *Importer) refuseCircle(things []*thing) {
	for _, t := range things {
		t.made.outcome, t.reason = Refused, "its parents form a circle"
		t.faults = []fault.Field{{Location: "parent_code", Code: "cycle"}}
		i.tell(t)
	}
}

// organisation makes the thing of a row; pending holds the lines of the codes
// that came before.
func (i *Importer) organisation(places *gazetteer, row tabular.Row, pending map[string]int) (*thing, contract.OrganisationDraft) {
	t := &thing{id: row.Get("code")}
	draft, err := i.organisationDraft(places, row)
	if before := pending[folded(draft.Code)]; err == nil && before > 0 {
		err = refuse("code", "duplicate", "", "line %d has the same code", before)
	}
	if err != nil {
		t.made.outcome = Refused
		t.spoilt = []RowReport{spoilt(row.Line, t.id, err)}
		return t, draft
	}
	t.rows = []int{row.Line}
	t.submit = func(ctx context.Context) (made, error) { return i.register(ctx, draft) }
	if i.calls.TryRegister != nil {
		t.try = func(ctx context.Context) error { return i.calls.TryRegister(ctx, draft) }
	}
	return t, draft
}

// register submits a draft. One that an earlier try has stored under the same id
// counts as created, at its first version.
func (i *Importer) register(ctx context.Context, d contract.OrganisationDraft) (made, error) {
	answer, err := i.calls.Register(ctx, d)
	m := made{outcome: Outcome(answer.Outcome), id: string(answer.Organisation.ID), version: answer.Organisation.Version}
	if m.outcome == Unchanged && d.ID != "" && answer.Organisation.ID == d.ID {
		m.outcome, m.version = Created, 1
	}
	return m, err
}

// levelOf and kindOf read what lists write for levels and kinds; other words stay.
func levelOf(text string) string {
	switch strings.ToLower(strings.TrimSuffix(word.Simplify(text), "级")) {
	case "province", "省", "自治区", "直辖市", "state":
		return "province"
	case "city", "市", "地", "地市", "prefecture":
		return "city"
	case "county", "县", "区", "区县", "县区", "district":
		return "county"
	case "community", "社区", "街道", "乡镇", "镇", "乡", "村":
		return "community"
	default:
		return text
	}
}

func kindOf(text string) string {
	switch strings.ToLower(word.Simplify(text)) {
	case "政府", "政府部门", "机关":
		return "government"
	case "慈善", "慈善组织", "慈善机构", "慈善会", "基金会", "ngo":
		return "charity"
	case "机构", "服务机构", "社工机构", "社会工作服务机构":
		return "agency"
	case "企业", "公司":
		return "company"
	case "医院":
		return "hospital"
	case "社区", "居委会", "村委会":
		return "community"
	default:
		return text
	}
}

func (i *Importer) organisationDraft(places *gazetteer, row tabular.Row) (contract.OrganisationDraft, error) {
	d := contract.OrganisationDraft{
		Code: row.Get("code"), Name: row.Get("name"), Kind: kindOf(row.Get("kind")), Level: levelOf(row.Get("level")),
		RegionCode: row.Get("region_code"), ParentCode: row.Get("parent_code"),
		Specialties: i.specialties(row.Get("specialties")), ContactPerson: row.Get("contact_person"),
	}
	if i.options.ID != nil {
		d.ID = contract.OrganisationID(i.options.ID(folded(d.Code)))
	}
	if d.ParentCode == "" {
		d.ParentCode = i.options.Organisation
	}
	if names := []string{row.Get("province"), row.Get("city"), row.Get("district")}; d.RegionCode == "" && strings.Join(names, "") != "" {
		found, err := places.find("", names...)
		if err != nil {
			return d, err
		}
		d.RegionCode = found
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
		wrong := fault.As(err).Fields[0]
		if value := row.Get(wrong.Location); wrong.Code == check.Unknown && value != "" {
			wrong.Args = map[string]any{"value": shorten(value, shownValue)}
		}
		return d, tabular.Refuse(wrong, "%s", explain(err))
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
