package matcher

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
	"heli/services/matcher/rank"
)

// TestOneOfTwoAnswersWins, given at two instances at the same moment.
func TestOneOfTwoAnswersWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	b.helpers(t, 20, 50)
	for range 5 {
		r := need(new(int64(1)))
		sent := b.asking(t, r)
		must(t, other.reload(t.Context(), changes{Requests: []contract.RequestID{r.RequestID}, Offers: []contract.OfferID{sent[0].OfferID, sent[1].OfferID}}))
		var clients sync.WaitGroup
		var mu sync.Mutex
		won := map[string]int{}
		for i, move := range []string{"accept", "not_now", "accept"} {
			s, a := []*Service{b.Service, other}[i%2], sent[i/2]
			clients.Go(func() {
				_, err := s.MoveAsk(asToken(t, contract.RoleAnswerer, a.ID), contract.Move{ID: string(a.ID), Move: move, Version: &a.Version})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won[string(a.ID)]++
				} else if !fault.Is(err, fault.Conflict) {
					t.Errorf("lost with %v", err)
				}
			})
		}
		clients.Wait()
		first, second := won[string(sent[0].ID)], won[string(sent[1].ID)]
		if first > 1 || first+second == 0 {
			t.Errorf("%d of two answers to one ask were taken, %d of another", first, second)
		}
	}
	b.sound(t)
}

// TestInstancesNeverBreakABudget: each asks for needs of its own, the same few helpers.
func TestInstancesNeverBreakABudget(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 10, 3)
	other := b.another(t)
	var clients sync.WaitGroup
	for i := range 20 {
		r := need(new(int64(1)))
		b.tell(t, r, "open")
		must(t, other.reload(t.Context(), changes{Requests: []contract.RequestID{r.RequestID}}))
		s := []*Service{b.Service, other}[i%2]
		clients.Go(func() {
			_, err := s.StartWave(asCoordinator(t), contract.StartWave{NeedLineID: contract.NeedLineID(r.Lines[0].ID)})
			if err != nil {
				t.Errorf("start: %v", err)
			}
		})
		clients.Go(func() {
			if err := b.tendWaves(t.Context()); err != nil {
				t.Errorf("tend: %v", err)
			}
			if err := other.tendWaves(t.Context()); err != nil {
				t.Errorf("tend: %v", err)
			}
		})
	}
	clients.Wait()
	var counted int
	must(t, b.admin.GetContext(t.Context(), &counted, `SELECT sum(asked) FROM matcher.helper_load`))
	if counted != 30 {
		t.Errorf("asked %d times, the budgets are 30", counted)
	}
	b.sound(t)
}

// TestAskingGoesOnAfterACrash: what was stored before it is all that is needed.
func TestAskingGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 12, 5)
	r := need(new(int64(1)))
	b.tell(t, r, "open")
	line, _ := b.board.index.Need(contract.NeedLineID(r.Lines[0].ID))
	// It dies after somebody began to ask, before anybody was asked.
	must(t, b.begin(asCoordinator(t), b.store, line, contract.ActorFrom(asCoordinator(t))))
	next := b.another(t)
	must(t, next.tendWaves(t.Context()))
	must(t, next.tendWaves(t.Context()))
	sent := b.asks(t, r, "asked")
	if len(sent) == 0 {
		t.Fatal("nobody is asked after a crash")
	}
	// It dies while a wave or an answer is stored: all of it or nothing.
	dying, die := context.WithCancel(asToken(t, contract.RoleAnswerer, sent[0].ID))
	die()
	if _, err := b.MoveAsk(dying, contract.Move{ID: string(sent[0].ID), Move: "accept"}); err == nil {
		t.Fatal("it did not die")
	}
	b.sound(t)
	// It dies after a match fell away, before anybody looked.
	yes := b.answered(t, sent[0], "accept")
	b.answered(t, sent[1], "accept")
	m, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(yes.MatchID)})
	must(t, err)
	b.move(asCoordinator(t), t, m, "no_show")
	last := b.another(t)
	must(t, last.tendWaves(t.Context()))
	if open := b.asks(t, r, "asked"); len(open) == 0 || open[0].OfferID != sent[1].OfferID {
		t.Errorf("after a no-show asks %+v, want who stands by", open)
	}
	b.sound(t)
	standing, err := b.Standing(asCoordinator(t), contract.AskStanding{OfferID: yes.OfferID})
	must(t, err)
	if d := cmp.Diff(contract.Standing{Agreed: 1, NoShows: 1}, standing); d != "" {
		t.Error(d)
	}
}

