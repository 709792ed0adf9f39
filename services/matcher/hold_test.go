package matcher

import (
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestADeclinedPairNeverReturns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(2))), help(new(int64(2)))
	m := b.matched(t, r, o, nil)
	if n := len(b.suggestions(t, r).Items); n != 0 {
		t.Errorf("a live pair is suggested %d times", n)
	}
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "decline", func(q *contract.Move) { q.Reason = "no_time" })
	if n := len(b.suggestions(t, r).Items); n != 0 {
		t.Error("a declined pair is suggested again")
	}
	_, err := b.Propose(asCoordinator(t), proposal(r, o, nil))
	wantFault(t, err, fault.Conflict, "pair_refused")
	other := need(new(int64(2)))
	b.tell(t, other, "open")
	if n := len(b.suggestions(t, other).Items); n != 1 {
		t.Errorf("what was freed is suggested %d times to another need", n)
	}
}

func TestHoldsExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.clock.Set(time.Date(2026, 2, 3, 2, 0, 0, 0, time.UTC)) // 10:00 in Xi'an
	r, o := need(new(int64(1))), help(new(int64(1)))
	m := b.matched(t, r, o, nil)
	b.clock.Advance(2*time.Hour - time.Second)
	must(t, b.expireHolds(t.Context()))
	if got, _ := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)}); got.State != "proposed" {
		t.Fatalf("expired early: %s", got.State)
	}
	b.clock.Advance(time.Second)
	must(t, b.expireHolds(t.Context()))
	if got, _ := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)}); got.State != "hold_expired" {
		t.Fatalf("still %s", got.State)
	}
	if n := len(b.suggestions(t, r).Items); n != 1 {
		t.Errorf("after the hold the pair is suggested %d times, want once", n)
	}
	_, err := b.Move(asToken(t, contract.RoleAnswerer, m.ID), contract.Move{ID: string(m.ID), Move: "accept"})
	wantFault(t, err, fault.Conflict, "illegal_move")
}

// TestNotThisTimeKeepsThePair frees at once, and says nothing against another time.
func TestNotThisTimeKeepsThePair(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(1))), help(new(int64(1)))
	m := b.matched(t, r, o, nil)
	got := b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "not_now")
	if got.State != "hold_expired" || got.Reason != "not_now" {
		t.Fatalf("%+v", got)
	}
	if n := len(b.suggestions(t, r).Items); n != 1 {
		t.Errorf("the pair is suggested %d times, want once", n)
	}
	if rows, err := b.worker.loadOffers(t.Context(), []contract.OfferID{o.OfferID}, b.clock.Now()); err != nil || len(rows) != 1 || rows[0].Asked != 0 {
		t.Errorf("it counts against the helper: %+v %v", rows, err)
	}
	again, err := b.Propose(asCoordinator(t), proposal(r, o, nil))
	must(t, err)
	if again.ID == m.ID || again.State != "proposed" {
		t.Errorf("proposed anew: %+v", again)
	}
}

