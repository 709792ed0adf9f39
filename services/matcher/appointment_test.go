package matcher

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestLocalTimesThatAClockSkipsOrShowsTwice(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		zone, start, end, fold string
		code                   string // of the field; empty: it is a time
		utc                    string
	}{
		"plain":               {zone: "Asia/Shanghai", start: "2026-02-14T09:00", end: "2026-02-14T10:00", utc: "2026-02-14T01:00"},
		"skipped":             {zone: "Europe/Berlin", start: "2026-03-29T02:30", end: "2026-03-29T04:00", code: "time_skipped"},
		"twice":               {zone: "Europe/Berlin", start: "2026-10-25T02:30", end: "2026-10-25T04:00", code: "time_twice"},
		"the earlier":         {zone: "Europe/Berlin", start: "2026-10-25T02:30", end: "2026-10-25T04:00", fold: "earlier", utc: "2026-10-25T00:30"},
		"the later":           {zone: "Europe/Berlin", start: "2026-10-25T02:30", end: "2026-10-25T04:00", fold: "later", utc: "2026-10-25T01:30"},
		"half an hour, twice": {zone: "Australia/Lord_Howe", start: "2026-04-05T01:45", end: "2026-04-05T03:00", code: "time_twice"},
		"a day that was not":  {zone: "Pacific/Apia", start: "2011-12-30T12:00", end: "2011-12-30T13:00", code: "time_skipped"},
		"no zone":             {zone: "Mars/Olympus", start: "2026-02-14T09:00", end: "2026-02-14T10:00", code: "not_a_zone"},
		"no time":             {zone: "Asia/Shanghai", start: "2026-02-30T09:00", end: "2026-02-14T10:00", code: "not_a_time"},
		"over":                {zone: "Asia/Shanghai", start: "2025-02-14T09:00", end: "2025-02-14T10:00", code: "in_the_past"},
		"far":                 {zone: "Asia/Shanghai", start: "2036-02-14T09:00", end: "2036-02-14T10:00", code: "too_late"},
		"backwards":           {zone: "Asia/Shanghai", start: "2026-02-14T09:00", end: "2026-02-14T09:00", code: "before_start"},
		"two days":            {zone: "Asia/Shanghai", start: "2026-02-14T09:00", end: "2026-02-16T09:00", code: "appointment_too_long"},
	} {
		got, err := slotOf(contract.SetAppointment{Start: c.start, End: c.end, Zone: c.zone, Fold: c.fold}, now)
		if c.code == "" {
			must(t, err)
			if utc := got.start.UTC().Format(contract.AppointmentForm); utc != c.utc {
				t.Errorf("%s begins at %s, want %s", name, utc, c.utc)
			}
			continue
		}
		if f := fault.As(err); f == nil || len(f.Fields) == 0 || f.Fields[0].Code != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
}

// placeKeeper answers as the request service does about places.
type placeKeeper struct {
	mu    sync.Mutex
	texts map[contract.PlaceID]string
}

func (b *bench) servePlaces(t *testing.T) {
	t.Helper()
	p := &placeKeeper{texts: map[contract.PlaceID]string{}}
	server, err := bus.NewServer(testkit.Bus(t, b.world.Server, "request"), "request")
	must(t, err)
	t.Cleanup(server.Stop)
	must(t, bus.Handle(server, contract.RequestKeepPlace, func(_ context.Context, q contract.KeepPlace) (contract.KeptPlace, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.texts[q.ID] = q.Text
		return contract.KeptPlace{Digest: hex.EncodeToString(digestOf(q.Text))}, nil
	}))
	must(t, bus.Handle(server, contract.RequestPlaces, func(_ context.Context, q contract.AskPlaces) (contract.Places, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		found := contract.Places{Texts: map[contract.PlaceID]string{}}
		for _, id := range q.IDs {
			found.Texts[id] = p.texts[id]
		}
		return found, nil
	}))
}

