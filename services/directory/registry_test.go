package directory

import (
	"slices"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// province registers a few organisations on every level.
func (b *bundle) province(t *testing.T) {
	t.Helper()
	for _, d := range []contract.OrganisationDraft{
		{Code: "sn", Name: "示例省会", Kind: "charity", Level: "province", RegionCode: "610000", Verified: true, Coordinates: true},
		{Code: "xa", Name: "示例市会", Kind: "charity", Level: "city", RegionCode: "610100", ParentCode: "sn", Specialties: []string{"psych", "psych", "legal"}},
		{Code: "yt", Name: "示例区会", Kind: "agency", Level: "county", RegionCode: "610113", ParentCode: "xa", Specialties: []string{"labour.disinfection"}, ContactPerson: "示例·小王"},
		{Code: "bj", Name: "示例宝鸡会", Kind: "charity", Level: "city", RegionCode: "610300", ParentCode: "sn", Verified: true},
	} {
		if _, err := b.Register(b.ctx, d); err != nil {
			t.Fatalf("register %s: %v", d.Code, err)
		}
	}
}

func TestOrganisationsAreFoundByWhatTheyAre(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.province(t)
	if _, err := b.Campaign(b.ctx, contract.CampaignDraft{
		Code: "joint", Name: map[string]string{"zh-Hans": "示例联合行动"}, Organisations: []string{"YT", "bj"},
	}); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for name, tt := range map[string]struct {
		ask  contract.ListOrganisations
		want []string
	}{
		"all":                     {contract.ListOrganisations{}, []string{"root", "sn", "bj", "xa", "yt"}},
		"a level":                 {contract.ListOrganisations{Level: "city"}, []string{"bj", "xa"}},
		"a region":                {contract.ListOrganisations{RegionCode: "610100"}, []string{"xa", "yt"}},
		"a specialty":             {contract.ListOrganisations{Specialty: "legal"}, []string{"xa"}},
		"a specialty above":       {contract.ListOrganisations{Specialty: "labour"}, []string{"yt"}},
		"a campaign":              {contract.ListOrganisations{Campaign: "joint"}, []string{"bj", "yt"}},
		"verified":                {contract.ListOrganisations{Verified: &yes}, []string{"root", "sn", "bj"}},
		"not verified, by a name": {contract.ListOrganisations{Verified: &no, Text: "区"}, []string{"yt"}},
	} {
		got, err := b.Organisations(b.ctx, tt.ask)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var codes []string
		for _, o := range got.Items {
			codes = append(codes, o.Code)
		}
		if !slices.Equal(codes, tt.want) {
			t.Errorf("%s: %v, want %v", name, codes, tt.want)
		}
	}
	for _, q := range []contract.ListOrganisations{{Level: "galaxy"}, {Specialty: "gold"}} {
		if _, err := b.Organisations(b.ctx, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestWhatAnImportDoesNotSayStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.province(t)
	plain := contract.OrganisationDraft{Code: "yt", Name: "示例区会", Kind: "agency", Level: "county", RegionCode: "610113", ParentCode: "xa"}
	again, err := b.Register(b.ctx, plain)
	if err != nil || again.Outcome != outcomeUnchanged || again.Organisation.ContactPerson != "示例·小王" {
		t.Errorf("a list without the columns: %+v, %v", again, err)
	}
	plain.Specialties = []string{}
	if cleared, err := b.Register(b.ctx, plain); err != nil || len(cleared.Organisation.Specialties) > 0 {
		t.Errorf("no specialty any more: %+v, %v", cleared, err)
	}
	xa, err := b.Organisation(b.ctx, contract.OrganisationByCode{Code: "xa"})
	if err != nil || !slices.Equal(xa.Specialties, []string{"legal", "psych"}) {
		t.Errorf("specialties %v, %v", xa.Specialties, err)
	}
	plain.Specialties = []string{"gold"}
	if _, err := b.Register(b.ctx, plain); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown specialty: %v", err)
	}
}

func TestRollUpCountsByPlaceAndLevel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.province(t)
	got, err := b.RollUp(b.ctx, contract.AskRollUp{RegionCode: "610000"})
	if err != nil {
		t.Fatal(err)
	}
	want := []contract.RollUpRow{
		{RegionCode: "610000", Level: "province", Count: 1, Verified: 1, Coordinates: 1},
		{RegionCode: "610100", Level: "city", Count: 1},
		{RegionCode: "610100", Level: "county", Count: 1},
		{RegionCode: "610300", Level: "city", Count: 1, Verified: 1},
	}
	if !slices.Equal(got.Items, want) {
		t.Errorf("got %+v", got.Items)
	}
	whole, err := b.RollUp(b.ctx, contract.AskRollUp{})
	if err != nil || len(whole.Items) != 4 || whole.Items[0].Level != "country" {
		t.Errorf("the country: %+v, %v", whole, err)
	}
	below := contract.WithActor(b.ctx, contract.Actor{Role: contract.RoleCoordinator, Path: "root/sn/xa/"})
	if own, err := b.RollUp(below, contract.AskRollUp{RegionCode: "610000"}); err != nil || len(own.Items) != 2 {
		t.Errorf("a city sees %+v, %v", own, err)
	}
	if _, err := b.RollUp(b.ctx, contract.AskRollUp{RegionCode: "1"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown region: %v", err)
	}
}

func TestCampaignGrows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.province(t)
	draft := contract.CampaignDraft{Code: "joint", Name: map[string]string{"zh-Hans": "示例", "en": "Example"}, Organisations: []string{"xa"}}
	for step, want := range map[int]int64{0: 1, 1: 1} {
		if got, err := b.Campaign(b.ctx, draft); err != nil || got.Organisations != want {
			t.Errorf("step %d: %+v, %v", step, got, err)
		}
	}
	draft.Organisations = []string{"bj", "nobody"}
	_, err := b.Campaign(b.ctx, draft)
	if f := fault.As(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Location != "organisations[1]" {
		t.Errorf("an unknown organisation: %v", err)
	}
	lead := contract.WithActor(b.ctx, contract.Actor{Role: contract.RoleCoordinator, Path: "root/"})
	if _, err := b.Campaign(lead, draft); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a coordinator: %v", err)
	}
	list, err := b.Campaigns(b.ctx, contract.Empty{})
	if err != nil || !slices.ContainsFunc(list.Items, func(c contract.Campaign) bool { return c.Code == "joint" && c.Organisations == 1 }) {
		t.Errorf("campaigns %+v, %v", list, err)
	}
}

func TestHonourRollNamesOrganisationsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.province(t)
	public := contract.WithActor(b.ctx, contract.Actor{Role: contract.RolePublic})
	ask := contract.AskHonours{Page: contract.Page{Limit: 2}, Codes: []string{"YT", "sn", "xa", "root", "nobody"}}
	var names []string
	for {
		got, err := b.Honours(public, ask)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range got.Items {
			names = append(names, o.Name)
		}
		if ask.Cursor = got.NextCursor; ask.Cursor == "" {
			break
		}
	}
	if !slices.Equal(names, []string{"示例省会", "示例市会", "示例区会"}) {
		t.Errorf("the roll names %v", names)
	}
	ask.Cursor = "?"
	if _, err := b.Honours(public, ask); !fault.Is(err, fault.Invalid) {
		t.Errorf("a cursor that is none: %v", err)
	}
}
