package request

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestFiguresCountWhatIsSeen counts by day, urgency and age, reason and region; and
// for a neighbour nothing of it.
func TestFiguresCountWhatIsSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began := b.clock.Now()
	b.opened(t, func(d *contract.RequestDraft) {
		d.Urgency, d.Campaign, d.Point = contract.Critical, "winter", &contract.Point{Lat: 34.31, Lon: 108.92}
	})
	b.clock.Advance(2 * time.Hour)
	closed := b.opened(t)
	_, err := b.Move(as(t, contract.RoleAdministrator, contract.RootPath), contract.Move{ID: string(closed.ID), Move: "close", Reason: "expired"})
	must(t, err)
	b.clock.Advance(48 * time.Hour)
	b.opened(t, func(d *contract.RequestDraft) { d.Urgency = contract.Critical })
	ask := contract.AskFigures{From: began.Add(-time.Hour), Until: began.Add(72 * time.Hour), TimeZone: "Asia/Shanghai", CellDegrees: 0.5}
	got, err := b.Figures(as(t, contract.RoleCoordinator, shaanxi), ask)
	must(t, err)
	zone, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	first, last := began.In(zone).Format(time.DateOnly), began.Add(50*time.Hour).In(zone).Format(time.DateOnly)
	want := contract.RequestFigures{
		Days:   []contract.DayCount{{Day: first, Count: 2}, {Day: last, Count: 1}},
		Open:   []contract.AgeCount{{Urgency: contract.Critical, Age: 0, Count: 1}, {Urgency: contract.Critical, Age: 3, Count: 1}},
		Closed: []contract.KeyCount{{Key: "expired", Count: 1}}, Regions: []contract.RegionCount{{RegionCode: "610000", Count: 2, Unserved: 2}},
		Cells: []contract.CellCount{{Lat: 34.25, Lon: 108.75, Count: 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	ask.Campaign = "winter"
	if got, err = b.Figures(as(t, contract.RoleCoordinator, shaanxi), ask); err != nil || len(got.Days) != 1 || got.Days[0].Count != 1 {
		t.Errorf("of a campaign: %+v %v", got, err)
	}
	ask.Campaign, ask.RegionCode = "", "420000"
	if got, err = b.Figures(as(t, contract.RoleCoordinator, shaanxi), ask); err != nil || len(got.Days)+len(got.Open)+len(got.Regions) != 0 {
		t.Errorf("of another region: %+v %v", got, err)
	}
	ask.RegionCode = ""
	if got, err = b.Figures(as(t, contract.RoleCoordinator, hubei), ask); err != nil || len(got.Days)+len(got.Open)+len(got.Closed)+len(got.Cells) != 0 {
		t.Errorf("a neighbour counts %+v %v", got, err)
	}
	ask.Path = shaanxi
	_, err = b.Figures(as(t, contract.RoleCoordinator, hubei), ask)
	wantFault(t, err, fault.NotFound, "not_found")
	ask.Path, ask.TimeZone = "", "Mars/Base"
	_, err = b.Figures(as(t, contract.RoleCoordinator, hubei), ask)
	wantFault(t, err, fault.Invalid, "invalid")
}