// at asks for an hour in Shanghai, days from now.
func (b *bench) at(m contract.Match, days int, hour, place string) contract.SetAppointment {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	day := b.clock.Now().In(zone).AddDate(0, 0, days).Format(time.DateOnly)
	start, err := time.ParseInLocation(contract.AppointmentForm, day+"T"+hour, zone)
	if err != nil {
		panic(err)
	}
	return contract.SetAppointment{
		MatchID: m.ID, Start: start.Format(contract.AppointmentForm), End: start.Add(time.Hour).Format(contract.AppointmentForm),
		Zone: "Asia/Shanghai", Place: place,
	}
}

func (b *bench) appoint(ctx context.Context, t *testing.T, q contract.SetAppointment) contract.Appointment {
	t.Helper()
	a, err := b.SetAppointment(ctx, q)
	must(t, err)
	return a
}

func daily(p *contract.ProjectedOffer) { p.Lines[0].Per = contract.PerDay }

func by(key string) func(*contract.ProjectedOffer) {
	return func(p *contract.ProjectedOffer) { p.HelperKey = key }
}

func TestAnAppointmentMovesTheReservation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	offer := help(new(int64(2)), daily)
	m := b.matched(t, need(new(int64(2))), offer, new(int64(2)))
	other := b.matched(t, need(new(int64(1))), offer, nil2(b))
	a := b.appoint(asCoordinator(t), t, b.at(m, 3, "09:00", "Demo street 1"))
	if a.Sequence != 0 || a.Place != "Demo street 1" || a.End.Sub(a.Start) != time.Hour {
		t.Errorf("made %+v", a)
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Fatal(broken)
	}
	got, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)})
	must(t, err)
	if got.At == nil || !got.At.Equal(a.Start) {
		t.Errorf("the match is at %v, its appointment at %v", got.At, a.Start)
	}
	// The day is full: the other one stays where it is, with its place.
	_, err = b.SetAppointment(asCoordinator(t), b.at(other, 3, "15:00", ""))
	wantFault(t, err, fault.Conflict, "capacity_gone")
	_, err = b.Appointment(asCoordinator(t), contract.GetByID{ID: string(other.ID)})
	wantFault(t, err, fault.NotFound, "not_found")
	if broken := b.broken(t); len(broken) > 0 {
		t.Fatal(broken)
	}
}

// nil2 lets the day pass on which the offer is used up, and asks for one.
func nil2(b *bench) *int64 {
	b.clock.Advance(24 * time.Hour)
	return new(int64(1))
}

func TestAnAppointmentFollowsItsMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	m := b.matched(t, need(new(int64(1))), help(new(int64(1)), daily), nil)
	first := b.appoint(asCoordinator(t), t, b.at(m, 2, "09:00", ""))
	later := first.Start.Add(48 * time.Hour)
	b.move(asCoordinator(t), t, m, "reschedule", func(q *contract.Move) { q.At = &later })
	moved, err := b.Appointment(asCoordinator(t), contract.GetByID{ID: string(m.ID)})
	must(t, err)
	if !moved.Start.Equal(later) || moved.End.Sub(moved.Start) != time.Hour || moved.Sequence != 1 {
		t.Errorf("moved to %+v", moved)
	}
	b.move(asCoordinator(t), t, m, "cancel")
	gone, err := b.Appointment(asCoordinator(t), contract.GetByID{ID: string(m.ID)})
	must(t, err)
	if !gone.Cancelled || gone.Sequence != 2 || gone.State != string(Cancelled) {
		t.Errorf("after the end it is %+v", gone)
	}
	_, err = b.SetAppointment(asCoordinator(t), b.at(m, 4, "09:00", ""))
	wantFault(t, err, fault.Conflict, "illegal_move")
}

func TestOneHelperIsNotInTwoPlaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	mine := b.matched(t, need(nil), help(nil, by("h1")), nil)
	same := b.matched(t, need(nil), help(nil, by("h1")), nil)
	else1 := b.matched(t, need(nil), help(nil, by("h2")), nil)
	b.appoint(asCoordinator(t), t, b.at(mine, 3, "09:00", ""))
	_, err := b.SetAppointment(asCoordinator(t), b.at(same, 3, "09:30", ""))
	wantFault(t, err, fault.Conflict, "appointment_overlap")
	if !strings.Contains(fault.As(err).Detail, mine.Code) {
		t.Errorf("%q does not name the other", fault.As(err).Detail)
	}
	_, err = b.SetAppointment(asToken(t, contract.RoleAnswerer, same.ID), b.at(same, 3, "09:30", ""))
	wantFault(t, err, fault.Conflict, "helper_busy_then") // of a match that the token does not see
	b.appoint(asCoordinator(t), t, b.at(else1, 3, "09:30", ""))
	b.appoint(asCoordinator(t), t, b.at(same, 3, "10:00", "")) // one after the other
	b.move(asCoordinator(t), t, mine, "cancel")
	b.appoint(asCoordinator(t), t, b.at(same, 3, "09:30", ""))
}

func TestRacingAppointmentsOfOneHelper(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	const racers = 8
	matches := make([]contract.Match, racers)
	for i := range matches {
		matches[i] = b.matched(t, need(nil), help(nil, by("h1")), nil)
	}
	ctx, errs := asCoordinator(t), make([]error, racers)
	var racing errgroup.Group
	for i, m := range matches {
		racing.Go(func() error {
			_, errs[i] = b.SetAppointment(ctx, b.at(m, 3, "09:00", ""))
			return nil
		})
	}
	must(t, racing.Wait())
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		wantFault(t, err, fault.Conflict, "appointment_overlap")
	}
	if made != 1 {
		t.Errorf("%d appointments at one time", made)
	}
}

func TestWhoKnowsThePlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	m := b.matched(t, need(nil), help(nil), nil)
	helper := asToken(t, contract.RoleAnswerer, m.ID)
	place := func() string {
		t.Helper()
		a, err := b.Appointment(helper, contract.GetByID{ID: string(m.ID)})
		must(t, err)
		return a.Place
	}
	b.appoint(asCoordinator(t), t, b.at(m, 3, "09:00", "https://meet.example.org/demo"))
	if place() != "" {
		t.Error("the link is shown before there is a yes")
	}
	b.move(asCoordinator(t), t, m, "accept")
	if place() == "" {
		t.Error("after the yes the helper has no link")
	}
	b.appoint(asCoordinator(t), t, b.at(m, 3, "09:00", "Demo street 1"))
	if place() != "" {
		t.Error("an address is shown before the contact is released")
	}
	b.appoint(helper, t, b.at(m, 4, "09:00", "")) // who does not see it does not take it away
	b.move(asCoordinator(t), t, m, "release_contact")
	if place() != "Demo street 1" {
		t.Error("after the release the helper has no address")
	}
	if got, err := b.Appointment(asToken(t, contract.RoleRequester, m.RequestID), contract.GetByID{ID: string(m.ID)}); err != nil || got.Place == "" {
		t.Errorf("the requester sees %+v, %v", got, err)
	}
	for _, table := range []string{"appointments", "outbox", "history", "idempotency"} {
		var texts []string
		must(t, b.admin.SelectContext(t.Context(), &texts, `SELECT t::text FROM matcher.`+table+` t`))
		if slices.ContainsFunc(texts, func(row string) bool { return strings.Contains(row, "Demo street") }) {
			t.Errorf("the place is in clear in %s", table)
		}
	}
}

