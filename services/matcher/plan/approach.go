package plan

import (
	"context"
	"fmt"
	"slices"

	"heli/services/matcher/plan/flow"
)

// approach plans a contended part by cost scaling: a flow that is optimal
// within ε, and prices whose bound says how far it is from the best. Pairs that
// are far from being used at these prices are left out of the graph; every
// phase looks at all pairs again.
type approach struct {
	plan    *Plan
	needs   []int32
	bins    []int32
	layout  *layout
	scaling *flow.Scaling
	epsilon int64
}

// adopt makes flow and prices of the scaling those of the plan.
func (a *approach) adopt() {
	p, l := a.plan, a.layout
	a.clear()
	for i, n := range l.needs {
		at := int(l.arcs[i])
		for _, c := range l.taken[i] {
			if units := a.scaling.Flow(at); units > 0 {
				p.pair(n, c.node, c.cost, units)
				p.carry(c.node, units)
			}
			at++
		}
		p.needs[n].left = a.scaling.Flow(at)
	}
	end := a.scaling.Potential(len(l.needs) + len(l.bins))
	for i, b := range l.bins {
		p.prices[b] = max(0, end-a.scaling.Potential(len(l.needs)+i))
	}
	slices.Sort(a.bins)
	for _, b := range a.bins { // parents have lower numbers
		p.fit(b)
	}
	for _, n := range a.needs {
		p.needs[n].scatter()
		p.appraise(&p.needs[n])
		p.doubt(n)
	}
}

// clear empties the part.
func (a *approach) clear() {
	p := a.plan
	for _, n := range a.needs {
		x := &p.needs[n]
		x.uses, x.left, x.excess = x.uses[:0], 0, 0
	}
	for _, at := range a.bins {
		b := &p.bins[at]
		b.users, b.flow, b.excess = b.users[:0], 0, 0
	}
}

// carry books units on a bin and all above it.
func (p *Plan) carry(b int32, units int64) {
	for ; b != outside; b = p.bins[b].parent {
		p.bins[b].flow += units
	}
}

// fit moves a bin's price to where its own load allows it to be.
func (p *Plan) fit(at int32) {
	b := &p.bins[at]
	above := p.priceOf(b.parent)
	if cost, room := b.next(); room > 0 {
		p.prices[at] = min(p.prices[at], above+cost)
	}
	if cost, taken := b.last(); taken > 0 {
		p.prices[at] = max(p.prices[at], above+cost)
	}
}

// loosen takes up every unit that has not the cheapest place at these prices.
func (a *approach) loosen() {
	p := a.plan
	for _, n := range a.needs {
		x := &p.needs[n]
		loose := int64(0)
		for i := len(x.uses) - 1; i >= 0; i-- {
			u := x.uses[i]
			if int64(u.cost)+p.prices[u.bin] > x.worth {
				p.pair(n, u.bin, u.cost, -u.units)
				p.unbalance(binNode(u.bin), -u.units)
				loose += u.units
			}
		}
		if x.price > x.worth {
			loose += x.left
			x.left = 0
		}
		p.unbalance(n, loose)
	}
}

// draw makes the graph of the pairs within band of being used, and goes on from
// the plan's flow and prices at a precision of epsilon.
func (a *approach) draw(band, epsilon int64) (err error) {
	p := a.plan
	g, l := p.graph(a.needs, func(n int32) []arc { return p.within(n, band) })
	units := make([]int64, len(g.Arcs))
	potential := make([]int64, g.Nodes)
	for i, n := range l.needs {
		x := &p.needs[n]
		potential[i] = -x.worth
		for j, c := range l.taken[i] {
			if u := x.used(c.node); u != nil {
				units[int(l.arcs[i])+j] = u.units
			}
		}
		units[int(l.arcs[i])+len(l.taken[i])] = x.left + x.excess
	}
	at := int(l.arcs[len(l.arcs)-1]) + len(l.taken[len(l.taken)-1]) + 1
	for i, b := range l.bins {
		potential[len(l.needs)+i] = -p.prices[b]
		left := p.bins[b].flow
		for _, s := range p.bins[b].stepsOf() {
			units[at] = min(left, s.Width)
			left -= units[at]
			at++
		}
	}
	a.layout, a.epsilon = l, epsilon
	if a.scaling, err = flow.Resume(g, units, potential, epsilon); err != nil {
		return fmt.Errorf("lay out contended needs: %w", err)
	}
	return nil
}

// within returns the need's candidates within band of being used, and those that
// are.
func (p *Plan) within(n int32, band int64) []arc {
	x := &p.needs[n]
	var near []arc
	for _, c := range x.list {
		if int64(c.cost) > x.worth+band {
			break
		}
		if int64(c.cost)+p.prices[c.node] <= x.worth+band || x.used(c.node) != nil {
			near = append(near, c)
		}
	}
	return near
}

// phase makes the part optimal within ε.
func (a *approach) phase(ctx context.Context) error {
	if err := a.scaling.Phase(ctx); err != nil {
		return fmt.Errorf("plan contended needs: %w", err)
	}
	return nil
}
