package matcher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
	"heli/services/matcher/rank"
	"heli/services/matcher/wave"
)

// helper is a helper of Xi'an with a phone of their own, who may be asked so often a week.
func helper(key string, budget int64, change ...func(*contract.ProjectedOffer)) contract.ProjectedOffer {
	return help(new(int64(1)), append(change, func(p *contract.ProjectedOffer) { p.HelperKey, p.WeeklyBudget = key, &budget })...)
}

// helpers tells of so many.
func (b *bench) helpers(t testing.TB, n int, budget int64, change ...func(*contract.ProjectedOffer)) []contract.ProjectedOffer {
	t.Helper()
	offers := make([]contract.ProjectedOffer, n)
	for i := range offers {
		offers[i] = helper(fmt.Sprint("phone ", contract.NewID[string]()), budget, change...)
		b.tellOffer(t, offers[i], "available")
	}
	return offers
}

// asking starts to ask for a need that is told of.
func (b *bench) asking(t testing.TB, r contract.ProjectedRequest) []contract.Ask {
	t.Helper()
	b.tell(t, r, "open")
	_, err := b.StartWave(asCoordinator(t), contract.StartWave{NeedLineID: contract.NeedLineID(r.Lines[0].ID)})
	must(t, err)
	return b.asks(t, r)
}

// asks returns the asks of a request in the given states, in all states without any,
// the oldest first.
func (b *bench) asks(t testing.TB, r contract.ProjectedRequest, states ...string) []contract.Ask {
	t.Helper()
	listing, err := b.Asks(asCoordinator(t), contract.ListAsks{RequestID: r.RequestID, States: states, Page: contract.Page{Limit: 100}})
	must(t, err)
	slices.Reverse(listing.Items)
	return listing.Items
}

func (b *bench) answer(t testing.TB, a contract.Ask, move string, change ...func(*contract.Move)) (contract.Ask, error) {
	t.Helper()
	q := contract.Move{ID: string(a.ID), Move: move}
	for _, f := range change {
		f(&q)
	}
	return b.MoveAsk(asToken(t, contract.RoleAnswerer, a.ID), q)
}

func (b *bench) answered(t testing.TB, a contract.Ask, move string, change ...func(*contract.Move)) contract.Ask {
	t.Helper()
	a, err := b.answer(t, a, move, change...)
	must(t, err)
	return a
}

func because(reason string) func(*contract.Move) {
	return func(m *contract.Move) { m.Reason = reason }
}

func (b *bench) tend(t testing.TB) {
	t.Helper()
	must(t, b.tendWaves(t.Context()))
}

// brokenAsks returns what of the invariants of asks does not hold.
func (b *bench) brokenAsks(t testing.TB) []string {
	t.Helper()
	var broken []string
	must(t, b.admin.SelectContext(t.Context(), &broken, `
		SELECT 'budget of ' || helper_key FROM matcher.helper_load WHERE asked > budget
		UNION ALL SELECT 'load of ' || h.helper_key || ' says ' || h.asked || ', sent ' || count(a.id) FROM matcher.helper_load h
			LEFT JOIN matcher.asks a ON a.helper_key = h.helper_key AND date_trunc('week', a.created_at AT TIME ZONE 'UTC')::date = h.week
			WHERE h.helper_key LIKE 'phone %' GROUP BY h.helper_key, h.week, h.asked HAVING h.asked <> count(a.id)
		UNION ALL SELECT 'asks that are open of a met need ' || n.need_line_id FROM matcher.needs n JOIN matcher.asks a USING (need_line_id)
			JOIN matcher.waves w USING (need_line_id) WHERE w.state <> 'asking' AND a.state = 'asked'
		UNION ALL SELECT 'accepted without a match ' || id FROM matcher.asks WHERE (state = 'accepted') <> (match_id IS NOT NULL)
		UNION ALL SELECT 'accepted, and its match is of another pair ' || a.id FROM matcher.asks a JOIN matcher.matches m ON m.id = a.match_id
			WHERE m.offer_id <> a.offer_id OR m.need_line_id <> a.need_line_id
		UNION ALL SELECT 'more than needed of ' || need_line_id FROM matcher.needs WHERE reserved > quantity`))
	return broken
}