func TestCalendars(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	m := b.matched(t, need(nil), help(nil, by("h1")), nil)
	other := b.matched(t, need(nil), help(nil, by("h1")), nil)
	b.appoint(asCoordinator(t), t, b.at(m, 3, "09:00", "https://meet.example.org/demo"))
	b.appoint(asCoordinator(t), t, b.at(other, 4, "09:00", ""))

	own, err := b.Appointments(asToken(t, contract.RoleAnswerer, m.ID), contract.ListAppointments{MatchID: m.ID})
	must(t, err)
	if len(own.Items) != 2 {
		t.Errorf("the helper's calendar has %d", len(own.Items))
	}
	_, err = b.Appointments(asToken(t, contract.RoleAnswerer, other.ID), contract.ListAppointments{MatchID: m.ID})
	wantFault(t, err, fault.NotFound, "not_found")

	made, err := b.MakeCalendar(asCoordinator(t), contract.MakeCalendar{ID: contract.NewID[contract.CalendarID](), Name: "Demo"})
	must(t, err)
	public := contract.WithActor(t.Context(), contract.Actor{Role: contract.RolePublic})
	all, err := b.Appointments(public, contract.ListAppointments{Secret: made.Secret})
	must(t, err)
	if len(all.Items) != 2 || all.Items[0].Place+all.Items[1].Place != "" {
		t.Errorf("the organisation's calendar is %+v", all.Items)
	}
	listed, err := b.Calendars(asCoordinator(t), contract.Empty{})
	must(t, err)
	if len(listed.Items) != 1 || listed.Items[0].Secret != "" {
		t.Errorf("listed %+v", listed.Items)
	}
	_, err = b.RevokeCalendar(as(t.Context(), contract.RoleCoordinator, "root/hubei/"), contract.CalendarByID{ID: made.ID})
	wantFault(t, err, fault.NotFound, "not_found")
	_, err = b.RevokeCalendar(asCoordinator(t), contract.CalendarByID{ID: made.ID})
	must(t, err)
	_, err = b.Appointments(public, contract.ListAppointments{Secret: made.Secret})
	wantFault(t, err, fault.NotFound, "not_found")
}

// told returns the reminders that were told, in order.
func (b *bench) told(t *testing.T) []string {
	t.Helper()
	for range 2 { // as two processes do
		must(t, b.remind(t.Context()))
	}
	kinds := []string{}
	must(t, b.admin.SelectContext(t.Context(), &kinds, `
		SELECT payload::json ->> 'state' FROM matcher.outbox WHERE payload::json ->> 'thing' = 'reminder' ORDER BY id`))
	return kinds
}

func TestAppointmentsAreAnnouncedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	m := b.matched(t, need(nil), help(nil), nil)
	b.move(asCoordinator(t), t, m, "accept")
	a := b.appoint(asCoordinator(t), t, b.at(m, 3, "09:00", ""))
	want := []string{}
	for _, step := range []struct {
		before time.Duration
		kind   string
	}{{30 * time.Hour, ""}, {23 * time.Hour, "appointment_tomorrow"}, {20 * time.Hour, ""}, {time.Hour, "appointment_soon"}, {-time.Hour, ""}} {
		b.clock.Advance(a.Start.Add(-step.before).Sub(b.clock.Now()))
		if step.kind != "" {
			want = append(want, step.kind)
		}
		if got := b.told(t); !slices.Equal(got, want) {
			t.Fatalf("%s before: told %v, want %v", step.before, got, want)
		}
	}
}

func TestADisputeHasADeadline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.matched(t, need(nil), help(nil), nil)
	for _, move := range []string{"accept", "start", "report"} {
		m = b.move(asCoordinator(t), t, m, move)
	}
	m = b.move(asCoordinator(t), t, m, "dispute")
	if m.ResolveBy == nil || m.ResolveBy.Sub(m.UpdatedAt) != 24*time.Hour {
		t.Fatalf("an urgent dispute is to be decided by %v", m.ResolveBy)
	}
	if got := b.told(t); len(got) > 0 {
		t.Errorf("told %v before the deadline", got)
	}
	b.clock.Advance(25 * time.Hour)
	if got := b.told(t); !slices.Equal(got, []string{"dispute_overdue"}) {
		t.Errorf("told %v after the deadline", got)
	}
	if m = b.move(asCoordinator(t), t, m, "resolve"); m.State != string(Confirmed) || m.ResolveBy != nil {
		t.Errorf("decided it is %s, by %v", m.State, m.ResolveBy)
	}
}
