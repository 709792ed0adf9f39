package request

import (
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestQueueOrder lists in pages while the order must be urgency, then waiting
// time, and every request comes once.
func TestQueueOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := map[contract.Urgency][]contract.RequestID{}
	for i := range 25 {
		u := contract.Urgencies()[(i*3)%5]
		answer := b.opened(t, func(d *contract.RequestDraft) { d.Urgency = u })
		want[u] = append(want[u], answer.ID)
		if i%4 > 0 { // some at the same moment: then the id decides
			b.clock.Advance(time.Second)
		}
	}
	var order, expected []contract.RequestID
	for _, u := range contract.Urgencies() {
		expected = append(expected, want[u]...)
	}
	q := contract.ListRequests{Page: contract.Page{Limit: 7}}
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
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	ctx := as(t, contract.RoleAdministrator, contract.RootPath)
	masks := b.opened(t, func(d *contract.RequestDraft) { d.Title, d.Campaign = "医用口罩 100%_now", "winter" })
	sorting := b.opened(t, func(d *contract.RequestDraft) {
		d.Title, d.Source, d.RegionCode = "Sorters wanted", "hotline", "420000"
		d.NeedLines[0].Category = "labour.sorting"
		d.NeedLines[0].Item = ""
		d.Languages = []string{"yue"}
	})
	colleague := as(t, contract.RoleCoordinator, xian)
	_, err := b.Move(colleague, contract.Move{ID: string(masks.ID), Move: "claim"})
	must(t, err)
	claimer, nobody := contract.ActorFrom(colleague).ID(), ""
	_, err = b.Move(ctx, contract.Move{ID: string(sorting.ID), Move: "close", Reason: "expired"})
	must(t, err)
	all := []contract.RequestID{masks.ID, sorting.ID}
	for name, c := range map[string]struct {
		q    contract.ListRequests
		want []contract.RequestID
	}{
		"queue":           {contract.ListRequests{}, all[:1]},
		"with closed":     {contract.ListRequests{IncludeClosed: true}, all},
		"state closed":    {contract.ListRequests{States: []string{"closed"}}, all[1:]},
		"category below":  {contract.ListRequests{Categories: []string{"labour"}, IncludeClosed: true}, all[1:]},
		"region below":    {contract.ListRequests{RegionCode: "610000", IncludeClosed: true}, all[:1]},
		"whole country":   {contract.ListRequests{RegionCode: "000000", IncludeClosed: true}, all},
		"campaign":        {contract.ListRequests{Campaign: "winter"}, all[:1]},
		"source":          {contract.ListRequests{Source: "hotline", IncludeClosed: true}, all[1:]},
		"code":            {contract.ListRequests{Text: masks.Code}, all[:1]},
		"words":           {contract.ListRequests{Text: "用口"}, all[:1]},
		"words, any case": {contract.ListRequests{Text: "sorters", IncludeClosed: true}, all[1:]},
		"no pattern":      {contract.ListRequests{Text: "%", IncludeClosed: true}, all[:1]},
		"urgency":         {contract.ListRequests{Urgencies: []contract.Urgency{contract.Planned}}, nil},
		"organisation":    {contract.ListRequests{Organisation: "xian"}, all[:1]},
		"traditional":     {contract.ListRequests{Text: "醫用"}, all[:1]},
		"one character":   {contract.ListRequests{Text: "罩"}, all[:1]},
		"long text":       {contract.ListRequests{Text: "醫用口罩 100%_N"}, all[:1]},
		"other words":     {contract.ListRequests{Text: "医用手套"}, nil},
		"language":        {contract.ListRequests{Language: "yue", IncludeClosed: true}, all[1:]},
		"two urgencies":   {contract.ListRequests{Urgencies: []contract.Urgency{contract.Critical, contract.Urgent}}, all[:1]},
		"around":          {contract.ListRequests{Urgencies: []contract.Urgency{contract.Critical, contract.Soon}}, nil},
		"claimed":         {contract.ListRequests{ClaimedBy: &claimer, IncludeClosed: true}, all[:1]},
		"unclaimed":       {contract.ListRequests{ClaimedBy: &nobody, IncludeClosed: true}, all[1:]},
		"old":             {contract.ListRequests{CreatedBefore: b.clock.Now().Add(-time.Hour), IncludeClosed: true}, nil},
		"new":             {contract.ListRequests{CreatedAfter: b.clock.Now().Add(-time.Hour), IncludeClosed: true}, all},
		"below":           {contract.ListRequests{Organisation: "shaanxi", IncludeClosed: true}, all},
		"not below":       {contract.ListRequests{Organisation: "hubei", IncludeClosed: true}, nil},
		"no organisation": {contract.ListRequests{Organisation: "nowhere", IncludeClosed: true}, nil},
		"updated":         {contract.ListRequests{UpdatedAfter: b.clock.Now(), IncludeClosed: true}, nil},
	} {
		list, err := b.List(ctx, c.q)
		if name == "no pattern" {
			// A text of signs alone is refused rather than taken for a pattern.
			wantFault(t, err, fault.Invalid, "")
			continue
		}
		must(t, err)
		var got []contract.RequestID
		for _, item := range list.Items {
			got = append(got, item.ID)
		}
		slices.Sort(got)
		if !slices.Equal(got, sortedIDs(c.want)) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	counts, err := b.Count(ctx, contract.Empty{})
	must(t, err)
	if counts.ByState["open"] != 1 || counts.ByState["closed"] != 1 {
		t.Errorf("counted %v", counts.ByState)
	}
}

func sortedIDs(ids []contract.RequestID) []contract.RequestID {
	return slices.Sorted(slices.Values(ids))
}

func TestListRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, q := range map[string]contract.ListRequests{
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
}