// TestAProposalIsHandedToAColleague of the same organisation alone, with its place.
func TestAProposalIsHandedToAColleague(t *testing.T) {
	t.Parallel()
	b := setup(t)
	agency := func(p *contract.ProjectedOffer) {
		p.Organisation, p.Path, p.Sharing = "agency", "root/shaanxi/xian/agency/", contract.SharingNetwork
	}
	b.helpers(t, 2, 5)
	r, mine := need(new(int64(1))), b.helpers(t, 1, 5, agency)[0]
	m := b.matched(t, r, mine, nil)
	token := asToken(t, contract.RoleAnswerer, m.ID)
	hand := contract.Move{ID: string(m.ID), Move: "hand_on", Key: "hand on"}
	_, err := b.Move(token, hand)
	wantFault(t, err, fault.Conflict, "no_colleague")
	if got, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)}); err != nil || got.State != "proposed" {
		t.Fatalf("a hand without a colleague leaves it %s, %v", got.State, err)
	}
	colleague := b.helpers(t, 1, 5, agency)[0]
	for range 2 {
		got, err := b.Move(token, hand)
		must(t, err)
		if got.ID != m.ID || got.State != "hold_expired" || got.Reason != "handed_on" {
			t.Fatalf("%+v", got)
		}
	}
	list, err := b.List(asCoordinator(t), contract.ListMatches{States: []string{"proposed"}})
	must(t, err)
	if len(list.Items) != 1 || list.Items[0].OfferID != colleague.OfferID || list.Items[0].Quantity != 1 {
		t.Errorf("proposed now: %+v", list.Items)
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

// TestAHoldIsToldOfBeforeItEnds once, in its last quarter.
func TestAHoldIsToldOfBeforeItEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.clock.Set(time.Date(2026, 2, 3, 2, 0, 0, 0, time.UTC)) // 10:00 in Xi'an
	m := b.matched(t, need(nil), help(nil), nil)
	b.clock.Advance(89 * time.Minute)
	if got := b.told(t); len(got) != 0 {
		t.Errorf("told %v early", got)
	}
	b.clock.Advance(time.Minute)
	for range 2 {
		if got := b.told(t); !slices.Equal(got, []string{"hold_ending"}) {
			t.Errorf("told %v", got)
		}
	}
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "accept")
	b.clock.Advance(time.Hour)
	if got := b.told(t); len(got) != 1 {
		t.Errorf("told %v after the answer", got)
	}
}

func TestAcceptedWithoutAStartIsStuck(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.matched(t, need(new(int64(1))), help(new(int64(1))), nil)
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "accept")
	stuck := func() int {
		list, err := b.List(asCoordinator(t), contract.ListMatches{Queue: "stuck"})
		must(t, err)
		return len(list.Items)
	}
	if stuck() != 0 {
		t.Error("stuck at once")
	}
	b.clock.Advance(24 * time.Hour)
	must(t, b.expireHolds(t.Context()))
	if stuck() != 1 {
		t.Error("not in the queue after a day")
	}
}

// TestFactsTellUntilWhenHelpShouldBegin while it is accepted, and always whose offer it is.
func TestFactsTellUntilWhenHelpShouldBegin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.matched(t, need(new(int64(1))), help(new(int64(1))), nil)
	accepted := b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "accept")
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, accepted, "start")
	var facts []string
	must(t, b.admin.SelectContext(t.Context(), &facts, `
		SELECT concat_ws(' ', payload::json ->> 'state', payload::json -> 'data' ->> 'offer_organisation', (payload::json -> 'data' ->> 'start_by')::timestamptz = $2)
		FROM matcher.outbox WHERE payload::json ->> 'aggregate_id' = $1 ORDER BY (payload::json ->> 'version')::int`, m.ID, accepted.StartBy))
	owner := m.OfferOwner
	if want := []string{"proposed " + owner, "accepted " + owner + " t", "in_progress " + owner}; owner == "" || !slices.Equal(facts, want) {
		t.Errorf("said %v, want %v", facts, want)
	}
}

func TestShrinkingCapacityFreesTheNewestHolds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := help(new(int64(3)))
	b.tellOffer(t, o, "available")
	matches := make([]contract.Match, 3)
	for i := range matches {
		r := need(new(int64(1)))
		b.tell(t, r, "open")
		var err error
		matches[i], err = b.Propose(asCoordinator(t), proposal(r, o, nil))
		must(t, err)
		b.clock.Advance(time.Second)
	}
	b.move(asToken(t, contract.RoleAnswerer, matches[2].ID), t, matches[2], "accept")
	o.Version, o.Lines[0].Quantity = 2, new(int64(2))
	b.tellOffer(t, o, "available")
	for i, want := range []string{"proposed", "cancelled", "accepted"} {
		got, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(matches[i].ID)})
		must(t, err)
		if got.State != want {
			t.Errorf("match %d is %s, want %s", i, got.State, want)
		}
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}
