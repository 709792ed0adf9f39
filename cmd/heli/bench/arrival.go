package bench

import (
	"context"
	"fmt"
	"time"

	"heli/services/matcher/plan"
)

// arrive adds needs one by one, each with its search in the index. After the
// first Check of them it proves the plan optimal, and from time to time it
// compares it with a new one.
func (m *market) arrive(ctx context.Context, p *plan.Plan, r *PlanResult) error {
	times := make([]time.Duration, m.options.Arrivals)
	every := max(1, m.options.Arrivals/max(1, m.options.Anew))
	for i := range times {
		n, needs := m.need(m.options.Needs+i), m.options.Needs+i+1
		began := time.Now()
		if err := p.AddNeed(n); err != nil {
			return fmt.Errorf("add an arrival: %w", err)
		}
		times[i] = time.Since(began)
		if i < m.options.Check {
			r.Checks++
			r.miss(m.proved(p, needs))
		}
		if (i+1)%every == 0 || i+1 == len(times) {
			same, err := m.same(ctx, p, needs)
			if err != nil {
				return err
			}
			r.Solves++
			r.miss(same)
		}
	}
	r.ArrivalP50US, r.ArrivalP99US = micros(times, 0.5), micros(times, 0.99)
	return nil
}

func (r *PlanResult) miss(held bool) {
	if !held {
		r.Mismatches++
	}
}

// proved reports whether the plan of so many needs is feasible and costs what
// no plan can cost less than: its bound, computed anew from all pairs looked at
// and from what those not looked at cost at least. A new plan would cost the
// same.
func (m *market) proved(p *plan.Plan, needs int) bool {
	given, got := make([]int64, len(m.capacities)), make([]int64, needs)
	for _, pair := range p.Pairs() {
		given[pair.Offer] += pair.Units
		got[pair.Need] += pair.Units
	}
	for i, units := range given {
		if units > m.capacities[i] {
			return false
		}
	}
	for i, units := range got {
		if units+p.Unmatched(plan.NeedKey(i)) != *m.needs[i].Remaining {
			return false
		}
	}
	return p.Result().Certified
}

// same reports whether the standing plan is as good as a new one of so many needs.
func (m *market) same(ctx context.Context, p *plan.Plan, needs int) (bool, error) {
	anew, err := plan.New(m.input(needs), m, m.planOptions())
	if err != nil {
		return false, err
	}
	if err := anew.Refine(ctx); err != nil {
		return false, fmt.Errorf("plan anew: %w", err)
	}
	return p.Result().Objective == anew.Result().Objective, nil
}
