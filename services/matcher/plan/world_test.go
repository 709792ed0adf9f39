package plan

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"heli/services/matcher/plan/flow"
)

// world is a source that knows everything, kept apart from the plan.
type world struct {
	needs  map[NeedKey]Need
	offers map[OfferKey]Offer
	groups []Group
	costs  map[NeedKey]map[OfferKey]int64
}

func newWorld() *world {
	return &world{needs: map[NeedKey]Need{}, offers: map[OfferKey]Offer{}, costs: map[NeedKey]map[OfferKey]int64{}}
}

func (w *world) Best(n NeedKey, k int) []Candidate {
	var all []Candidate
	for o, cost := range w.costs[n] {
		if _, there := w.offers[o]; there {
			all = append(all, Candidate{Offer: o, Cost: cost})
		}
	}
	slices.SortFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(a.Offer, b.Offer))
	})
	return all[:min(k, len(all))]
}

func (w *world) callers(o OfferKey) []Caller {
	var callers []Caller
	for _, n := range sorted(w.needs) {
		if cost, fits := w.costs[n][o]; fits {
			callers = append(callers, Caller{n, cost})
		}
	}
	return callers
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func (w *world) input() Input {
	in := Input{Groups: w.groups}
	for _, k := range sorted(w.needs) {
		in.Needs = append(in.Needs, w.needs[k])
	}
	for _, k := range sorted(w.offers) {
		in.Offers = append(in.Offers, w.offers[k])
	}
	return in
}

// optimum returns what the best plan costs, by the general solver, which other
// tests hold against exhaustive search and reference files.
func (w *world) optimum(t interface {
	Fatalf(string, ...any)
}) int64 {
	needs, offers := sorted(w.needs), sorted(w.offers)
	end := len(needs) + len(offers) + len(w.groups)
	g := &flow.Graph{Nodes: end + 1}
	group := func(k GroupKey) int {
		for i, x := range w.groups {
			if x.Key == k {
				return len(needs) + len(offers) + i
			}
		}
		return end
	}
	total := int64(0)
	for i, n := range needs {
		x := w.needs[n]
		total += x.Quantity
		g.Supplies = append(g.Supplies, flow.Supply{Node: i, Amount: x.Quantity})
		g.Arcs = append(g.Arcs, flow.Arc{From: i, To: end, Cap: x.Quantity, Cost: x.Price})
		for j, o := range offers {
			if cost, fits := w.costs[n][o]; fits {
				g.Arcs = append(g.Arcs, flow.Arc{From: i, To: len(needs) + j, Cap: x.Quantity, Cost: cost})
			}
		}
	}
	for j, o := range offers {
		x := w.offers[o]
		g.Arcs = append(g.Arcs, flow.Arc{From: len(needs) + j, To: group(x.Group), Cap: min(x.Capacity, Unlimited)})
	}
	for i, x := range w.groups {
		steps := x.Load
		if len(steps) == 0 {
			steps = []Step{{Width: Unlimited}}
		}
		for _, s := range steps {
			g.Arcs = append(g.Arcs, flow.Arc{From: len(needs) + len(offers) + i, To: group(x.Parent), Cap: s.Width, Cost: s.Cost})
		}
	}
	g.Supplies = append(g.Supplies, flow.Supply{Node: end, Amount: -total})
	s, err := flow.Solve(context.Background(), g)
	if err != nil {
		t.Fatalf("solve %+v: %v", g, err)
	}
	return s.Cost.Int64()
}
