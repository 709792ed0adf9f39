package matcher

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/testkit"
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

// carryAlone does what was decided before something else happened.
func (b *bench) carryAlone(t *testing.T, g glance) (sent []askRow, err error) {
	t.Helper()
	err = b.worker.db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		sent, err = b.carryWave(t.Context(), tx, g, wave.Next{Look: b.clock.Now().Add(idleLook)})
		return err
	})
	return sent, err
}