// untold returns the asks whose history or facts are not whole.
func (b *bench) untold(t testing.TB) []string {
	t.Helper()
	var untold []string
	must(t, b.admin.SelectContext(t.Context(), &untold, `
		WITH facts AS MATERIALIZED (SELECT payload::json ->> 'aggregate_id' AS id, payload::json ->> 'state' AS state FROM matcher.outbox)
		SELECT 'history of ' || a.id FROM matcher.asks a WHERE version <> (SELECT count(*) FROM matcher.history h WHERE h.subject_id = a.id)
		UNION ALL SELECT 'no fact of ' || a.id || ' ' || a.state FROM matcher.asks a WHERE (a.id::text, a.state) NOT IN (SELECT id, state FROM facts)`))
	return untold
}

func (b *bench) sound(t testing.TB) {
	t.Helper()
	if broken := slices.Concat(b.brokenAsks(t), b.untold(t), b.broken(t)); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

func states(asks []contract.Ask) map[string]int {
	counts := map[string]int{}
	for _, a := range asks {
		counts[a.State]++
	}
	return counts
}

// TestAWaveReservesBudgetsAndNoCapacity: those asked are free for others meanwhile.
func TestAWaveReservesBudgetsAndNoCapacity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 30, 1)
	r := need(new(int64(2)))
	b.tell(t, r, "open")
	before, err := b.Waves(asCoordinator(t), contract.GetByID{ID: string(r.RequestID)})
	must(t, err)
	if w := before.Items[0]; w.Missing != 2 || w.Fitting != 30 || len(w.Next) < 3 || w.State != "" || len(b.asks(t, r)) != 0 {
		t.Fatalf("before anybody asks: %+v", w)
	}
	sent := b.asking(t, r)
	if len(sent) != len(before.Items[0].Next) {
		t.Errorf("asked %d, the preview said %d", len(sent), len(before.Items[0].Next))
	}
	var reserved, counted int
	must(t, b.admin.GetContext(t.Context(), &reserved, `SELECT count(*) FROM matcher.capacity WHERE reserved > 0`))
	must(t, b.admin.GetContext(t.Context(), &counted, `SELECT sum(asked) FROM matcher.helper_load`))
	if reserved != 0 || counted != len(sent) {
		t.Errorf("%d capacities reserved, %d counted for %d asks", reserved, counted, len(sent))
	}
	other := b.asking(t, need(new(int64(2))))
	for _, a := range other {
		if slices.ContainsFunc(sent, func(s contract.Ask) bool { return s.OfferID == a.OfferID }) {
			t.Errorf("%s is asked beyond their budget", a.OfferID)
		}
	}
	again := b.asking(t, r)
	if len(again) != len(sent) {
		t.Errorf("starting twice asks %d more", len(again)-len(sent))
	}
	b.sound(t)
}

// TestAYesMakesAMatchAndTheLastOneTellsTheOthers; a yes after that is thanked, and
// its helper is asked first when somebody lets go.
func TestAYesMakesAMatchAndTheLastOneTellsTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 6, 5)
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	if len(sent) < 4 {
		t.Fatalf("asked %d", len(sent))
	}
	yes := b.answered(t, sent[1], "accept")
	m, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(yes.MatchID)})
	must(t, err)
	if yes.State != "accepted" || m.State != "accepted" || m.Version != 2 || m.OfferID != sent[1].OfferID {
		t.Errorf("a yes made %+v of %+v", m, yes)
	}
	if got := states(b.asks(t, r)); got["filled"] != len(sent)-1 {
		t.Errorf("the others are %v", got)
	}
	late := b.answered(t, sent[2], "accept")
	if late.State != "filled" || !late.StandsBy || late.MatchID != "" {
		t.Errorf("a late yes became %+v", late)
	}
	_, err = b.answer(t, yes, "accept")
	wantFault(t, err, fault.Conflict, "illegal_move")
	b.tend(t)
	if got := b.asks(t, r, "asked"); len(got) != 0 {
		t.Errorf("asks %d for what is filled", len(got))
	}
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "withdraw")
	b.tend(t)
	next := b.asks(t, r, "asked")
	if len(next) == 0 || next[0].OfferID != late.OfferID && !slices.ContainsFunc(next, func(a contract.Ask) bool { return a.OfferID == late.OfferID }) {
		t.Errorf("after a withdrawal asks %+v, not who stands by", next)
	}
	if slices.ContainsFunc(next, func(a contract.Ask) bool { return a.OfferID == yes.OfferID }) {
		t.Error("who withdrew is asked again")
	}
	b.sound(t)
}

