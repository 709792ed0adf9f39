package matcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestEveryStatementPrepares(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, q := range statements() {
		stmt, err := b.db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("prepare %s: %v", q, err)
			continue
		}
		must(t, stmt.Close())
	}
	for _, q := range namedStatements() {
		stmt, err := b.db.PrepareNamedContext(t.Context(), q)
		if err != nil {
			t.Errorf("prepare %s: %v", q, err)
			continue
		}
		must(t, stmt.Close())
	}
}

// TestRace lets 200 clients race for an offer with capacity 50.
func TestRace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	needs := make([]contract.ProjectedRequest, 200)
	for i := range needs {
		needs[i] = need(new(int64(20)))
		b.tell(t, needs[i], "open")
	}
	for seed := range uint64(20) {
		offer := help(new(int64(50)))
		b.tellOffer(t, offer, "available")
		random := rand.New(rand.NewPCG(seed, 1))
		random.Shuffle(len(needs), func(i, j int) { needs[i], needs[j] = needs[j], needs[i] })
		if won := b.race(t, needs, offer); won != 50 {
			t.Errorf("seed %d: %d units reserved, want 50", seed, won)
		}
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

func (b *bench) race(t *testing.T, needs []contract.ProjectedRequest, offer contract.ProjectedOffer) int64 {
	var won atomic.Int64
	var clients sync.WaitGroup
	for _, n := range needs {
		clients.Go(func() {
			m, err := b.Propose(asCoordinator(t), proposal(n, offer, new(int64(1))))
			switch {
			case err == nil:
				won.Add(m.Quantity)
			case fault.As(err).Code != "capacity_gone":
				t.Errorf("lost with %v", err)
			}
		})
	}
	clients.Wait()
	return won.Load()
}

func TestProposeRepeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(10))), help(new(int64(10)))
	first := b.matched(t, r, o, new(int64(4)))
	q := proposal(r, o, new(int64(4)))
	q.ID = first.ID
	again, err := b.Propose(asCoordinator(t), q)
	must(t, err)
	if again.ID != first.ID || again.Quantity != 4 {
		t.Errorf("a repeat made %+v", again)
	}
	_, err = b.Propose(asCoordinator(t), proposal(r, o, new(int64(1))))
	wantFault(t, err, fault.Conflict, "pair_live")
	keyed := proposal(r, help(nil), new(int64(1)))
	keyed.Key, keyed.BodyHash = "k", "h"
	o2 := help(new(int64(10)))
	b.tellOffer(t, o2, "available")
	keyed.OfferLineID = contract.OfferLineID(o2.Lines[0].ID)
	one, err := b.Propose(asCoordinator(t), keyed)
	must(t, err)
	keyed.ID = contract.NewID[contract.MatchID]()
	two, err := b.Propose(asCoordinator(t), keyed)
	must(t, err)
	if one.ID != two.ID {
		t.Error("the same key made two matches")
	}
	keyed.ID, keyed.BodyHash = contract.NewID[contract.MatchID](), "other"
	_, err = b.Propose(asCoordinator(t), keyed)
	wantFault(t, err, fault.Conflict, "idempotency_key_reused")
}

func TestProposeRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(3))), help(new(int64(2)))
	b.tell(t, r, "open")
	b.tellOffer(t, o, "available")
	closed := need(new(int64(1)), func(p *contract.ProjectedRequest) { p.Open = false })
	b.tell(t, closed, "submitted")
	paused := help(new(int64(1)), func(p *contract.ProjectedOffer) { p.Available = false })
	b.tellOffer(t, paused, "paused")
	far := help(new(int64(1)), func(p *contract.ProjectedOffer) { p.Lines[0].Category = "legal" })
	b.tellOffer(t, far, "available")
	foreign := help(new(int64(1)), func(p *contract.ProjectedOffer) { p.Path = "root/hubei/" })
	b.tellOffer(t, foreign, "available")
	cases := []struct {
		name string
		q    contract.Propose
		kind fault.Kind
		code string
	}{
		{"more than the offer has", proposal(r, o, new(int64(3))), fault.Conflict, "capacity_gone"},
		{"more than the need lacks", proposal(r, o, new(int64(4))), fault.Conflict, "need_met"},
		{"not open", proposal(closed, o, nil), fault.Conflict, "request_not_open"},
		{"paused", proposal(r, paused, nil), fault.Conflict, "offer_not_available"},
		{"a hard rule", proposal(r, far, nil), fault.Conflict, "rule_category"},
		{"another organisation's own offer", proposal(r, foreign, nil), fault.NotFound, "not_found"},
		{"nothing", proposal(r, o, new(int64(0))), fault.Invalid, "invalid"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.Propose(asCoordinator(t), c.q)
			wantFault(t, err, c.kind, c.code)
		})
	}
	for _, role := range []contract.Role{contract.RoleAuditor, contract.RoleHelper, contract.RoleIntegrator, contract.RolePublic} {
		_, err := b.Propose(as(t.Context(), role, testkit.Xian.Path), proposal(r, o, nil))
		wantFault(t, err, fault.Forbidden, "forbidden")
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

func TestTheWholeWayOfAMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(10))), help(new(int64(10)))
	m := b.matched(t, r, o, new(int64(10)))
	if m.State != "proposed" || m.HoldUntil == nil || m.PolicyVersion == 0 {
		t.Fatalf("proposed: %+v", m)
	}
	helper, requester := asToken(t, contract.RoleAnswerer, m.ID), asToken(t, contract.RoleRequester, m.RequestID)
	for _, step := range []struct {
		ctx   context.Context
		move  string
		state string
	}{
		{helper, "accept", "accepted"}, {asCoordinator(t), "release_contact", "contact_released"},
		{helper, "start", "in_progress"}, {helper, "report", "reported_done"}, {requester, "confirm", "confirmed"},
	} {
		if m = b.move(step.ctx, t, m, step.move); m.State != step.state {
			t.Fatalf("%s leads to %s", step.move, m.State)
		}
	}
	full, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)})
	must(t, err)
	if len(full.History) != 6 || len(full.Factors) == 0 || *full.Confirmed != 10 {
		t.Errorf("after all: %+v", full)
	}
	helped, err := b.Honours(contract.WithActor(t.Context(), contract.Actor{Role: contract.RolePublic}), contract.Empty{})
	if err != nil || !slices.Contains(helped.Organisations, o.Organisation) || !slices.Contains(helped.Organisations, r.Organisation) {
		t.Errorf("the honour roll: %+v, %v", helped, err)
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

func TestFulfillingLessFreesTheRest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(10))), help(new(int64(10)))
	m := b.matched(t, r, o, new(int64(10)))
	helper := asToken(t, contract.RoleAnswerer, m.ID)
	b.move(helper, t, m, "accept")
	m = b.move(helper, t, m, "report", func(q *contract.Move) { q.Quantity = new(int64(4)) })
	if m.Quantity != 4 {
		t.Errorf("%d stay reserved, want 4", m.Quantity)
	}
	other := need(new(int64(6)))
	b.tell(t, other, "open")
	if _, err := b.Propose(asCoordinator(t), proposal(other, o, new(int64(6)))); err != nil {
		t.Errorf("the rest is not free: %v", err)
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

func TestCapacityRenewsByDay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := help(new(int64(1)), func(p *contract.ProjectedOffer) { p.Lines[0].Per = contract.PerDay })
	r1, r2 := need(new(int64(1))), need(new(int64(1)))
	m := b.matched(t, r1, o, nil)
	b.tell(t, r2, "open")
	_, err := b.Propose(asCoordinator(t), proposal(r2, o, nil))
	wantFault(t, err, fault.Conflict, "capacity_gone")
	tomorrow := b.clock.Now().Add(24 * time.Hour)
	q := proposal(r2, o, nil)
	q.At = &tomorrow
	if _, err := b.Propose(asCoordinator(t), q); err != nil {
		t.Fatalf("tomorrow: %v", err)
	}
	_, err = b.Move(asToken(t, contract.RoleAnswerer, m.ID), contract.Move{ID: string(m.ID), Move: "reschedule", At: &tomorrow})
	wantFault(t, err, fault.Conflict, "capacity_gone")
	later := tomorrow.Add(24 * time.Hour)
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "reschedule", func(q *contract.Move) { q.At = &later })
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

