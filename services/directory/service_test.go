package directory

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
)

func TestEveryStatementFitsTheSchema(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, statement := range statements() {
		prepared, err := b.db.PrepareContext(b.ctx, statement)
		if err != nil {
			t.Errorf("prepare %s: %v", statement, err)
			continue
		}
		if err := prepared.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func TestReferenceIsCompleteAndVersioned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, err := b.Reference(b.ctx, contract.AskReference{})
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	s := reference.NewSnapshot(*first.Reference)
	if c, ok := s.Category("labour.disinfection"); !ok || c.Parent != "labour" || c.Names["zh-Hant"] != "消毒消殺" {
		t.Errorf("category = %+v %v", c, ok)
	}
	if r, ok := s.Region("110105"); !ok || r.Parent != "110100" {
		t.Errorf("region = %+v %v", r, ok)
	}
	if num, den, ok := s.Convert("mask_surgical", "box", "piece"); num != 50 || den != 1 || !ok {
		t.Errorf("a box of masks = %d/%d %v", num, den, ok)
	}
	if s.Root().Path != contract.RootPath || s.Coordinator("610113").Code != "root" {
		t.Errorf("root = %+v, coordinator = %+v", s.Root(), s.Coordinator("610113"))
	}
	again, err := b.Reference(b.ctx, contract.AskReference{Have: s.Version()})
	if err != nil || again.Reference != nil {
		t.Errorf("the same version is sent again: %v %v", again.Reference != nil, err)
	}
}

func TestSeedingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before, err := b.Reference(b.ctx, contract.AskReference{})
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	b.heard()
	if err := b.Seed(b.ctx); err != nil {
		t.Fatalf("seed: %v", err)
	}
	after, err := b.Reference(b.ctx, contract.AskReference{Have: before.Reference.Version})
	if err != nil || after.Reference != nil || len(b.heard()) > 0 {
		t.Errorf("a second seeding made a new version (%v)", err)
	}
}

func TestRegisterByCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	draft := contract.OrganisationDraft{
		Code: "shaanxi", Name: "示例省总会", Kind: "charity", Level: "province", RegionCode: "610000", Coordinates: true, Verified: true,
	}
	renamed := draft
	renamed.Name, renamed.Verified = "示例省联合会", false
	otherCase := renamed
	otherCase.Code = "SHAANXI"
	steps := []struct {
		name    string
		draft   contract.OrganisationDraft
		outcome string
		version int64
		heard   bool
	}{
		{"new", draft, "created", 1, true},
		{"again", draft, "unchanged", 1, false},
		{"renamed, and verified stays", renamed, "changed", 2, true},
		{"in another case", otherCase, "unchanged", 2, false},
	}
	b.heard()
	for _, step := range steps {
		got, err := b.Register(b.ctx, step.draft)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		o := got.Organisation
		if got.Outcome != step.outcome || o.Version != step.version || !o.Verified || o.Path != "root/shaanxi/" {
			t.Errorf("%s: %s %+v", step.name, got.Outcome, o)
		}
		if heard := slices.Contains(b.heard(), contract.ReferenceChanged); heard != step.heard {
			t.Errorf("%s: told of new reference data: %v", step.name, heard)
		}
	}
	answer, err := b.Reference(b.ctx, contract.AskReference{})
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	if got := reference.NewSnapshot(*answer.Reference).Coordinator("610113"); got.Code != "shaanxi" {
		t.Errorf("coordinator of a county = %+v", got)
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	xian := b.organisation(t, "xian", "shaanxi", "610100")
	b.organisation(t, "gansu", "", "620000")
	if _, err := b.Register(b.ctx, contract.OrganisationDraft{
		Code: "first", Name: "示例", Kind: "charity", Level: "city", RegionCode: "610300", Coordinates: true,
	}); err != nil {
		t.Fatalf("first coordinator: %v", err)
	}
	valid := contract.OrganisationDraft{Code: "new", Name: "示例", Kind: "charity", Level: "city", RegionCode: "610100"}
	tests := []struct {
		name   string
		role   contract.Role
		by     contract.Organisation
		change func(*contract.OrganisationDraft)
		kind   fault.Kind
		code   string
	}{
		{"a coordinator", contract.RoleCoordinator, shaanxi, func(*contract.OrganisationDraft) {}, fault.Forbidden, "forbidden"},
		{"below a foreign parent", contract.RoleAdministrator, shaanxi, func(d *contract.OrganisationDraft) { d.ParentCode = "gansu" }, fault.NotFound, "not_found"},
		{"above oneself", contract.RoleAdministrator, xian, func(d *contract.OrganisationDraft) { d.ParentCode = "shaanxi" }, fault.NotFound, "not_found"},
		{"a foreign code", contract.RoleAdministrator, shaanxi, func(d *contract.OrganisationDraft) { d.Code, d.ParentCode = "gansu", "shaanxi" }, fault.Conflict, "code_taken"},
		{"the top", contract.RoleSystem, contract.Organisation{Path: "root/"}, func(d *contract.OrganisationDraft) { d.Code = "root" }, fault.Conflict, "root_fixed"},
		{"below its own child", contract.RoleSystem, contract.Organisation{Path: "root/"}, func(d *contract.OrganisationDraft) { d.Code, d.ParentCode = "shaanxi", "xian" }, fault.Conflict, "cycle"},
		{"below itself", contract.RoleSystem, contract.Organisation{Path: "root/"}, func(d *contract.OrganisationDraft) { d.Code, d.ParentCode = "xian", "xian" }, fault.Conflict, "cycle"},
		{"to another parent", contract.RoleSystem, contract.Organisation{Path: "root/"}, func(d *contract.OrganisationDraft) { d.Code, d.ParentCode = "xian", "gansu" }, fault.Conflict, "parent_fixed"},
		{"second coordinator", contract.RoleSystem, contract.Organisation{Path: "root/"}, func(d *contract.OrganisationDraft) { d.RegionCode, d.Coordinates = "610300", true }, fault.Conflict, "coordinator_taken"},
		{"wrong fields", contract.RoleSystem, contract.Organisation{Path: "root/"}, func(d *contract.OrganisationDraft) { d.Code, d.Level, d.RegionCode = "a.b", "moon", "999999" }, fault.Invalid, "invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			draft := valid
			test.change(&draft)
			_, err := b.Register(as(t, test.role, test.by), draft)
			if got := fault.As(err); got == nil || got.Kind != test.kind || got.Code != test.code {
				t.Errorf("error = %v, want %s %s", err, test.kind, test.code)
			}
		})
	}
}

func TestRegisteringTheSameAtOnceMakesOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const racers = 12
	outcomes := make([]string, racers)
	var racing sync.WaitGroup
	for i := range racers {
		racing.Go(func() {
			got, err := b.Register(b.ctx, contract.OrganisationDraft{
				Code: fmt.Sprintf("o%d", i/6), Name: "示例", Kind: "charity", Level: "city", RegionCode: "610100",
			})
			if err != nil {
				t.Errorf("register: %v", err)
			}
			outcomes[i] = got.Outcome
		})
	}
	racing.Wait()
	slices.Sort(outcomes)
	if want := slices.Concat(slices.Repeat([]string{"created"}, 2), slices.Repeat([]string{"unchanged"}, 10)); !slices.Equal(outcomes, want) {
		t.Errorf("outcomes = %v", outcomes)
	}
}

func TestOrganisationsAreListedWithinSight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	b.organisation(t, "xian", "shaanxi", "610100")
	b.organisation(t, "yanta", "xian", "610113")
	b.organisation(t, "shaanxi-2", "", "620000") // its path begins alike
	ctx := as(t, contract.RoleCoordinator, shaanxi)
	tests := []struct {
		name string
		ask  contract.ListOrganisations
		want []string
	}{
		{"all", contract.ListOrganisations{}, []string{"shaanxi", "xian", "yanta"}},
		{"by region and below", contract.ListOrganisations{RegionCode: "610100"}, []string{"xian", "yanta"}},
		{"by text", contract.ListOrganisations{Text: " YAN "}, []string{"yanta"}},
		{"a wildcard is a character", contract.ListOrganisations{Text: "%"}, nil},
		{"by page", contract.ListOrganisations{Page: contract.Page{Limit: 1}}, []string{"shaanxi", "xian", "yanta"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for {
				page, err := b.Organisations(ctx, test.ask)
				if err != nil {
					t.Fatalf("list: %v", err)
				}
				for _, o := range page.Items {
					got = append(got, o.Code)
				}
				if test.ask.Cursor = page.NextCursor; page.NextCursor == "" {
					break
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("codes = %v, want %v", got, test.want)
			}
		})
	}
	if o, err := b.Organisation(ctx, contract.OrganisationByCode{Code: "Shaanxi-2"}); err != nil || o.ParentCode != "root" {
		t.Errorf("staff look up any organisation: %+v %v", o, err)
	}
	if _, err := b.Organisation(t.Context(), contract.OrganisationByCode{Code: "shaanxi"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the public looks up an organisation: %v", err)
	}
}