// TestAnswersOtherThanYes.
func TestAnswersOtherThanYes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 12, 5)
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	_, err := b.answer(t, sent[0], "decline")
	wantFault(t, err, fault.Invalid, "invalid")
	_, err = b.answer(t, sent[0], "decline", because("call me on 555"))
	wantFault(t, err, fault.Invalid, "invalid")
	no := b.answered(t, sent[0], "decline", because("too_far"))
	later := b.answered(t, sent[1], "not_now")
	if no.State != "declined" || no.Reason != "too_far" || later.State != "not_now" {
		t.Errorf("answers: %+v, %+v", no, later)
	}
	histories, err := b.worker.askHistories(t.Context(), nil, []contract.OfferID{sent[0].OfferID}, b.clock.Now())
	must(t, err)
	if len(histories) != 0 {
		t.Errorf("of a helper with a phone by the offer: %v", histories)
	}
	var refused int
	must(t, b.admin.GetContext(t.Context(), &refused, `SELECT count(*) FROM matcher.refused`))
	if refused != 1 {
		t.Errorf("%d pairs are refused, want the declined one", refused)
	}
	if late := b.answered(t, later, "accept"); late.State != "accepted" {
		t.Errorf("a yes after all: %+v", late)
	}
	_, err = b.MoveAsk(asToken(t, contract.RoleAnswerer, sent[3].ID), contract.Move{ID: string(sent[2].ID), Move: "accept"})
	wantFault(t, err, fault.NotFound, "not_found")
	b.sound(t)
}

// TestAnotherTimeIsAcceptedByTheCoordinator.
func TestAnotherTimeIsAcceptedByTheCoordinator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 6, 5)
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	accept := contract.Move{ID: string(sent[0].ID), Move: "accept_time"}
	_, err := b.MoveAsk(asCoordinator(t), accept)
	wantFault(t, err, fault.Conflict, "no_other_time")
	tomorrow := b.clock.Now().AddDate(0, 0, 1).Truncate(time.Second)
	_, err = b.answer(t, sent[0], "suggest_time", func(m *contract.Move) { m.At = new(tomorrow.AddDate(0, 0, -3)) })
	wantFault(t, err, fault.Invalid, "invalid")
	at := func(m *contract.Move) { m.At = &tomorrow }
	suggested := b.answered(t, sent[0], "suggest_time", at)
	if suggested.State != "asked" || !suggested.OtherTime.Equal(tomorrow) {
		t.Errorf("suggested %+v", suggested)
	}
	_, err = b.MoveAsk(as(t.Context(), contract.RoleCoordinator, "root/hubei/"), accept)
	wantFault(t, err, fault.NotFound, "not_found")
	accept.Key = "once"
	yes, err := b.MoveAsk(asCoordinator(t), accept)
	must(t, err)
	again, err := b.MoveAsk(asCoordinator(t), accept)
	must(t, err)
	m, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(yes.MatchID)})
	must(t, err)
	if m.At == nil || !m.At.Equal(tomorrow) || again.MatchID != yes.MatchID {
		t.Errorf("the match is at %v; a repeat: %+v", m.At, again)
	}
	b.sound(t)
}

// TestAnAskIsHandedToAColleague of the same organisation alone.
func TestAnAskIsHandedToAColleague(t *testing.T) {
	t.Parallel()
	b := setup(t)
	agency := func(p *contract.ProjectedOffer) {
		p.Organisation, p.Path, p.Sharing = "agency", "root/shaanxi/xian/agency/", contract.SharingNetwork
	}
	b.helpers(t, 3, 5)
	first := b.helpers(t, 1, 5, agency)[0]
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	mine := sent[slices.IndexFunc(sent, func(a contract.Ask) bool { return a.OfferID == first.OfferID })]
	_, err := b.answer(t, mine, "hand_on")
	wantFault(t, err, fault.Conflict, "no_colleague")
	spent, free := b.helpers(t, 1, 0, agency)[0], b.helpers(t, 1, 5, agency)[0]
	to := func(id contract.OfferID) func(*contract.Move) { return func(m *contract.Move) { m.To = string(id) } }
	for _, id := range []contract.OfferID{spent.OfferID, sent[0].OfferID, contract.NewID[contract.OfferID]()} {
		if id == mine.OfferID {
			id = sent[1].OfferID
		}
		_, err = b.answer(t, mine, "hand_on", to(id))
		wantFault(t, err, fault.Conflict, "no_colleague")
	}
	handed := b.answered(t, mine, "hand_on", to(free.OfferID))
	if handed.State != "not_now" || handed.Reason != "handed_on" {
		t.Errorf("handed: %+v", handed)
	}
	open := b.asks(t, r, "asked")
	if !slices.ContainsFunc(open, func(a contract.Ask) bool { return a.OfferID == free.OfferID }) {
		t.Errorf("the colleague is not asked: %+v", open)
	}
	b.sound(t)
}

