package plan

import (
	"context"
	"testing"

	"pgregory.net/rapid"
)

// checkAssignment checks that units add up and fit, and returns the cost.
func checkAssignment(t *rapid.T, w *world, a Assignment, whole bool) {
	got, given := map[NeedKey]int64{}, map[OfferKey]int64{}
	units, cost := int64(0), int64(0)
	for _, pair := range a.Pairs {
		if price, fits := w.costs[pair.Need][pair.Offer]; !fits || price != pair.Cost || pair.Units <= 0 {
			t.Fatalf("no such pair: %+v", pair)
		}
		if n := w.needs[pair.Need]; whole && n.Whole && pair.Units != n.Quantity {
			t.Fatalf("%d units of %+v", pair.Units, n)
		}
		got[pair.Need] += pair.Units
		given[pair.Offer] += pair.Units
		units += pair.Units
		cost += pair.Units * pair.Cost
	}
	load := map[GroupKey]int64{}
	for o, n := range given {
		if n > w.offers[o].Capacity {
			t.Fatalf("offer %d gives %d of %d", o, n, w.offers[o].Capacity)
		}
		for g := w.offers[o].Group; g != 0; g = w.groups[g-1].Parent {
			load[g] += n
		}
	}
	for _, g := range w.groups {
		cost += loadOf(t, g, load[g.Key])
	}
	for k, n := range w.needs {
		if got[k] > n.Quantity {
			t.Fatalf("need %d has %d of %d", k, got[k], n.Quantity)
		}
		cost += (n.Quantity - got[k]) * n.Price
	}
	if units != a.Units || cost != a.Objective {
		t.Fatalf("%d units for %d, not %d for %d", units, cost, a.Units, a.Objective)
	}
}

func loadOf(t *rapid.T, g Group, units int64) int64 {
	cost := int64(0)
	for _, s := range g.Load {
		taken := min(units, s.Width)
		cost, units = cost+taken*s.Cost, units-taken
	}
	if units > 0 && len(g.Load) > 0 {
		t.Fatalf("group %d has %d units too many", g.Key, units)
	}
	return cost
}

func TestOtherAssignmentsAreFeasible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, k := range sorted(w.needs) {
			n := w.needs[k]
			n.Whole = rapid.Bool().Draw(t, "whole")
			w.needs[k] = n
		}
		p, err := New(w.input(), w, Options{Candidates: 2})
		must(t, err)
		must(t, p.Solve(context.Background()))
		r := p.Result()
		whole, err := p.Whole(context.Background())
		must(t, err)
		checkAssignment(t, w, whole, true)
		greedy := p.Greedy()
		checkAssignment(t, w, greedy, false)
		if whole.Objective < r.Bound || greedy.Objective < r.Bound {
			t.Fatalf("%d whole and %d greedy below the bound %d", whole.Objective, greedy.Objective, r.Bound)
		}
		checkAssignment(t, w, Assignment{Pairs: p.Pairs(), Units: r.Units, Objective: r.Objective}, false)
	})
}
