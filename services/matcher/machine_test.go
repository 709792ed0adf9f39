package matcher

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// machine does at random what people and time do to a few needs and offers.
// Whatever happens, the reservations must add up.
type machine struct {
	*bench
	t        *testing.T
	requests []contract.ProjectedRequest
	offers   []contract.ProjectedOffer
	matches  []contract.MatchID
	versions map[contract.MatchID]int64
}

func TestReservationsAlwaysAddUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{bench: b, t: t, versions: map[contract.MatchID]int64{}}
		for range rapid.IntRange(1, 3).Draw(rt, "needs") {
			m.addNeed(rt)
		}
		for range rapid.IntRange(1, 3).Draw(rt, "offers") {
			m.addOffer(rt)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"propose": m.propose,
			"move":    m.moveAny,
			"shrink":  m.shrink,
			"time":    m.pass,
			"":        m.check,
		})
	})
}

func quantity(rt *rapid.T, label string) *int64 {
	n := rapid.Int64Range(0, 6).Draw(rt, label)
	if n == 0 {
		return nil
	}
	return &n
}

func (m *machine) addNeed(rt *rapid.T) {
	r := need(quantity(rt, "need"))
	m.tell(m.t, r, "open")
	m.requests = append(m.requests, r)
}

func (m *machine) addOffer(rt *rapid.T) {
	per := rapid.SampledFrom([]contract.Period{contract.PerTotal, contract.PerDay, contract.PerWeek}).Draw(rt, "per")
	o := help(quantity(rt, "offer"), func(p *contract.ProjectedOffer) { p.Lines[0].Per = per })
	m.tellOffer(m.t, o, "available")
	m.offers = append(m.offers, o)
}

// expected fails on any error that a client cannot be blamed for.
func (m *machine) expected(rt *rapid.T, err error) bool {
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Forbidden) {
		rt.Fatalf("unexpected: %v", err)
	}
	return err == nil
}

func (m *machine) propose(rt *rapid.T) {
	r := rapid.SampledFrom(m.requests).Draw(rt, "request")
	o := rapid.SampledFrom(m.offers).Draw(rt, "offer")
	q := proposal(r, o, quantity(rt, "quantity"))
	if days := rapid.IntRange(0, 8).Draw(rt, "days ahead"); days > 0 {
		q.At = new(m.clock.Now().AddDate(0, 0, days))
	}
	got, err := m.Propose(asCoordinator(m.t), q)
	if m.expected(rt, err) {
		m.matches = append(m.matches, got.ID)
		m.versions[got.ID] = got.Version
	}
}

func (m *machine) moveAny(rt *rapid.T) {
	if len(m.matches) == 0 {
		return
	}
	id := rapid.SampledFrom(m.matches).Draw(rt, "match")
	row := rapid.SampledFrom(Moves).Draw(rt, "move")
	q := contract.Move{ID: string(id), Move: row.Name, Reason: "other", Quantity: quantity(rt, "amount")}
	if row.Name == "reschedule" {
		q.At = new(m.clock.Now().AddDate(0, 0, rapid.IntRange(1, 8).Draw(rt, "days ahead")))
	}
	got, err := m.Move(m.actor(rt, row.Who, id), q)
	if !m.expected(rt, err) {
		return
	}
	if got.Version <= m.versions[id] {
		rt.Fatalf("version %d after %d", got.Version, m.versions[id])
	}
	m.versions[id] = got.Version
}

// actor is somebody who may make the move, as far as the table says.
func (m *machine) actor(rt *rapid.T, who []contract.Role, id contract.MatchID) context.Context {
	role := rapid.SampledFrom(who).Draw(rt, "role")
	row, err := m.worker.getMatch(m.t.Context(), m.worker.db, id)
	must(m.t, err)
	switch role {
	case contract.RoleAnswerer:
		return asToken(m.t, role, id)
	case contract.RoleRequester:
		return asToken(m.t, role, row.RequestID)
	case contract.RoleOfferer:
		return asToken(m.t, role, row.OfferID)
	case contract.RoleSystem:
		return contract.WithActor(m.t.Context(), contract.System())
	default:
		return asCoordinator(m.t)
	}
}

func (m *machine) shrink(rt *rapid.T) {
	i := rapid.IntRange(0, len(m.offers)-1).Draw(rt, "offer")
	m.offers[i].Version++
	m.offers[i].Lines[0].Quantity = quantity(rt, "capacity")
	m.tellOffer(m.t, m.offers[i], "available")
}

func (m *machine) pass(rt *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 72).Draw(rt, "hours")) * time.Hour)
	must(m.t, m.expireHolds(m.t.Context()))
}

func (m *machine) check(rt *rapid.T) {
	if broken := m.broken(m.t); len(broken) > 0 {
		rt.Fatalf("invariants: %v", broken)
	}
}
