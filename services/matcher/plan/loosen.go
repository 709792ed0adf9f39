package plan

// An approximate plan becomes exact when every unit that has not its cheapest
// place at the prices there are is taken up and placed anew.

// sweep takes all units of all needs and bins back.
func (p *Plan) sweep() {
	for i := range p.needs {
		x := &p.needs[i]
		x.uses, x.left, x.excess = x.uses[:0], 0, 0
	}
	for i := range p.bins {
		b := &p.bins[i]
		b.users, b.flow, b.excess = b.users[:0], 0, 0
	}
	p.unsettled = p.unsettled[:0]
}

// limit books the units of offers on their groups, and takes from the offers
// what a group has no room for.
func (p *Plan) limit() {
	for i := range p.bins {
		b := &p.bins[i]
		if b.offer == outside || b.parent == outside {
			continue
		}
		room := b.flow
		for g := b.parent; g != outside; g = p.bins[g].parent {
			room = min(room, p.bins[g].limit()-p.bins[g].flow)
		}
		p.shed(int32(i), b.flow-room)
		for g := b.parent; g != outside; g = p.bins[g].parent {
			p.bins[g].flow += room
		}
	}
}

// shed takes units of an offer's bin from its users, who then have them to place.
func (p *Plan) shed(at int32, units int64) {
	b := &p.bins[at]
	b.flow -= units
	for units > 0 {
		n := b.users[len(b.users)-1]
		u := *p.needs[n].used(at)
		taken := min(u.units, units)
		p.pair(n, at, u.cost, -taken)
		p.needs[n].excess += taken
		units -= taken
	}
}

// loosen fits the prices of bins to what they give, and takes up every unit
// that has not its cheapest place.
func (p *Plan) loosen() {
	for i := range p.bins { // parents come before what is in them
		p.fit(int32(i))
	}
	for i := range p.needs {
		x := &p.needs[i]
		if x.quantity == 0 {
			continue
		}
		x.scatter()
		p.appraise(x)
		loose := x.excess
		x.excess = 0
		for j := len(x.uses) - 1; j >= 0; j-- {
			if u := x.uses[j]; int64(u.cost)+p.prices[u.bin] > x.worth {
				p.pair(int32(i), u.bin, u.cost, -u.units)
				p.unbalance(binNode(u.bin), -u.units)
				loose += u.units
			}
		}
		if x.price > x.worth {
			loose, x.left = loose+x.left, 0
		}
		p.unbalance(int32(i), loose)
	}
}

// fit moves a bin's price to where what it gives allows it to be. A price that
// would have to fall stays: that all is given then, and misses takers, costs
// less than that all needs think again.
func (p *Plan) fit(at int32) {
	if cost, taken := p.bins[at].last(); taken > 0 {
		p.prices[at] = max(p.prices[at], p.priceOf(p.bins[at].parent)+cost)
	}
	p.open(at)
}
