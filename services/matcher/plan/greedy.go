package plan

import (
	"cmp"
	"slices"
)

// Greedy returns what taking the best for each need in turn comes to, for
// comparison: the needs with the highest price of staying unmatched first, each
// with its cheapest offers that are free. The plan is not changed.
func (p *Plan) Greedy() Result {
	g := greedy{plan: p, flow: make([]int64, len(p.bins))}
	order := make([]NeedKey, 0, len(p.needs))
	for key := range p.needs {
		if p.needs[key].live {
			order = append(order, NeedKey(key))
		}
	}
	slices.SortStableFunc(order, func(a, b NeedKey) int { return cmp.Compare(p.needs[b].price, p.needs[a].price) })
	for _, key := range order {
		g.serve(key)
	}
	for i := range p.bins {
		b := p.bins[i]
		b.flow = g.flowOf(int32(i))
		g.result.Objective += b.loadCost()
	}
	g.result.Needs, g.result.Bound = len(order), p.bound()
	return g.result
}

type greedy struct {
	plan   *Plan
	flow   []int64 // by bin
	result Result
}

// serve gives a need its cheapest free offers, and asks for more candidates as
// long as there are any.
func (g *greedy) serve(key NeedKey) {
	x := &g.plan.needs[key]
	wanted := x.quantity
	candidates := make([]Candidate, len(x.list))
	for i, a := range x.list {
		candidates[i] = Candidate{OfferKey(g.plan.bins[a.node].offer), int64(a.cost)}
	}
	for seen, asked := 0, x.asked; wanted > 0; {
		for _, c := range candidates[seen:] {
			if wanted == 0 || c.Cost >= x.price {
				break
			}
			units := min(wanted, g.take(c.Offer, wanted))
			wanted -= units
			g.result.Units += units
			g.result.Objective += units * c.Cost
		}
		if wanted == 0 || len(candidates) < asked || asked == 0 {
			break
		}
		seen, asked = len(candidates), 2*asked
		candidates = g.plan.source.Best(key, asked)
	}
	g.result.Edges += len(candidates)
	g.result.Objective += wanted * x.price
}

// take uses up to so many units of an offer and its groups.
func (g *greedy) take(k OfferKey, wanted int64) int64 {
	at, err := g.plan.binOf(k)
	if err != nil {
		return 0
	}
	units := wanted
	for b := at; b != outside; b = g.plan.bins[b].parent {
		units = min(units, g.plan.bins[b].room(g.flowOf(b)))
	}
	for b := at; b != outside; b = g.plan.bins[b].parent {
		g.flowOf(b)
		g.flow[b] += units
	}
	return units
}

// flowOf returns the units of a bin, which may be new since the beginning.
func (g *greedy) flowOf(b int32) int64 {
	for len(g.flow) <= int(b) {
		g.flow = append(g.flow, 0)
	}
	return g.flow[b]
}

// room returns how many units the bin could take on top of a flow.
func (b *bin) room(flow int64) int64 {
	if b.steps == nil {
		return b.capacity - flow
	}
	whole := int64(0)
	for _, s := range b.steps {
		whole = min(whole+s.Width, Unlimited)
	}
	return whole - flow
}
