package plan

import (
	"context"
	"errors"
	"slices"
)

// auction makes an approximate plan where many needs want the same offers
// (Bertsekas 1979, with units on both sides): in turn, every need bids for its
// cheapest offer what that saves it against its second cheapest, and ε more; a
// full offer gives way to the higher bid. Prices only rise, so it ends; then
// every unit has a place within ε of its cheapest one. Rounds with a falling ε,
// each from a little below the prices of the last, need fewer bids.
//
// Load costs of groups are not bid for: they are for the exact search.
type auction struct {
	plan    *Plan
	epsilon int64
	queue   []int32 // needs with units to place
	sold    [][]bid // by bin, the lowest bid first
	bids    int     // that may still be made in the round
}

// bid is units of an offer given to a need, and the price they went for.
type bid struct {
	price, units int64
	need, cost   int32
}

const (
	// coarsest is the share of the highest price of an unmatched unit that ε
	// begins at, finer how much smaller each round makes it.
	coarsest, finer = 192, 8
	// relief is how far below the prices of a round the next begins, in ε: less
	// leaves offers unsold at prices that nobody pays, more needs more bids.
	relief = 32
	// finest is where the exact search takes over; the last step to it is short,
	// for what it leaves is dear to set right.
	finest, nearlyFinest = 1, 2
	// stubborn is how many bids a need makes in a round on average before the
	// round is given up: a few that want millions can bid for ever.
	stubborn = 500
	// patience is how many bids or searches lie between looks at the context.
	patience = 1 << 10
)

// newAuction prepares an auction in which nothing costs anything yet.
func newAuction(p *Plan) *auction {
	highest := int64(0)
	for i := range p.needs {
		highest = max(highest, p.needs[i].price)
		p.needs[i].scatter()
	}
	clear(p.prices)
	return &auction{plan: p, epsilon: max(1, highest/coarsest)}
}

// begin takes all units back, so that everybody bids.
func (a *auction) begin() {
	p := a.plan
	p.sweep()
	a.queue = a.queue[:0]
	a.sold = grown(a.sold, len(p.bins))
	for b := range a.sold {
		a.sold[b] = a.sold[b][:0]
	}
	for i := range p.needs {
		if x := &p.needs[i]; x.quantity > 0 {
			x.excess = x.quantity
			a.queue = append(a.queue, int32(i))
		}
	}
	a.bids = stubborn * len(a.queue)
}

// next begins a round with a smaller ε, or reports that there is none, or that
// the last was given up.
func (a *auction) next() bool {
	if a.epsilon <= finest || a.bids <= 0 {
		return false
	}
	if a.epsilon > nearlyFinest {
		a.epsilon = max(nearlyFinest, a.epsilon/finer)
	} else {
		a.epsilon = finest
	}
	p, usual := a.plan, relief*a.epsilon
	p.dropped += usual
	further := make([]bool, len(p.bins)) // fell further than that
	for i := range p.bins {
		fall := min(p.prices[i], usual)
		if b := &p.bins[i]; b.flow < b.capacity {
			fall = p.prices[i]
		}
		p.prices[i] -= fall
		further[i] = fall > usual
	}
	p.approach(further)
	a.begin()
	return true
}

// round places all units and makes them the plan's pairs, as far as it comes
// before the context ends.
func (a *auction) round(ctx context.Context) error {
	err := a.run(ctx)
	for at, bids := range a.sold {
		for _, b := range bids {
			a.plan.pair(b.need, int32(at), b.cost, b.units)
		}
	}
	a.plan.limit()
	for i := range a.plan.needs {
		a.plan.appraise(&a.plan.needs[i])
	}
	return err
}

// run lets everybody bid who has units to place. Who might do better with
// candidates not looked at waits until nobody else has any; then they are asked
// for, all at once.
func (a *auction) run(ctx context.Context) error {
	for len(a.queue) > 0 && a.bids > 0 {
		waiting, err := a.bid(ctx)
		if err != nil {
			return err
		}
		if err := a.plan.enlarge(waiting, a.plan.many); err != nil {
			return err
		}
		a.sold = grown(a.sold, len(a.plan.bins))
		a.queue = a.queue[:0]
		for _, k := range waiting {
			a.queue = append(a.queue, int32(k))
		}
	}
	return nil
}

// bid empties the queue, in a room for each part.
func (a *auction) bid(ctx context.Context) (waiting []NeedKey, err error) {
	parts := a.plan.apart(a.queue)
	rooms, errs := make([]room, len(parts)), make([]error, len(parts))
	spread(a.plan.options.Workers, len(parts), func(_, i int) {
		rooms[i] = room{auction: a, queue: parts[i]}
		errs[i] = rooms[i].bid(ctx)
	})
	for i := range rooms {
		waiting = append(waiting, rooms[i].waiting...)
		a.bids -= rooms[i].made
	}
	slices.Sort(waiting)
	return waiting, errors.Join(errs...)
}

func pushBid(h []bid, b bid) []bid {
	h = append(h, b)
	at := len(h) - 1
	for at > 0 && h[(at-1)/2].price > b.price {
		h[at] = h[(at-1)/2]
		at = (at - 1) / 2
	}
	h[at] = b
	return h
}

func popBid(h []bid) []bid {
	last := h[len(h)-1]
	h = h[:len(h)-1]
	at := 0
	for child := 1; child < len(h); child = 2*at + 1 {
		if child+1 < len(h) && h[child+1].price < h[child].price {
			child++
		}
		if h[child].price >= last.price {
			break
		}
		h[at] = h[child]
		at = child
	}
	if len(h) > 0 {
		h[at] = last
	}
	return h
}
