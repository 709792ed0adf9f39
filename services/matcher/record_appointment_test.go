package matcher

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
)

// told returns the facts of a match's appointment, in order.
func (b *bench) toldOfAppointment(t *testing.T, id contract.MatchID) []contract.Event {
	t.Helper()
	var payloads []string
	must(t, b.admin.SelectContext(t.Context(), &payloads, `
		SELECT payload::text FROM matcher.outbox
		WHERE payload::json ->> 'thing' = 'appointment' AND payload::json ->> 'aggregate_id' = $1 ORDER BY id`, appointmentID(id)))
	facts := make([]contract.Event, len(payloads))
	for n, payload := range payloads {
		must(t, json.Unmarshal([]byte(payload), &facts[n]))
	}
	return facts
}

// What both sides count on is told when it changes: not what nobody agreed to yet,
// not that it was made, and not what stays as it was.
func TestAnAgreedAppointmentThatChangesIsAFact(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	m := b.matched(t, need(nil), help(nil), nil)
	staff, states := asCoordinator(t), []string{}
	b.appoint(staff, t, b.at(m, 3, "09:00", "Demo street 1"))
	b.appoint(staff, t, b.at(m, 4, "09:00", "Demo street 1"))
	b.move(staff, t, m, "accept")
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"the same again", func() { b.appoint(staff, t, b.at(m, 4, "09:00", "Demo street 1")) }, ""},
		{"another hour", func() { b.appoint(staff, t, b.at(m, 4, "10:00", "Demo street 1")) }, "moved"},
		{"another place", func() { b.appoint(staff, t, b.at(m, 4, "10:00", "Demo street 2")) }, "moved"},
		{"who does not see the place", func() { b.appoint(asToken(t, contract.RoleAnswerer, m.ID), t, b.at(m, 4, "10:00", "")) }, ""},
		{"another day of the match", func() {
			b.move(staff, t, m, "reschedule", func(q *contract.Move) { q.At = new(b.clock.Now().Add(100 * time.Hour)) })
		}, "moved"},
		{"called off", func() { b.move(staff, t, m, moveUnschedule) }, "cancelled"},
		{"made again", func() { b.appoint(staff, t, b.at(m, 5, "09:00", "")) }, "moved"},
		{"the match is cancelled", func() { b.move(staff, t, m, "cancel") }, "cancelled"},
	} {
		step.do()
		if step.want != "" {
			states = append(states, step.want)
		}
		got := []string{}
		for _, e := range b.toldOfAppointment(t, m.ID) {
			got = append(got, e.State)
		}
		if !slices.Equal(got, states) {
			t.Fatalf("%s: told %v, want %v", step.what, got, states)
		}
	}
	facts := b.toldOfAppointment(t, m.ID)
	for n, e := range facts {
		if n > 0 && (e.Version <= facts[n-1].Version || e.Data.Stood != facts[n-1].Data.Stands) {
			t.Errorf("%d: version %d after %d, it stood %q after %q", n, e.Version, facts[n-1].Version, e.Data.Stood, facts[n-1].Data.Stands)
		}
	}
	last := facts[len(facts)-1]
	if last.Data.Reason != "cancelled" || last.Data.Was == nil || last.Data.At != nil || last.Data.Stands != "" {
		t.Errorf("%+v", last.Data)
	}
}

// A move there and back leaves it as it stood before; nobody sets out for what has begun.
func TestAnAppointmentIsKnownAgainAndNotToldAfterItBegan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	m := b.matched(t, need(nil), help(nil), nil)
	staff := asCoordinator(t)
	b.move(staff, t, m, "accept")
	first := b.appoint(staff, t, b.at(m, 3, "09:00", "Demo street 1"))
	b.appoint(staff, t, b.at(m, 3, "11:00", "Demo street 2"))
	b.appoint(staff, t, b.at(m, 3, "09:00", "Demo street 1"))
	facts := b.toldOfAppointment(t, m.ID)
	if len(facts) != 2 || facts[1].Data.Stands != facts[0].Data.Stood || !facts[1].Data.At.Equal(first.Start) {
		t.Fatalf("%+v", facts)
	}
	b.clock.Advance(first.End.Sub(b.clock.Now()))
	b.move(staff, t, m, "no_show")
	if n := len(b.toldOfAppointment(t, m.ID)); n != 2 {
		t.Errorf("%d facts, one after it began", n)
	}
}

// The erasure of a request leaves nothing by which its places are known again.
func TestAnErasureTakesDigestsOfPlacesAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.servePlaces(t)
	r := need(nil)
	m := b.matched(t, r, help(nil), nil)
	b.appoint(asCoordinator(t), t, b.at(m, 3, "09:00", "Demo street 1"))
	kept := func() (digest string) {
		must(t, b.admin.GetContext(t.Context(), &digest, `SELECT place_digest FROM matcher.appointments WHERE match_id = $1`, m.ID))
		return digest
	}
	if kept() == "" {
		t.Fatal("no digest of the place")
	}
	b.tellEnd(t, r)
	if got := kept(); got != "" {
		t.Errorf("%q is left", got)
	}
}
