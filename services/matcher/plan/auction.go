package plan

import (
	"context"
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
	queue   []int32   // needs with units to place, in turns
	waiting []NeedKey // needs that want to know more candidates first
	sold    [][]bid   // by bin, the lowest bid first
	bids    int       // that may still be made in the round
}

// bid is units of an offer given to a need, and the price they went for.
type bid struct {
	price, units int64
	need, cost   int32
}

const (
	// coarsest is the share of the highest price of an unmatched unit that ε
	// begins at, finer how much smaller each round makes it.
	coarsest, finer = 128, 8
	// relief is how far below the prices of a round the next begins, in ε: less
	// leaves offers unsold at prices that nobody pays, more needs more bids.
	relief = 32
	// finest is where the exact search takes over.
	finest = 1
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
	a.queue, a.waiting = a.queue[:0], a.waiting[:0]
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
	a.epsilon = max(1, a.epsilon/finer)
	p, most := a.plan, int64(0)
	for i := range p.bins {
		fall := min(p.prices[i], relief*a.epsilon)
		if b := &p.bins[i]; b.flow < b.capacity {
			fall = p.prices[i]
		}
		p.prices[i] -= fall
		most = max(most, fall)
	}
	p.fallen += most
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
	for {
		if err := a.bid(ctx); err != nil {
			return err
		}
		if len(a.waiting) == 0 || a.bids <= 0 {
			return nil
		}
		slices.Sort(a.waiting)
		if err := a.plan.enlarge(a.waiting, a.plan.more); err != nil {
			return err
		}
		a.sold = grown(a.sold, len(a.plan.bins))
		for _, k := range a.waiting {
			a.queue = append(a.queue, int32(k))
		}
		a.waiting = a.waiting[:0]
	}
}

func (a *auction) bid(ctx context.Context) error {
	for turn := 0; turn < len(a.queue); turn++ {
		n := a.queue[turn]
		for a.plan.needs[n].excess > 0 && a.bids > 0 && a.place(n) {
			a.bids--
		}
		if turn%patience == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if turn > 1<<16 && turn > len(a.queue)/2 {
			a.queue = append(a.queue[:0], a.queue[turn+1:]...)
			turn = -1
		}
	}
	a.queue = a.queue[:0]
	return nil
}

// place makes one bid for a need, or leaves it unmatched, or lets it wait and
// reports false.
func (a *auction) place(n int32) bool {
	x := &a.plan.needs[n]
	first, best, second := a.compare(x)
	second = min(second, x.price)
	switch {
	case second > x.floor:
		a.waiting = append(a.waiting, NeedKey(n))
		return false
	case best >= x.price:
		x.left, x.excess = x.left+x.excess, 0
	default:
		price := a.plan.prices[first.node] + second - best + a.epsilon
		a.sell(first.node, bid{price: price, units: x.excess, need: n, cost: first.cost})
	}
	return true
}

// compare returns the need's cheapest candidate, what it costs and what the
// second cheapest does, where that is below what staying unmatched costs.
func (a *auction) compare(x *need) (first arc, best, second int64) {
	p := a.plan
	for fresh := false; ; fresh = true {
		best, second = Unlimited, Unlimited
		for _, c := range x.near {
			if value := int64(c.cost) + p.prices[c.node]; value < best {
				first, best, second = c, value, best
			} else {
				second = min(second, value)
			}
		}
		p.search.looks += int64(len(x.near))
		if fresh || min(second, x.price) <= x.rest-p.drop(x) {
			return first, best, min(second, x.rest)
		}
		p.gather(x)
	}
}

// sell gives units of a bin to a bidder, in place of lower bids where it is full.
func (a *auction) sell(at int32, offered bid) {
	p := a.plan
	b := &p.bins[at]
	got := min(b.capacity-b.flow, offered.units)
	b.flow += got
	for got < offered.units && len(a.sold[at]) > 0 && a.sold[at][0].price < offered.price {
		got += a.outbid(at, offered.units-got)
	}
	p.needs[offered.need].excess -= got
	if offered.units = got; got > 0 {
		a.sold[at] = pushBid(a.sold[at], offered)
	}
	if b.flow == b.capacity {
		lowest := offered.price // nothing to sell: nobody may want it for less
		if len(a.sold[at]) > 0 {
			lowest = a.sold[at][0].price
		}
		p.prices[at] = max(p.prices[at], lowest)
	}
}

// outbid takes up to so many units from the lowest bid of a bin.
func (a *auction) outbid(at int32, most int64) int64 {
	lowest := &a.sold[at][0]
	units := min(lowest.units, most)
	loser := &a.plan.needs[lowest.need]
	if loser.excess == 0 {
		a.queue = append(a.queue, lowest.need)
	}
	loser.excess += units
	if lowest.units -= units; lowest.units == 0 {
		a.sold[at] = popBid(a.sold[at])
	}
	return units
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
