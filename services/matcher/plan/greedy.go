package plan

import (
	"cmp"
	"slices"
)

// Assignment is a way to serve the needs that need not be the best.
type Assignment struct {
	Pairs     []Pair
	Units     int64 // matched
	Objective int64
}

// Greedy returns what taking turns gives: needs by their price for staying
// unmatched, the highest first, equal ones by key, each takes its cheapest free
// offers. It leaves the plan as it is and asks the source for as many
// candidates as it takes.
func (p *Plan) Greedy() Assignment {
	keys := make([]NeedKey, 0, len(p.needs))
	for i := range p.needs {
		if p.needs[i].quantity > 0 {
			keys = append(keys, NeedKey(i))
		}
	}
	slices.SortStableFunc(keys, func(a, b NeedKey) int { return cmp.Compare(p.needs[b].price, p.needs[a].price) })
	h := p.hand()
	for _, k := range keys {
		h.serve(k)
	}
	return h.assignment()
}

// hand deals units out without prices.
type hand struct {
	plan  *Plan
	flow  map[int32]int64 // by group's bin
	taken []int64         // by offer
	pairs []Pair
	left  map[NeedKey]int64
}

func (p *Plan) hand() *hand {
	return &hand{plan: p, flow: map[int32]int64{}, taken: make([]int64, len(p.offers)), left: map[NeedKey]int64{}}
}

// serve gives a need its cheapest free offers.
func (h *hand) serve(k NeedKey) {
	x := &h.plan.needs[k]
	left := x.quantity
	for asked, at := max(x.asked, 1), 0; left > 0; asked *= 4 {
		candidates := h.candidates(k, asked)
		for ; at < len(candidates) && left > 0 && candidates[at].Cost < x.price; at++ {
			left -= h.take(k, candidates[at], min(left, h.room(candidates[at].Offer)))
		}
		if at < len(candidates) || len(candidates) < asked {
			break
		}
	}
	h.left[k] = left
}

// candidates returns those the plan knows, or asks.
func (h *hand) candidates(k NeedKey, n int) []Candidate {
	x := &h.plan.needs[k]
	if len(x.list) < n && x.floor != complete {
		return h.plan.source.Best(k, n)
	}
	known := make([]Candidate, min(n, len(x.list)))
	for i := range known {
		known[i] = Candidate{OfferKey(h.plan.bins[x.list[i].node].offer), int64(x.list[i].cost)}
	}
	return known
}

func (h *hand) take(k NeedKey, c Candidate, units int64) int64 {
	if units <= 0 {
		return 0
	}
	h.taken[c.Offer] += units
	for g := h.plan.offers[c.Offer].group; g != outside; g = h.plan.bins[g].parent {
		h.flow[g] += units
	}
	h.pairs = append(h.pairs, Pair{k, c.Offer, units, c.Cost})
	return units
}

// room returns how many units an offer can still give.
func (h *hand) room(k OfferKey) int64 {
	o := &h.plan.offers[k]
	room := o.capacity - h.taken[k]
	for g := o.group; g != outside; g = h.plan.bins[g].parent {
		room = min(room, h.plan.bins[g].limit()-h.flow[g])
	}
	return room
}

func (h *hand) assignment() Assignment {
	a := Assignment{Pairs: h.pairs}
	slices.SortFunc(a.Pairs, comparePairs)
	for _, pair := range a.Pairs {
		a.Units += pair.Units
		a.Objective += pair.Units * pair.Cost
	}
	for k, left := range h.left {
		a.Objective += left * h.plan.needs[k].price
	}
	for g, flow := range h.flow {
		loaded := bin{steps: h.plan.bins[g].steps, flow: flow}
		a.Objective += loaded.loadCost()
	}
	return a
}
