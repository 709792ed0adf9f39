package plan

import (
	"context"
	"slices"
)

// Solve plans everything. Where the direct search takes more than
// Options.Effort, it returns as soon as an approximate plan is within
// Options.Gap of its bound, and Refine makes that exact. Errors: ErrOverflow,
// ErrSource, ErrUnknown, ErrInvalid, or the context's: then Solve may be called again.
func (p *Plan) Solve(ctx context.Context) (Result, error) {
	for i := range p.needs {
		if p.needs[i].live {
			p.seat(int32(i))
		}
	}
	if !p.settle(p.options.Effort) {
		p.state = coarse
		return p.Result(), nil
	}
	p.state = exact
	if err := p.certify(); err != nil {
		return Result{}, err
	}
	return p.Result(), ctx.Err()
}

// seat gives a need its worth and, where its cheapest offer is free, its units
// at once; what is left waits to be settled.
func (p *Plan) seat(n int32) {
	x := &p.needs[n]
	at := p.appraise(x)
	p.doubt(n)
	units := x.quantity
	if at == outside {
		x.left, units = x.left+units, 0
	} else if b := &p.bins[at]; b.parent == outside && b.flow < b.capacity {
		taken := min(units, b.capacity-b.flow)
		p.pair(n, at, int32(x.worth), taken)
		b.flow += taken
		units -= taken
	}
	p.unbalance(n, units)
}

// appraise sets the need's worth to the cheapest of its ways and returns its
// bin, or outside.
func (p *Plan) appraise(x *need) int32 {
	x.worth = x.price
	at := int32(outside)
	for i, a := range x.list {
		if int64(a.cost) >= x.worth { // prices are not negative
			p.search.looks += int64(i)
			break
		}
		if cost := int64(a.cost) + p.prices[a.node]; cost < x.worth {
			x.worth, at = cost, a.node
		}
	}
	return at
}

// doubt notes a need that a candidate not looked at might serve better.
func (p *Plan) doubt(n int32) {
	if x := &p.needs[n]; x.worth > x.floor {
		p.grew = append(p.grew, n)
	}
}

// certify looks at more candidates of every need whose worth exceeds what a
// candidate not looked at could cost, until there is none: then no pair left
// out can make the plan better, since prices are not negative.
func (p *Plan) certify() error {
	for {
		keys := p.doubtful()
		if len(keys) == 0 {
			return nil
		}
		more := func(k NeedKey) int { return 2 * max(p.needs[k].asked, len(p.needs[k].list)) }
		err := p.enlarge(keys, more)
		for _, k := range keys {
			p.reseat(int32(k)) // after an error too: some lists have grown
		}
		p.settle(0)
		if err != nil {
			return err
		}
	}
}

// doubtful returns the noted needs that are in doubt, each once, in order.
func (p *Plan) doubtful() []NeedKey {
	slices.Sort(p.grew)
	var keys []NeedKey
	for _, n := range slices.Compact(p.grew) {
		if x := &p.needs[n]; x.live && x.worth > x.floor {
			keys = append(keys, NeedKey(n))
		}
	}
	p.grew = p.grew[:0]
	return keys
}

// reseat takes up a need's units where one of its candidates is now better than
// what it has.
func (p *Plan) reseat(n int32) {
	x := &p.needs[n]
	before := x.worth
	if p.appraise(x); x.worth < before {
		p.unseat(n)
		p.unbalance(n, x.quantity)
	}
	p.doubt(n)
}

// unseat takes all units of a need back; their bins then miss them.
func (p *Plan) unseat(n int32) {
	x := &p.needs[n]
	for len(x.uses) > 0 {
		u := x.uses[len(x.uses)-1]
		p.pair(n, u.bin, u.cost, -u.units)
		p.unbalance(binNode(u.bin), -u.units)
	}
	x.left = 0
}
