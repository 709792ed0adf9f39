package offer

import (
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// pass lets days pass and does twice, as two processes, what became due.
func (b *bench) pass(t *testing.T, days int) {
	t.Helper()
	b.clock.Advance(time.Duration(days) * 24 * time.Hour)
	for range 2 {
		for _, task := range b.quietTasks() {
			must(t, task(t.Context()))
		}
	}
}

// told returns the kinds of reminders, in order.
func (b *bench) told(t *testing.T) []string {
	t.Helper()
	kinds := []string{}
	must(t, b.admin.SelectContext(t.Context(), &kinds, `
		SELECT payload::json ->> 'state' FROM offer.outbox WHERE payload::json ->> 'thing' = 'reminder' ORDER BY id`))
	return kinds
}

func TestAQuietOfferIsAskedTwiceAndThenPaused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t)
	for _, step := range []struct {
		days, told int
		state      string
		asked      bool
	}{
		{59, 0, "available", false}, {1, 1, "available", true}, {6, 1, "available", true}, {1, 2, "available", true},
		{6, 2, "available", true}, {1, 2, "paused", false}, {90, 2, "paused", false},
	} {
		b.pass(t, step.days)
		got, err := b.Get(asSystem(t), contract.GetByID{ID: string(o.ID)})
		must(t, err)
		if told := b.told(t); len(told) != step.told || got.State != step.state || (got.AskedAt != nil) != step.asked {
			t.Fatalf("after %d days more: told %v, %s, asked %v", step.days, told, got.State, got.AskedAt)
		}
	}
	got, err := b.Get(asSystem(t), contract.GetByID{ID: string(o.ID)})
	must(t, err)
	if last := got.History[len(got.History)-1]; last.Move != movePause || last.Reason != reasonUnanswered || last.Role != contract.RoleSystem {
		t.Errorf("paused by %+v", last)
	}
}

func TestOnePressKeepsAnOffer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t)
	b.pass(t, 60)
	_, err := b.Move(asOfferer(t, o.ID), contract.Move{ID: string(o.ID), Move: moveKeep})
	must(t, err)
	b.pass(t, 59)
	got, err := b.Get(asOfferer(t, o.ID), contract.GetByID{ID: string(o.ID)})
	must(t, err)
	if got.State != "available" || got.AskedAt != nil || len(b.told(t)) != 1 {
		t.Errorf("kept it is %s, asked %v, told %v", got.State, got.AskedAt, b.told(t))
	}
	b.pass(t, 1)
	if len(b.told(t)) != 2 {
		t.Error("it is not asked anew")
	}
}

func TestACredentialThatEndsIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	until := b.clock.Now().Add(45 * 24 * time.Hour)
	b.available(t, func(d *contract.OfferDraft) {
		d.Credentials = []contract.Credential{{Kind: "psych", ValidUntil: &until}, {Kind: "legal"}}
	})
	b.pass(t, 14)
	if told := b.told(t); len(told) != 0 {
		t.Errorf("a month and a day before: told %v", told)
	}
	b.pass(t, 2)
	b.pass(t, 2)
	if told := b.told(t); len(told) != 1 || told[0] != "credential_ending" {
		t.Errorf("told %v", told)
	}
}

// TestCredentialsThatEndAreAQueue of the organisation and those above it, while the
// offer is on offer.
func TestCredentialsThatEndAreAQueue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	with := func(until *time.Time) func(*contract.OfferDraft) {
		return func(d *contract.OfferDraft) {
			d.Credentials = []contract.Credential{{Kind: "legal"}, {Kind: "psych", ValidUntil: until}}
		}
	}
	days := func(n int) *time.Time { return new(b.clock.Now().AddDate(0, 0, n)) }
	ending, over := b.available(t, with(days(20))), b.available(t, with(days(2)))
	b.available(t, with(days(40)))
	b.available(t, with(nil))
	b.offered(t, with(days(20))) // nobody has looked into it
	b.clock.Advance(72 * time.Hour)
	lead := as(t, contract.RoleAgencyLead, xian)
	listed := func(q contract.ListOffers) (ids []contract.OfferID) {
		listing, err := b.List(lead, q)
		must(t, err)
		for _, o := range listing.Items {
			ids = append(ids, o.ID)
		}
		return ids
	}
	want := []contract.OfferID{over.ID, ending.ID}
	if got := listed(contract.ListOffers{Queue: contract.QueueEnding}); !slices.Equal(got, want) {
		t.Errorf("queued %v, want %v", got, want)
	}
	counts, err := b.Count(lead, contract.Empty{})
	must(t, err)
	if counts.Queues[contract.QueueEnding] != 2 || counts.ByState[contract.QueueEnding] != 0 {
		t.Errorf("counts %+v", counts)
	}
	elsewhere, err := b.Count(as(t, contract.RoleAgencyLead, hubei), contract.Empty{})
	must(t, err)
	if elsewhere.Queues[contract.QueueEnding] != 0 {
		t.Errorf("another branch counts %+v", elsewhere)
	}
	_, err = b.List(lead, contract.ListOffers{Queue: "nothing"})
	wantFault(t, err, fault.Invalid, "invalid")
}
