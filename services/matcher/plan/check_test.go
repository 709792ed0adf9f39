package plan

import "fmt"

// check returns what is wrong with a plan that should be optimal: flow that
// does not add up, or complementary slackness that does not hold.
func (p *Plan) check() error {
	taken := make([]int64, len(p.bins))
	for i := range p.needs {
		if err := p.checkNeed(int32(i), taken); err != nil {
			return fmt.Errorf("need %d: %w", i, err)
		}
	}
	for i := range p.bins {
		if parent := p.bins[i].parent; parent != outside {
			taken[parent] += p.bins[i].flow
		}
	}
	for i := range p.bins {
		if err := p.checkBin(int32(i), taken[i]); err != nil {
			return fmt.Errorf("bin %d of offer %d: %w", i, p.bins[i].offer, err)
		}
	}
	return nil
}

func (p *Plan) checkNeed(n int32, taken []int64) error {
	x := &p.needs[n]
	units := x.left
	for _, u := range x.uses {
		units += u.units
		taken[u.bin] += u.units
		if u.units <= 0 || p.bins[u.bin].users[u.slot] != n {
			return fmt.Errorf("use %+v", u)
		}
		if x.worth != int64(u.cost)+p.prices[u.bin] {
			return fmt.Errorf("a unit at %d+%d with a worth of %d", u.cost, p.prices[u.bin], x.worth)
		}
	}
	switch {
	case units != x.quantity || x.excess != 0 || x.left < 0:
		return fmt.Errorf("%d of %d units, %d left, %d too many", units, x.quantity, x.left, x.excess)
	case x.quantity == 0:
		return nil
	case x.worth > x.price || x.left > 0 && x.worth != x.price:
		return fmt.Errorf("a worth of %d, a price of %d, %d left", x.worth, x.price, x.left)
	case x.worth > x.floor:
		return fmt.Errorf("a worth of %d over the floor of %d", x.worth, x.floor)
	}
	for _, a := range x.list {
		if x.worth > int64(a.cost)+p.prices[a.node] {
			return fmt.Errorf("a worth of %d where %d+%d is to be had", x.worth, a.cost, p.prices[a.node])
		}
	}
	return nil
}

func (p *Plan) checkBin(at int32, taken int64) error {
	b := &p.bins[at]
	margin := p.prices[at] - p.priceOf(b.parent)
	cost, room := b.next()
	last, units := b.last()
	switch {
	case taken != b.flow || b.excess != 0 || b.flow < 0 || room < 0:
		return fmt.Errorf("takes %d, passes %d, room for %d, %d too many", taken, b.flow, room, b.excess)
	case p.prices[at] < 0:
		return fmt.Errorf("a price of %d", p.prices[at])
	case room > 0 && margin > cost:
		return fmt.Errorf("a margin of %d, the next unit costs %d", margin, cost)
	case units > 0 && margin < last:
		return fmt.Errorf("a margin of %d, the last unit cost %d", margin, last)
	}
	return nil
}
