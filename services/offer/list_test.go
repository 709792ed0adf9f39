package offer

import (
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestListOrder lists in pages: the newest first, and every offer once.
func TestListOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var expected []contract.OfferID
	for i := range 25 {
		expected = append(expected, b.available(t).ID)
		if i%4 > 0 { // some at the same moment: then the id decides
			b.clock.Advance(time.Second)
		}
	}
	slices.Reverse(expected)
	var order []contract.OfferID
	q := contract.ListOffers{Page: contract.Page{Limit: 7}}
	for pages := 0; ; pages++ {
		list, err := b.List(as(t, contract.RoleCoordinator, shaanxi), q)
		must(t, err)
		for _, item := range list.Items {
			order = append(order, item.ID)
		}
		if q.Cursor = list.NextCursor; q.Cursor == "" {
			if pages != 3 {
				t.Errorf("%d full pages, want 3", pages)
			}
			break
		}
	}
	if !slices.Equal(order, expected) {
		t.Errorf("listed %v, want %v", order, expected)
	}
	foreign, err := b.List(as(t, contract.RoleCoordinator, hubei), contract.ListOffers{Page: contract.Page{Cursor: q.Cursor}})
	must(t, err)
	if len(foreign.Items) > 0 {
		t.Errorf("another organisation lists %d", len(foreign.Items))
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RoleAdministrator, contract.RootPath)
	masks := b.available(t, func(d *contract.OfferDraft) { d.Title = "医用口罩 100%_now" })
	sorting := b.available(t, func(d *contract.OfferDraft) {
		d.Title, d.Source, d.RegionCode = "Sorters at hand", "hotline", "420000"
		d.OfferLines = []contract.OfferLine{{Category: "labour.sorting", Capacity: contract.Capacity{Unit: "hour", Per: "week"}}}
	})
	b.move(t, sorting.ID, "withdraw")
	all := []contract.OfferID{sorting.ID, masks.ID}
	for name, c := range map[string]struct {
		q    contract.ListOffers
		want []contract.OfferID
	}{
		"live":            {contract.ListOffers{}, all[1:]},
		"with ended":      {contract.ListOffers{IncludeEnded: true}, all},
		"state withdrawn": {contract.ListOffers{States: []string{"withdrawn"}}, all[:1]},
		"category below":  {contract.ListOffers{Categories: []string{"labour"}, IncludeEnded: true}, all[:1]},
		"region below":    {contract.ListOffers{RegionCode: "610000", IncludeEnded: true}, all[1:]},
		"whole country":   {contract.ListOffers{RegionCode: "000000", IncludeEnded: true}, all},
		"source":          {contract.ListOffers{Source: "hotline", IncludeEnded: true}, all[:1]},
		"code":            {contract.ListOffers{Text: masks.Code}, all[1:]},
		"words":           {contract.ListOffers{Text: "用口"}, all[1:]},
		"words, any case": {contract.ListOffers{Text: "sorters", IncludeEnded: true}, all[:1]},
		"no pattern":      {contract.ListOffers{Text: "100_", IncludeEnded: true}, nil},
		"organisation":    {contract.ListOffers{Organisation: "xian"}, all[1:]},
		"another":         {contract.ListOffers{Organisation: "hubei"}, nil},
	} {
		list, err := b.List(ctx, c.q)
		must(t, err)
		var got []contract.OfferID
		for _, item := range list.Items {
			got = append(got, item.ID)
		}
		slices.Sort(got)
		if !slices.Equal(got, slices.Sorted(slices.Values(c.want))) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	counts, err := b.Count(ctx, contract.Empty{})
	must(t, err)
	if counts.ByState["available"] != 1 || counts.ByState["withdrawn"] != 1 {
		t.Errorf("counted %v", counts.ByState)
	}
}

func TestListRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, q := range map[string]contract.ListOffers{
		"cursor":   {Page: contract.Page{Cursor: "%%%"}},
		"id":       {Page: contract.Page{Cursor: "eyJpIjoieCJ9"}},
		"limit":    {Page: contract.Page{Limit: 101}},
		"state":    {States: []string{"lost"}},
		"category": {Categories: []string{"magic"}},
		"region":   {RegionCode: "1"},
	} {
		if _, err := b.List(as(t, contract.RoleCoordinator, xian), q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, ctx := range []contract.Actor{{Role: contract.RoleOfferer, Subject: "x"}, {Role: contract.RolePublic}, {Role: contract.RoleHelper, Path: xian}} {
		_, list := b.List(contract.WithActor(t.Context(), ctx), contract.ListOffers{})
		_, count := b.Count(contract.WithActor(t.Context(), ctx), contract.Empty{})
		if !fault.Is(list, fault.Forbidden) || !fault.Is(count, fault.Forbidden) {
			t.Errorf("%s lists: %v, counts: %v", ctx.Role, list, count)
		}
	}
}