// TestSilenceAsksTheNextAndExpires.
func TestSilenceAsksTheNextAndExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 40, 5)
	r := need(new(int64(1)), func(p *contract.ProjectedRequest) { p.Urgency = contract.Critical })
	sent := b.asking(t, r)
	b.tend(t)
	if now := b.asks(t, r); len(now) != len(sent) {
		t.Errorf("asks %d more at once", len(now)-len(sent))
	}
	for range 8 {
		b.clock.Advance(10 * time.Minute)
		b.tend(t)
	}
	got := states(b.asks(t, r))
	if got["expired"] < len(sent) || got["expired"]+got["asked"] <= len(sent) {
		t.Errorf("after silence: %v of at first %d", got, len(sent))
	}
	late := b.answered(t, sent[0], "accept")
	if late.State != "accepted" {
		t.Errorf("a yes after its time, while somebody is missing: %+v", late)
	}
	b.tend(t)
	if got := b.asks(t, r, "asked"); len(got) > 0 {
		t.Errorf("%d are still asked", len(got))
	}
	b.sound(t)
}

// tellEnd makes known that a request was closed and erased.
func (b *bench) tellEnd(t testing.TB, r contract.ProjectedRequest) {
	t.Helper()
	b.fakes.mu.Lock()
	delete(b.fakes.requests, string(r.RequestID))
	b.fakes.mu.Unlock()
	e := contract.Event{
		SchemaVersion: 1, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest, State: "closed",
		AggregateID: string(r.RequestID), Version: r.Version + 1, Data: contract.EventData{Erased: true},
	}
	must(t, b.hearRequests(t.Context(), []contract.Event{e}, testkit.Once(t, b.worker.db, e)))
}

// TestAskingEnds with the request, with an offer, and when somebody stops it.
func TestAskingEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	offers := b.helpers(t, 8, 9)
	closed, stopped, erased := need(new(int64(1))), need(new(int64(1))), need(new(int64(2)))
	for _, r := range []contract.ProjectedRequest{closed, stopped, erased} {
		b.asking(t, r)
	}
	b.tellEnd(t, closed)
	lead := as(t.Context(), contract.RoleAgencyLead, testkit.Xian.Path)
	_, err := b.StopWave(lead, contract.StopWave{NeedLineID: contract.NeedLineID(stopped.Lines[0].ID)})
	must(t, err)
	gone := b.asks(t, erased, "asked")[0]
	for _, o := range offers {
		if o.OfferID == gone.OfferID {
			b.fakes.mu.Lock()
			delete(b.fakes.offers, string(o.OfferID))
			b.fakes.mu.Unlock()
			o.Version++
			f := contract.Event{SchemaVersion: 1, ID: contract.NewID[contract.EventID](), Thing: contract.ThingOffer, State: "withdrawn", AggregateID: string(o.OfferID), Version: o.Version}
			must(t, b.hearOffers(t.Context(), []contract.Event{f}, testkit.Once(t, b.worker.db, f)))
		}
	}
	b.tend(t)
	b.tend(t)
	for _, r := range []contract.ProjectedRequest{closed, stopped} {
		if got := states(b.asks(t, r)); got["withdrawn"] == 0 || len(got) != 1 {
			t.Errorf("asks are %v", got)
		}
	}
	a, err := b.Ask(asCoordinator(t), contract.GetByID{ID: string(gone.ID)})
	must(t, err)
	if a.State != "withdrawn" || a.Reason != "offer_ended" {
		t.Errorf("the ask of an offer that ended: %+v", a)
	}
	_, err = b.answer(t, b.asks(t, closed)[0], "accept")
	wantFault(t, err, fault.Conflict, "ask_over")
	b.sound(t)
}

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

// carryAlone does what was decided before something else happened.
func (b *bench) carryAlone(t *testing.T, g glance) (sent []askRow, err error) {
	t.Helper()
	err = b.worker.db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		sent, err = b.carryWave(t.Context(), tx, g, wave.Next{Look: b.clock.Now().Add(idleLook)})
		return err
	})
	return sent, err
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
