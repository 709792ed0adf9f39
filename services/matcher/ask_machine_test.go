package matcher

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// askMachine does at random what coordinators, helpers and time do to a few needs
// that few helpers are asked for.
type askMachine struct {
	*bench
	t     *testing.T
	other *Service
	needs []contract.ProjectedRequest
	lives []contract.ProjectedOffer
}

// TestAskingKeepsItsPromises: no budget is broken, no more is accepted than is
// missing, and every ask ends.
func TestAskingKeepsItsPromises(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := &askMachine{bench: b, t: t, other: other}
		for range rapid.IntRange(1, 3).Draw(rt, "needs") {
			urgency := rapid.SampledFrom([]contract.Urgency{contract.Critical, contract.Urgent, contract.Soon}).Draw(rt, "urgency")
			r := need(quantity(rt, "need"), func(p *contract.ProjectedRequest) { p.Urgency = urgency })
			m.tell(t, r, "open")
			m.needs = append(m.needs, r)
		}
		for range rapid.IntRange(1, 5).Draw(rt, "helpers") {
			m.lives = append(m.lives, m.helpers(t, 1, rapid.Int64Range(0, 3).Draw(rt, "budget"))...)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"start": m.start, "stop": m.stop, "answer": m.anyAnswer, "fall away": m.fallAway, "propose": m.propose, "time": m.pass, "": m.check,
		})
		m.finish(rt)
	})
}

func (m *askMachine) instance(rt *rapid.T) *Service {
	if rapid.Bool().Draw(rt, "other instance") {
		return m.other
	}
	return m.Service
}

func (m *askMachine) drawNeed(rt *rapid.T) contract.ProjectedRequest {
	return rapid.SampledFrom(m.needs).Draw(rt, "need")
}

func (m *askMachine) expected(rt *rapid.T, err error) {
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		rt.Fatalf("unexpected: %v", err)
	}
}

// catchUp has the other instance know what this one does.
func (m *askMachine) catchUp() {
	var c changes
	for _, r := range m.needs {
		c.Requests = append(c.Requests, r.RequestID)
	}
	for _, o := range m.lives {
		c.Offers = append(c.Offers, o.OfferID)
	}
	must(m.t, m.other.reload(m.t.Context(), c))
	must(m.t, m.reload(m.t.Context(), c))
}

func (m *askMachine) start(rt *rapid.T) {
	m.catchUp()
	_, err := m.instance(rt).StartWave(asCoordinator(m.t), contract.StartWave{NeedLineID: contract.NeedLineID(m.drawNeed(rt).Lines[0].ID)})
	m.expected(rt, err)
}

func (m *askMachine) stop(rt *rapid.T) {
	_, err := m.StopWave(asCoordinator(m.t), contract.StopWave{NeedLineID: contract.NeedLineID(m.drawNeed(rt).Lines[0].ID)})
	if !fault.Is(err, fault.NotFound) { // nobody asks for it
		m.expected(rt, err)
	}
}

func (m *askMachine) anyAnswer(rt *rapid.T) {
	asks := m.asks(m.t, m.drawNeed(rt))
	if len(asks) == 0 {
		return
	}
	a := rapid.SampledFrom(asks).Draw(rt, "ask")
	move := rapid.SampledFrom(AskMoves).Draw(rt, "move")
	q := contract.Move{ID: string(a.ID), Move: move.Name, Reason: "other", At: new(m.clock.Now().Add(time.Hour))}
	ctx := asToken(m.t, contract.RoleAnswerer, a.ID)
	if !slices.Contains(move.Who, contract.RoleAnswerer) {
		ctx = asCoordinator(m.t)
	}
	_, err := m.instance(rt).MoveAsk(ctx, q)
	if !fault.Is(err, fault.Forbidden) {
		m.expected(rt, err)
	}
}

func (m *askMachine) fallAway(rt *rapid.T) {
	listing, err := m.List(asCoordinator(m.t), contract.ListMatches{RequestID: m.drawNeed(rt).RequestID, States: []string{"accepted", "proposed"}})
	must(m.t, err)
	if len(listing.Items) == 0 {
		return
	}
	move := rapid.SampledFrom([]string{"no_show", "withdraw", "cancel"}).Draw(rt, "move")
	_, err = m.Move(asCoordinator(m.t), contract.Move{ID: string(listing.Items[0].ID), Move: move, Reason: "other"})
	m.expected(rt, err)
}

// propose takes what is missing away from those who are asked.
func (m *askMachine) propose(rt *rapid.T) {
	r, o := m.drawNeed(rt), help(new(int64(1)))
	m.tellOffer(m.t, o, "available")
	_, err := m.Propose(asCoordinator(m.t), proposal(r, o, nil))
	m.expected(rt, err)
	o.Available = false
	o.Version++
	m.tellOffer(m.t, o, "paused") // others do not find it
}

func (m *askMachine) pass(rt *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 600).Draw(rt, "minutes")) * time.Minute)
	must(m.t, m.expireHolds(m.t.Context()))
	m.catchUp()
	must(m.t, m.instance(rt).tendWaves(m.t.Context()))
	must(m.t, m.instance(rt).tendWaves(m.t.Context()))
}

func (m *askMachine) check(rt *rapid.T) {
	if broken := m.brokenAsks(m.t); len(broken) > 0 {
		rt.Fatalf("invariants: %v", broken)
	}
}

// finish closes every request, after which no ask is open, and ends the offers.
func (m *askMachine) finish(rt *rapid.T) {
	for _, r := range m.needs {
		m.tellEnd(m.t, r)
	}
	for _, o := range m.lives {
		o.Available = false
		o.Version++
		m.tellOffer(m.t, o, "paused")
	}
	m.catchUp()
	must(m.t, m.tendWaves(m.t.Context()))
	var open int
	must(m.t, m.admin.GetContext(m.t.Context(), &open, `SELECT count(*) FROM matcher.asks WHERE state = 'asked'`))
	if open != 0 {
		rt.Fatalf("%d asks are open after all", open)
	}
	if broken := slices.Concat(m.brokenAsks(m.t), m.untold(m.t), m.broken(m.t)); len(broken) > 0 {
		rt.Fatalf("invariants: %v", broken)
	}
}
