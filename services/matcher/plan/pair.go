package plan

import (
	"cmp"
	"slices"
)

// Pair is units of an offer planned for a need.
type Pair struct {
	Need  NeedKey
	Offer OfferKey
	Units int64
	Cost  int64 // of one unit, load not included
}

// Pairs returns the plan, by need and offer.
func (p *Plan) Pairs() []Pair {
	var pairs []Pair
	for i := range p.needs {
		for _, u := range p.needs[i].uses {
			pairs = append(pairs, Pair{NeedKey(i), OfferKey(p.bins[u.bin].offer), u.units, int64(u.cost)})
		}
	}
	slices.SortFunc(pairs, comparePairs)
	return pairs
}

func comparePairs(a, b Pair) int {
	return cmp.Or(cmp.Compare(a.Need, b.Need), cmp.Compare(a.Offer, b.Offer))
}

// Unmatched returns how many units of a need have no place; 0 for an unknown one.
func (p *Plan) Unmatched(k NeedKey) int64 {
	if k < 0 || int(k) >= len(p.needs) {
		return 0
	}
	return p.needs[k].left + p.needs[k].excess
}
