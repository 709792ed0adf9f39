package matcher

import (
	"slices"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestAnAppointmentIsCalledOff and the match stays; another one may be made.
func TestAnAppointmentIsCalledOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	m := b.matched(t, need(new(int64(1))), help(new(int64(1)), by("ada")), nil)
	off := contract.Move{ID: string(m.ID), Move: "unschedule", Key: "once"}
	hers := asToken(t, contract.RoleAnswerer, m.ID)
	_, err := b.Move(hers, contract.Move{ID: string(m.ID), Move: "unschedule"})
	wantFault(t, err, fault.Conflict, "no_appointment")
	b.appoint(hers, t, b.at(m, 3, "09:00", ""))
	first, err := b.Move(hers, off)
	must(t, err)
	again, err := b.Move(hers, off)
	must(t, err)
	if first.Version != again.Version || first.State != "proposed" {
		t.Errorf("called off twice: %d and %d, %s", first.Version, again.Version, first.State)
	}
	a, err := b.Appointment(hers, contract.GetByID{ID: string(m.ID)})
	must(t, err)
	if !a.Cancelled || a.Sequence != 1 {
		t.Errorf("called off: %+v", a)
	}
	if a = b.appoint(hers, t, b.at(m, 3, "10:00", "")); a.Cancelled || a.Sequence != 2 {
		t.Errorf("made again: %+v", a)
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Error(broken)
	}
}

// TestStaffListTheirAppointments page by page, without where they are, and nobody else's.
func TestStaffListTheirAppointments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	var want []contract.MatchID
	for _, hour := range []string{"09:00", "09:00", "11:00", "15:00"} {
		m := b.matched(t, need(new(int64(1))), help(new(int64(1))), nil)
		b.appoint(asCoordinator(t), t, b.at(m, 3, hour, "Demo street 1"))
		want = append(want, m.ID)
	}
	q := contract.ListAppointments{Page: contract.Page{Limit: 1}, Until: new(b.appointment(t, want[3]).Start)}
	var got []contract.MatchID
	for {
		page, err := b.Appointments(asCoordinator(t), q)
		must(t, err)
		for _, a := range page.Items {
			if got = append(got, a.MatchID); a.Place != "" {
				t.Errorf("the list tells where %s is", a.MatchID)
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	slices.Sort(want[:2])
	if !slices.Equal(got, want[:3]) {
		t.Errorf("listed %v, want %v", got, want[:3])
	}
	elsewhere, err := b.Appointments(as(t.Context(), contract.RoleCoordinator, "root/hubei/"), contract.ListAppointments{})
	must(t, err)
	if len(elsewhere.Items) != 0 {
		t.Errorf("another branch sees %+v", elsewhere.Items)
	}
	_, err = b.Appointments(asCoordinator(t), contract.ListAppointments{Page: contract.Page{Cursor: "nonsense"}})
	wantFault(t, err, fault.Invalid, "invalid")
}

func (b *bench) appointment(t *testing.T, id contract.MatchID) contract.Appointment {
	t.Helper()
	a, err := b.Appointment(asCoordinator(t), contract.GetByID{ID: string(id)})
	must(t, err)
	return a
}
