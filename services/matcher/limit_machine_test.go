package matcher

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/testkit"
	"heli/services/matcher/rank"
)

// limitMachine does at random all by which something is asked of helpers: proposals,
// waves, a policy that proposes by itself, plans, appointments, and reports of help
// that took as long as it took. The helpers set limits, another one in each of two
// organisations.
type limitMachine struct {
	*askMachine
}

// TestNothingBreaksAHelpersLimits however help comes about, on two instances.
func TestNothingBreaksAHelpersLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	for _, s := range []*Service{b.Service, other} {
		one := s.policies.Load().installation()
		one.Mode, one.row.CreatedBy = rank.Automatic, "somebody"
		s.policies.Store(&policies{policyScope{}: one})
	}
	rapid.Check(t, func(rt *rapid.T) {
		m := &limitMachine{askMachine: &askMachine{bench: b, t: t, other: other}}
		for range rapid.IntRange(1, 2).Draw(rt, "helpers") {
			m.addHelper(rt)
		}
		m.addNeed(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"need": m.addNeed, "start": m.start, "answer": m.anyAnswer, "propose": m.propose, "plan": m.plan, "appoint": m.appoint,
			"report": m.report, "fall away": m.fallAway, "time": m.pass, "": m.check,
		})
		m.finish(rt)
	})
}

func maybeLimit(rt *rapid.T, label string, most int64) *int64 {
	if n := rapid.Int64Range(-1, most).Draw(rt, label); n >= 0 {
		return &n
	}
	return nil
}

// addHelper has one person help in two organisations.
func (m *limitMachine) addHelper(rt *rapid.T) {
	key := "limited " + contract.NewID[string]()
	unit := rapid.SampledFrom([]contract.Unit{"person", "hour"}).Draw(rt, "unit")
	for _, owner := range []contract.OrganisationRef{testkit.Xian, testkit.Shaanxi} {
		o := help(nil, func(p *contract.ProjectedOffer) {
			p.HelperKey, p.Organisation, p.Path, p.Sharing, p.Lines[0].Unit = key, owner.Code, owner.Path, contract.SharingNetwork, unit
			p.WeeklyBudget, p.WeeklyHours = maybeLimit(rt, "asks", 4), maybeLimit(rt, "hours", 6)
			p.RestDays, p.HeavyHours = rapid.Int64Range(0, 2).Draw(rt, "rest"), rapid.Int64Range(0, 3).Draw(rt, "heavy")
		})
		m.tellOffer(m.t, o, "available")
		must(m.t, m.other.reload(m.t.Context(), changes{Offers: []contract.OfferID{o.OfferID}}))
		m.lives = append(m.lives, o)
	}
}

func (m *limitMachine) addNeed(rt *rapid.T) {
	if len(m.needs) > 6 {
		return
	}
	r := need(quantity(rt, "need"), func(p *contract.ProjectedRequest) {
		p.Lines[0].Unit = rapid.SampledFrom([]contract.Unit{"person", "hour"}).Draw(rt, "unit")
		p.Urgency = rapid.SampledFrom([]contract.Urgency{contract.Critical, contract.Soon}).Draw(rt, "urgency") // critical is never automatic
	})
	m.tell(m.t, r, "open")
	m.needs = append(m.needs, r)
	must(m.t, m.other.reload(m.t.Context(), changes{Requests: []contract.RequestID{r.RequestID}}))
}

func (m *limitMachine) propose(rt *rapid.T) {
	q := proposal(m.drawNeed(rt), rapid.SampledFrom(m.lives).Draw(rt, "offer"), quantity(rt, "quantity"))
	if days := rapid.IntRange(0, 9).Draw(rt, "days ahead"); days > 0 {
		q.At = new(m.clock.Now().AddDate(0, 0, days))
	}
	_, err := m.instance(rt).Propose(asCoordinator(m.t), q)
	m.expected(rt, err)
}

func (m *limitMachine) plan(rt *rapid.T) {
	p, err := m.Plan(asCoordinator(m.t), contract.AskPlan{})
	must(m.t, err)
	_, err = m.ConfirmPlan(asCoordinator(m.t), contract.ConfirmPlan{PlanID: p.ID})
	m.expected(rt, err)
}