func TestBoxesServePieces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	items := testkit.Reference().Items
	at := slices.IndexFunc(items, func(i contract.Item) bool { return i.Per["box"] > 1 })
	if at < 0 {
		t.Fatal("no item of the test reference comes in boxes")
	}
	item, box := items[at], contract.Unit("box")
	r := need(new(item.Per[box]+1), func(p *contract.ProjectedRequest) {
		p.Lines[0].Category, p.Lines[0].Item, p.Lines[0].Unit, p.Mode = item.Category, item.Code, item.Unit, contract.ModeDelivery
	})
	o := help(new(int64(2)), func(p *contract.ProjectedOffer) {
		p.Lines[0].Category, p.Lines[0].Item, p.Lines[0].Unit, p.Mode = item.Category, item.Code, box, contract.ModeDelivery
	})
	b.matched(t, r, o, nil)
	var reserved int64
	must(t, b.admin.GetContext(t.Context(), &reserved, `SELECT reserved FROM matcher.capacity`))
	if reserved != 2 {
		t.Errorf("%d boxes reserved for a box and a piece, want 2", reserved)
	}
}

func TestAClosedRequestFreesItsMatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(1))), help(new(int64(1)))
	m := b.matched(t, r, o, nil)
	r.Version, r.Open, r.Suggestable = 2, false, false
	b.tell(t, r, "closed")
	got, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)})
	must(t, err)
	if got.State != "cancelled" || got.Reason != "request_closed" {
		t.Errorf("the match is %s (%s)", got.State, got.Reason)
	}
	var kept int
	must(t, b.admin.GetContext(t.Context(), &kept, `SELECT count(*) FROM matcher.requests WHERE document IS NOT NULL`))
	if kept != 0 {
		t.Error("the projection of a closed request is kept")
	}
}

func TestTwoInstancesShareTheWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	r, o := need(new(int64(1))), help(new(int64(1)))
	b.matched(t, r, o, nil)
	must(t, other.follow(t.Context()))
	held, err := other.Suggest(asCoordinator(t), contract.Suggest{RequestID: r.RequestID})
	must(t, err)
	if len(held.Items) != 0 || held.Version != 1 {
		t.Errorf("the other instance answers %+v", held)
	}
	r2 := need(new(int64(1)))
	b.tell(t, r2, "open")
	must(t, other.follow(t.Context()))
	_, err = other.Propose(asCoordinator(t), proposal(r2, o, nil))
	wantFault(t, err, fault.Conflict, "capacity_gone")
}

// TestFactsInAnyOrder tells threefold and shuffled of the versions of a request.
func TestFactsInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := need(new(int64(5)))
			versions := []int64{1, 2, 3, 1, 2, 3, 1, 2, 3}
			random := rand.New(rand.NewPCG(seed, 2))
			random.Shuffle(len(versions), func(i, j int) { versions[i], versions[j] = versions[j], versions[i] })
			r.Version, r.Lines[0].Quantity = 3, new(int64(7)) // what the request service answers by now
			b.fakes.requests[string(r.RequestID)] = r
			for _, v := range versions {
				e := contract.Event{SchemaVersion: 1, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest, State: "open", AggregateID: string(r.RequestID), Version: v}
				must(t, b.hearRequests(t.Context(), []contract.Event{e}, testkit.Once(t, b.worker.db, e)))
			}
			held, ok := b.board.request(r.RequestID)
			if !ok || held.Version != 3 || *held.Lines[0].Quantity != 7 {
				t.Errorf("holds %+v", held)
			}
		})
	}
}

func TestSight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.matched(t, need(new(int64(1))), help(new(int64(1))), nil)
	id := contract.GetByID{ID: string(m.ID)}
	for name, ctx := range map[string]context.Context{
		"the organisation above": as(t.Context(), contract.RoleCoordinator, testkit.Shaanxi.Path),
		"the requester":          asToken(t, contract.RoleRequester, m.RequestID),
		"the one who offers":     asToken(t, contract.RoleOfferer, m.OfferID),
		"the helper":             asToken(t, contract.RoleAnswerer, m.ID),
	} {
		if _, err := b.Get(ctx, id); err != nil {
			t.Errorf("%s does not see it: %v", name, err)
		}
	}
	for name, ctx := range map[string]context.Context{
		"a neighbour":       as(t.Context(), contract.RoleCoordinator, "root/hubei/"),
		"another requester": asToken(t, contract.RoleRequester, contract.NewID[string]()),
		"another helper":    asToken(t, contract.RoleAnswerer, contract.NewID[string]()),
	} {
		_, err := b.Get(ctx, id)
		wantFault(t, err, fault.NotFound, "not_found")
		list, err := b.List(ctx, contract.ListMatches{})
		must(t, err)
		if len(list.Items) != 0 {
			t.Errorf("%s lists it", name)
		}
		_, err = b.Move(ctx, contract.Move{ID: string(m.ID), Move: "accept"})
		wantFault(t, err, fault.NotFound, "not_found")
	}
}
