package plan

import (
	"cmp"
	"slices"
)

// Pair is a need, an offer that serves it, and how much.
type Pair struct {
	Need     NeedKey
	Offer    OfferKey
	Quantity int64
	Cost     int64 // of one unit
}

// Pairs returns the plan's pairs by need, then by offer.
func (p *Plan) Pairs() []Pair {
	var pairs []Pair
	for key := range p.needs {
		for _, u := range p.needs[key].uses {
			pairs = append(pairs, Pair{NeedKey(key), OfferKey(p.bins[u.bin].offer), u.units, int64(u.cost)})
		}
	}
	slices.SortFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.Need, b.Need), cmp.Compare(a.Offer, b.Offer))
	})
	return pairs
}

// Served returns the needs that an offer serves in the plan.
func (p *Plan) Served(k OfferKey) []NeedKey {
	if k < 0 || int(k) >= len(p.offers) || p.offers[k].bin == outside {
		return nil
	}
	var served []NeedKey
	for _, n := range p.bins[p.offers[k].bin].users {
		served = append(served, NeedKey(n))
	}
	slices.Sort(served)
	return served
}

// Regret returns how much worse all together would fare, at least, if a unit of
// the need were served by an offer that is a candidate of it: the pair's reduced
// cost in the optimal plan. It is 0 for an offer that would do as well.
func (p *Plan) Regret(n NeedKey, k OfferKey) int64 {
	x := &p.needs[n]
	for _, a := range x.list {
		if p.bins[a.node].offer == int32(k) {
			return max(0, int64(a.cost)+p.prices[a.node]-x.worth)
		}
	}
	return 0
}
