package offer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
)

// TestFiguresCountCapacity counts what available offers can give, by category and
// unit, and by region.
func TestFiguresCountCapacity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	line := func(category string, quantity *int64, unit contract.Unit) func(*contract.OfferDraft) {
		return func(d *contract.OfferDraft) {
			d.OfferLines = []contract.OfferLine{{Category: category, Capacity: contract.Capacity{Quantity: quantity, Unit: unit, Per: "total"}}}
		}
	}
	b.available(t, line("labour.sorting", amount(30), "hour"))
	b.available(t, line("labour.sorting", amount(12), "hour"))
	b.available(t, line("labour.sorting", nil, "hour"))
	paused := b.available(t, line("labour.sorting", amount(500), "hour"))
	b.move(t, paused.ID, "pause")
	ask := contract.AskFigures{From: b.clock.Now().Add(-time.Hour), Until: b.clock.Now(), TimeZone: "Asia/Shanghai", Category: "labour"}
	got, err := b.Figures(as(t, contract.RoleCoordinator, shaanxi), ask)
	must(t, err)
	want := contract.OfferFigures{
		Capacities: []contract.CapacityCount{{Category: "labour.sorting", Unit: "hour", Offers: 3, Capacity: 42, Free: 42, Unstated: 1}},
		Regions:    []contract.RegionCount{{RegionCode: "610000", Count: 3}}, Places: []contract.PlaceCapacity{{RegionCode: "610000", Category: "labour.sorting", Unit: "hour", Free: 42}}, Cells: []contract.CellCount{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if got, err = b.Figures(as(t, contract.RoleCoordinator, hubei), ask); err != nil || len(got.Capacities)+len(got.Regions) != 0 {
		t.Errorf("a neighbour counts %+v %v", got, err)
	}
}
