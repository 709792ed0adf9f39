package plan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Whole returns an assignment in which every need that is Whole has all its
// units from one offer or none. The plan, which relaxes that, is repaired:
// whole needs that it serves from one offer keep it; the others get what is
// cheapest at the plan's prices, the dearest to leave first; then the divisible
// needs are planned again, exactly, with what is left. The plan's Bound holds
// for the assignment too. Errors: ErrCoarse, or the context's.
func (p *Plan) Whole(ctx context.Context) (Assignment, error) {
	if p.state != exact {
		return Assignment{}, ErrCoarse
	}
	h := p.hand()
	var split []NeedKey
	for i := range p.needs {
		if x := &p.needs[i]; x.whole && x.quantity > 0 && !h.keep(NeedKey(i)) {
			split = append(split, NeedKey(i))
		}
	}
	slices.SortStableFunc(split, func(a, b NeedKey) int {
		return cmp.Compare(p.needs[b].price*p.needs[b].quantity, p.needs[a].price*p.needs[a].quantity)
	})
	for _, k := range split {
		h.settleWhole(k, p.prices)
	}
	if err := h.planRest(ctx); err != nil {
		return Assignment{}, err
	}
	for _, k := range split {
		if h.left[k] > 0 { // what the divisible needs left over may do
			h.settleWhole(k, nil)
		}
	}
	return h.assignment(), nil
}

// keep gives a whole need what it has, where that is all from one offer.
func (h *hand) keep(k NeedKey) bool {
	x := &h.plan.needs[k]
	if len(x.uses) != 1 || x.left > 0 {
		return false
	}
	u := x.uses[0]
	h.take(k, Candidate{OfferKey(h.plan.bins[u.bin].offer), int64(u.cost)}, u.units)
	return true
}

// settleWhole gives a whole need the cheapest offer that has room for all of
// it, prices included where they are given, if that is better than none.
func (h *hand) settleWhole(k NeedKey, prices []int64) {
	x := &h.plan.needs[k]
	best, least := Candidate{}, x.price
	for _, a := range x.list {
		value := int64(a.cost)
		if prices != nil {
			value += prices[a.node]
		}
		offer := OfferKey(h.plan.bins[a.node].offer)
		if value < least && h.room(offer) >= x.quantity {
			best, least = Candidate{offer, int64(a.cost)}, value
		}
	}
	h.left[k] = x.quantity
	if least < x.price {
		h.left[k] -= h.take(k, best, x.quantity)
	}
}

// planRest plans the divisible needs with what the whole ones leave.
func (h *hand) planRest(ctx context.Context) error {
	var in Input
	for key, bin := range h.plan.groups {
		if bin != outside {
			in.Groups = append(in.Groups, h.rest(GroupKey(key), bin))
		}
	}
	slices.SortFunc(in.Groups, func(a, b Group) int { // parents first, as they came
		return cmp.Compare(h.plan.groups[a.Key], h.plan.groups[b.Key])
	})
	for i, o := range h.plan.offers {
		if o.live {
			in.Offers = append(in.Offers, Offer{OfferKey(i), o.capacity - h.taken[i], h.plan.keyOf(o.group)})
		}
	}
	for i := range h.plan.needs {
		if x := &h.plan.needs[i]; !x.whole && x.quantity > 0 {
			in.Needs = append(in.Needs, Need{Key: NeedKey(i), Quantity: x.quantity, Price: x.price})
		}
	}
	rest, err := New(in, h.plan.source, h.plan.options)
	if err != nil {
		return fmt.Errorf("plan divisible needs: %w", err)
	}
	if err := rest.Refine(ctx); err != nil {
		return fmt.Errorf("plan divisible needs: %w", err)
	}
	for _, pair := range rest.Pairs() {
		h.take(pair.Need, Candidate{pair.Offer, pair.Cost}, pair.Units)
	}
	for _, n := range in.Needs {
		h.left[n.Key] = rest.Unmatched(n.Key)
	}
	return nil
}

// rest returns a group with the load that it has not taken.
func (h *hand) rest(k GroupKey, at int32) Group {
	b := &h.plan.bins[at]
	g := Group{Key: k, Parent: h.plan.keyOf(b.parent)}
	flow := h.flow[at]
	for _, s := range b.steps {
		taken := min(flow, s.Width)
		flow -= taken
		g.Load = append(g.Load, Step{s.Width - taken, s.Cost})
	}
	return g
}

// keyOf returns the key of a group's bin.
func (p *Plan) keyOf(at int32) GroupKey {
	if at == outside {
		return 0
	}
	return p.bins[at].group
}
