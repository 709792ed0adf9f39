package plan

import (
	"cmp"
	"context"
	"slices"
)

// Solve plans everything. Where the direct search takes more than
// Options.Effort, it ends as soon as an approximate plan is within Options.Gap
// of its bound, and Refine makes that exact. When the context ends, the plan is
// what was reached until then, Result tells how good it is, and Refine may go
// on. Errors: ErrOverflow, ErrSource, ErrUnknown, ErrInvalid, or the context's.
func (p *Plan) Solve(ctx context.Context) error {
	if p.state != unsolved {
		return p.Refine(ctx)
	}
	p.state = coarse
	for i := range p.needs {
		if p.needs[i].quantity > 0 {
			p.seat(int32(i))
		}
	}
	// Who pays most for being unmatched goes first: the others then seldom
	// drive it out again.
	slices.SortStableFunc(p.queue, func(a, b int32) int { return cmp.Compare(p.needs[b].price, p.needs[a].price) })
	if p.settle(func() bool { return p.search.looks > p.options.Effort || ctx.Err() != nil }) {
		return p.finish()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.auction = newAuction(p)
	clear(p.prices)
	p.auction.begin()
	for {
		if err := p.auction.round(ctx); err != nil {
			return err
		}
		r := p.Result()
		p.proven = r.Bound
		if r.Gap() <= p.options.Gap || !p.auction.next() {
			return nil
		}
	}
}

// Refine makes an approximate plan exact and certified; an exact one stays as
// it is. When the context ends, the plan is what was reached until then, and
// Refine may go on. Errors: as Solve.
func (p *Plan) Refine(ctx context.Context) error {
	if p.state == unsolved {
		if err := p.Solve(ctx); err != nil {
			return err
		}
	}
	if p.state == exact {
		return nil
	}
	for p.auction != nil {
		if !p.auction.next() {
			p.auction = nil
			p.loosen()
			break
		}
		if err := p.auction.round(ctx); err != nil {
			return err
		}
	}
	if !p.settle(func() bool { return ctx.Err() != nil }) {
		return ctx.Err()
	}
	return p.finish()
}

// finish certifies a plan that is exact among the pairs looked at.
func (p *Plan) finish() error {
	p.state = exact
	return p.certify()
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
		err := p.enlarge(keys, p.more)
		for _, k := range keys {
			p.reseat(int32(k)) // after an error too: some lists have grown
		}
		p.settle(never)
		if err != nil {
			return err
		}
	}
}

// more is how many candidates of a need are asked for after those known.
func (p *Plan) more(k NeedKey) int { return 4 * max(p.needs[k].asked, len(p.needs[k].list)) }

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
