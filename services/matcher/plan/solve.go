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
	slices.SortStableFunc(p.unsettled, func(a, b int32) int { return cmp.Compare(p.needs[b].price, p.needs[a].price) })
	if p.settle(ctx, p.options.Effort) {
		return p.finish()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.auction = newAuction(p)
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
	if done, err := p.settleApart(ctx); err != nil {
		return err
	} else if !done {
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
	units := x.quantity
	switch {
	case at == outside:
		x.left, units = x.left+units, 0
	case at != unknownBin && p.free(at):
		b := &p.bins[at]
		taken := min(units, b.capacity-b.flow)
		p.pair(n, at, int32(x.worth), taken)
		b.flow += taken
		units -= taken
	}
	p.unbalance(n, units)
}

// unknownBin stands for a candidate that the source was not asked for yet.
const unknownBin = -2

// appraise sets the need's worth to the cheapest of its ways and returns its
// bin, or outside. Where a candidate not looked at might be cheaper, it takes
// it that one is, and returns unknownBin: a search from the need learns more.
func (p *Plan) appraise(x *need) int32 {
	x.worth = x.price
	at := int32(outside)
	for _, a := range x.list {
		if int64(a.cost) >= x.worth { // prices are not negative
			break
		}
		if cost := int64(a.cost) + p.prices[a.node]; cost < x.worth {
			x.worth, at = cost, a.node
		}
	}
	if x.worth > x.floor {
		x.worth, at = x.floor, unknownBin
	}
	return at
}

// free reports whether an offer outside all groups has capacity left.
func (p *Plan) free(at int32) bool {
	b := &p.bins[at]
	return b.parent == outside && b.flow < b.capacity
}

// doubt notes a need that a candidate not looked at might serve better.
func (a *augmenter) doubt(n int32) {
	if x := &a.needs[n]; x.worth > x.floor {
		a.grew = append(a.grew, n)
	}
}

// certify ends a change. Searches ask for more candidates before a need's worth
// passes what one not looked at could cost; so no pair left out can make the
// plan better, since prices are not negative. Only where the source failed are
// needs left in doubt: that is the error, and the next change tries again.
func (p *Plan) certify() error {
	for {
		if err := p.failed; err != nil {
			p.failed = nil
			return err
		}
		keys := p.doubtful()
		if len(keys) == 0 {
			return nil
		}
		for _, k := range keys {
			p.reseat(int32(k))
		}
		p.settle(context.Background(), Unlimited)
	}
}

// more is how many candidates of a need are asked for after those known.
func (p *Plan) more(k NeedKey) int { return 4 * max(p.needs[k].asked, len(p.needs[k].list)) }

// many is how many are asked for where much is contended: most of them will be
// needed, and every question looks for the known ones again.
func (p *Plan) many(k NeedKey) int { return 4 * p.more(k) }

// doubtful returns the noted needs that are in doubt, each once, in order.
func (p *Plan) doubtful() []NeedKey {
	slices.Sort(p.doubts)
	var keys []NeedKey
	for _, n := range slices.Compact(p.doubts) {
		if x := &p.needs[n]; x.live && x.worth > x.floor {
			keys = append(keys, NeedKey(n))
		}
	}
	p.doubts = p.doubts[:0]
	return keys
}

// reseat takes up a need's units to place them anew.
func (p *Plan) reseat(n int32) {
	x := &p.needs[n]
	p.unseat(n)
	p.appraise(x)
	p.unbalance(n, x.quantity)
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