// TestThePolicyAsksByItself where automatics may, and not where somebody stopped it.
func TestThePolicyAsksByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inForce := *b.policies.Load()
	one := inForce[policyScope{}]
	one.Mode, one.row.CreatedBy = rank.Wave, "somebody"
	inForce = policies{policyScope{}: one}
	b.policies.Store(&inForce)
	b.helpers(t, 6, 5)
	unverified := b.helpers(t, 1, 5, func(p *contract.ProjectedOffer) { p.PhoneVerified = false })[0]
	plain := need(new(int64(1)))
	guarded := need(new(int64(1)), func(p *contract.ProjectedRequest) { p.Safeguards = []string{"woman"} })
	critical := need(new(int64(1)), func(p *contract.ProjectedRequest) { p.Urgency = contract.Critical })
	for _, r := range []contract.ProjectedRequest{plain, guarded, critical} {
		b.tell(t, r, "open")
	}
	b.tend(t)
	if len(b.asks(t, guarded)) != 0 || len(b.asks(t, critical)) != 0 {
		t.Error("it asks by itself where it may not")
	}
	sent := b.asks(t, plain)
	if len(sent) == 0 {
		t.Fatal("it does not ask by itself")
	}
	if slices.ContainsFunc(sent, func(a contract.Ask) bool { return a.OfferID == unverified.OfferID }) {
		t.Error("it asks by itself whose phone nobody verified")
	}
	_, err := b.StopWave(asCoordinator(t), contract.StopWave{NeedLineID: contract.NeedLineID(plain.Lines[0].ID)})
	must(t, err)
	must(t, b.proposeByThemselves(t.Context(), []contract.RequestID{plain.RequestID}))
	b.tend(t)
	if len(b.asks(t, plain, "asked")) != 0 {
		t.Error("it asks on after somebody stopped it")
	}
	b.sound(t)
}

// TestAPolicyOfWavesIsFollowedOnceAfterARestart: it came into force while nobody ran,
// for needs that were open before, and two instances find them at the same time.
func TestAPolicyOfWavesIsFollowedOnceAfterARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.serveDirectory(t)
	b.helpers(t, 8, 5)
	r := need(new(int64(1)))
	b.tell(t, r, "open")
	waves := rank.Default()
	waves.Mode = rank.Wave
	_, err := b.SetPolicy(as(t.Context(), contract.RoleAdministrator, testkit.Xian.Path), contract.SetPolicy{
		Organisation: testkit.Xian.Code, Category: "labour", Document: encoded(t, waves), Reason: "nobody is to wait for the office",
	})
	must(t, err)
	if len(b.asks(t, r)) != 0 {
		t.Fatal("it was followed before anybody looked")
	}
	first, second := b.another(t), b.another(t)
	var both sync.WaitGroup
	for _, s := range []*Service{first, second} {
		both.Go(func() {
			if err := errors.Join(s.sweep(t.Context()), s.tendWaves(t.Context())); err != nil {
				t.Errorf("follow: %v", err)
			}
		})
	}
	both.Wait()
	sent := b.asks(t, r)
	if len(sent) == 0 || slices.ContainsFunc(sent, func(a contract.Ask) bool { return a.Wave != 1 }) {
		t.Fatalf("asked %+v, want one wave", sent)
	}
	must(t, b.another(t).sweep(t.Context()))
	b.tend(t)
	if again := b.asks(t, r); len(again) != len(sent) {
		t.Errorf("after another restart %d were asked, before %d", len(again), len(sent))
	}
	b.sound(t)
}

// TestWhoIsNewIsAskedSoon, though all who fitted were asked before.
func TestWhoIsNewIsAskedSoon(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := need(new(int64(1)))
	if sent := b.asking(t, r); len(sent) != 0 {
		t.Fatalf("asked %d of none", len(sent))
	}
	g, err := b.glance(t.Context(), b.worker, b.worker.db, contract.NeedLineID(r.Lines[0].ID))
	must(t, err)
	late := b.helpers(t, 1, 5)[0] // arrives while somebody looks
	_, err = b.carryAlone(t, g)
	wantFault(t, err, fault.Conflict, "stale_version")
	b.tend(t)
	if sent := b.asks(t, r, "asked"); len(sent) != 1 || sent[0].OfferID != late.OfferID {
		t.Errorf("asks %+v, want who is new", sent)
	}
}

// TestWhoHelpedRests as long as they wish, and is asked again after that.
func TestWhoHelpedRests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tired := b.helpers(t, 1, 9, func(p *contract.ProjectedOffer) { p.RestDays, p.Lines[0].Quantity = 3, new(int64(9)) })[0]
	done := need(new(int64(1)))
	b.tell(t, done, "open")
	m, err := b.Propose(asCoordinator(t), proposal(done, tired, nil))
	must(t, err)
	m = b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "accept")
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "report")
	if sent := b.asking(t, need(new(int64(1)))); len(sent) != 0 {
		t.Errorf("who rests is asked: %+v", sent)
	}
	b.clock.Advance(73 * time.Hour)
	if sent := b.asking(t, need(new(int64(1)))); len(sent) != 1 || sent[0].OfferID != tired.OfferID {
		t.Errorf("after the rest: %+v", sent)
	}
}
