package plan

import "context"

// room is a part of an auction whose needs share no candidate with any other's.
type room struct {
	*auction
	queue   []int32   // needs with units to place, in turns
	waiting []NeedKey // needs that want to know more candidates first
	made    int       // bids so far
	values  []int64   // scratch of gather
}

// bid lets the room's needs bid in turns until none has units to place, or all
// that have wait.
func (r *room) bid(ctx context.Context) error {
	for turn := 0; turn < len(r.queue); turn++ {
		n := r.queue[turn]
		for r.plan.needs[n].excess > 0 && r.made < r.bids && r.place(n) {
			r.made++
		}
		if turn%patience == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if turn > 1<<16 && turn > len(r.queue)/2 {
			r.queue = append(r.queue[:0], r.queue[turn+1:]...)
			turn = -1
		}
	}
	return nil
}

// place makes one bid for a need, or leaves it unmatched, or lets it wait and
// reports false.
func (r *room) place(n int32) bool {
	x := &r.plan.needs[n]
	first, best, second := r.compare(x)
	second = min(second, x.price)
	switch {
	case second > x.floor:
		r.waiting = append(r.waiting, NeedKey(n))
		return false
	case best >= x.price:
		x.left, x.excess = x.left+x.excess, 0
	default:
		price := r.plan.prices[first.node] + second - best + r.epsilon
		r.sell(first.node, bid{price: price, units: x.excess, need: n, cost: first.cost})
	}
	return true
}

// compare returns the need's cheapest candidate, what it costs and what the
// second cheapest does, where that is below what staying unmatched costs.
func (r *room) compare(x *need) (first arc, best, second int64) {
	p := r.plan
	for fresh := false; ; fresh = true {
		best, second = Unlimited, Unlimited
		for _, c := range x.near {
			if value := int64(c.cost) + p.prices[c.node]; value < best {
				first, best, second = c, value, best
			} else {
				second = min(second, value)
			}
		}
		if fresh || min(second, x.price) <= x.restAt(p.dropped) {
			return first, best, min(second, x.rest)
		}
		r.values = p.gather(x, p.dropped, r.values)
	}
}

// sell gives units of a bin to a bidder, in place of lower bids where it is full.
func (r *room) sell(at int32, offered bid) {
	p := r.plan
	b := &p.bins[at]
	got := min(b.capacity-b.flow, offered.units)
	b.flow += got
	for got < offered.units && len(r.sold[at]) > 0 && r.sold[at][0].price < offered.price {
		got += r.outbid(at, offered.units-got)
	}
	p.needs[offered.need].excess -= got
	if offered.units = got; got > 0 {
		r.sold[at] = pushBid(r.sold[at], offered)
	}
	if b.flow == b.capacity {
		lowest := offered.price // nothing to sell: nobody may want it for less
		if len(r.sold[at]) > 0 {
			lowest = r.sold[at][0].price
		}
		p.prices[at] = max(p.prices[at], lowest)
	}
}

// outbid takes up to so many units from the lowest bid of a bin.
func (r *room) outbid(at int32, most int64) int64 {
	lowest := &r.sold[at][0]
	units := min(lowest.units, most)
	loser := &r.plan.needs[lowest.need]
	if loser.excess == 0 {
		r.queue = append(r.queue, lowest.need)
	}
	loser.excess += units
	if lowest.units -= units; lowest.units == 0 {
		r.sold[at] = popBid(r.sold[at])
	}
	return units
}