// drawMatch is one of the helpers' that is under way, with its helper's hand.
func (m *limitMachine) drawMatch(rt *rapid.T) (contract.Match, bool) {
	listing, err := m.List(asCoordinator(m.t), contract.ListMatches{RequestID: m.drawNeed(rt).RequestID})
	must(m.t, err)
	live := slices.DeleteFunc(listing.Items, func(one contract.Match) bool {
		return !slices.Contains([]string{"proposed", "accepted"}, one.State)
	})
	if len(live) == 0 {
		return contract.Match{}, false
	}
	return rapid.SampledFrom(live).Draw(rt, "match"), true
}

func (m *limitMachine) appoint(rt *rapid.T) {
	one, found := m.drawMatch(rt)
	if !found {
		return
	}
	start := m.clock.Now().Add(time.Duration(rapid.IntRange(1, 200).Draw(rt, "in hours")) * time.Hour)
	end := start.Add(time.Duration(rapid.IntRange(10, 400).Draw(rt, "minutes")) * time.Minute)
	_, err := m.instance(rt).SetAppointment(asToken(m.t, contract.RoleAnswerer, one.ID), contract.SetAppointment{
		MatchID: one.ID, Start: start.UTC().Format(contract.AppointmentForm), End: end.UTC().Format(contract.AppointmentForm), Zone: "UTC",
	})
	m.expected(rt, err)
}

func (m *limitMachine) fallAway(rt *rapid.T) {
	one, found := m.drawMatch(rt)
	if !found {
		return
	}
	move := rapid.SampledFrom([]string{"decline", "withdraw"}).Draw(rt, "move")
	_, err := m.Move(asToken(m.t, contract.RoleAnswerer, one.ID), contract.Move{ID: string(one.ID), Move: move, Reason: "other"})
	m.expected(rt, err)
}

func (m *limitMachine) report(rt *rapid.T) {
	one, found := m.drawMatch(rt)
	if !found {
		return
	}
	ctx := asToken(m.t, contract.RoleAnswerer, one.ID)
	if one.State == string(Proposed) {
		_, err := m.Move(ctx, contract.Move{ID: string(one.ID), Move: "accept"})
		m.expected(rt, err)
	}
	q := contract.Move{ID: string(one.ID), Move: "report"}
	if rapid.Bool().Draw(rt, "says how long") {
		q.Minutes = new(rapid.Int64Range(0, 600).Draw(rt, "took"))
	}
	_, err := m.instance(rt).Move(ctx, q)
	m.expected(rt, err)
}

// check looks whether any limit is broken. What took longer than was agreed is no
// broken limit: nobody asked for it.
func (m *limitMachine) check(rt *rapid.T) {
	var broken []string
	must(m.t, m.admin.SelectContext(m.t.Context(), &broken, `
		WITH strict AS (SELECT helper_key, min(weekly_asks) AS asks, min(weekly_hours) * 60 AS minutes FROM matcher.helper_limits GROUP BY 1),
		weeks AS (SELECT helper_key, date_trunc('week', coalesce(at, created_at) AT TIME ZONE 'UTC') AS week,
				sum(least(minutes, coalesce(took, minutes))) AS agreed
			FROM matcher.matches WHERE state NOT IN ('declined', 'hold_expired', 'withdrawn', 'no_show', 'failed', 'cancelled') GROUP BY 1, 2),
		rests AS (SELECT m.helper_key, h.at, max(h.at + l.rest_days * interval '24 hours') AS until FROM matcher.matches m
			JOIN matcher.history h ON h.subject_id = m.id AND h.move = 'report' AND h.to_state <> 'failed'
			JOIN matcher.helper_limits l ON l.helper_key = m.helper_key AND l.rest_days > 0 AND coalesce(m.took, m.minutes) >= l.heavy_hours * 60
			GROUP BY 1, 2),
		asked AS (SELECT helper_key, created_at FROM matcher.asks
			UNION ALL SELECT helper_key, created_at FROM matcher.matches WHERE id NOT IN (SELECT match_id FROM matcher.asks WHERE match_id IS NOT NULL))
		SELECT 'hours of ' || helper_key || ': ' || agreed FROM weeks JOIN strict USING (helper_key) WHERE agreed > strict.minutes
		UNION ALL SELECT 'asks of ' || helper_key FROM matcher.helper_load JOIN strict USING (helper_key) WHERE asked > strict.asks
		UNION ALL SELECT 'rest of ' || helper_key FROM asked JOIN rests USING (helper_key) WHERE created_at > rests.at AND created_at < until`))
	if broken = append(broken, m.brokenAsks(m.t)...); len(broken) > 0 {
		rt.Fatalf("invariants: %v", broken)
	}
}
