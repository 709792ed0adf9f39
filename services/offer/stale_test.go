package offer

import (
	"testing"
	"time"

	"heli/pkg/contract"
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
