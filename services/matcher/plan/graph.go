package plan

import (
	"heli/services/matcher/plan/flow"
)

// layout says where the rows of a plan are in a graph: needs first, then bins,
// then the end.
type layout struct {
	needs []int32 // by node
	bins  []int32 // by node less the needs
	nodes []int32 // by bin, its node; outside: not in the graph
}

// Graph returns the plan's problem, with the candidates looked at so far, as
// minimum-cost flow: a node for each need that wants something, then for each
// offer that is a candidate and each group, then the end. Its optimum is the
// plan's.
func (p *Plan) Graph() *flow.Graph {
	l := layout{nodes: make([]int32, len(p.bins))}
	for b := range l.nodes {
		l.nodes[b] = outside
	}
	for i := range p.needs {
		if p.needs[i].quantity > 0 {
			l.needs = append(l.needs, int32(i))
		}
	}
	for _, n := range l.needs {
		for _, a := range p.needs[n].list {
			p.place(&l, a.node)
		}
	}
	g := &flow.Graph{Nodes: len(l.needs) + len(l.bins) + 1}
	p.drawNeeds(g, &l)
	p.drawBins(g, &l)
	return g
}

// place gives a bin and all above it nodes.
func (p *Plan) place(l *layout, b int32) {
	for ; b != outside && l.nodes[b] == outside; b = p.bins[b].parent {
		l.nodes[b] = int32(len(l.needs) + len(l.bins))
		l.bins = append(l.bins, b)
	}
}

func (p *Plan) drawNeeds(g *flow.Graph, l *layout) {
	end, total := g.Nodes-1, int64(0)
	for i, n := range l.needs {
		x := &p.needs[n]
		for _, a := range x.list {
			g.Arcs = append(g.Arcs, flow.Arc{From: i, To: int(l.nodes[a.node]), Cap: x.quantity, Cost: int64(a.cost)})
		}
		g.Arcs = append(g.Arcs, flow.Arc{From: i, To: end, Cap: x.quantity, Cost: x.price})
		g.Supplies = append(g.Supplies, flow.Supply{Node: i, Amount: x.quantity})
		total += x.quantity
	}
	g.Supplies = append(g.Supplies, flow.Supply{Node: end, Amount: -total})
}

func (p *Plan) drawBins(g *flow.Graph, l *layout) {
	for i, at := range l.bins {
		b := &p.bins[at]
		to := g.Nodes - 1
		if b.parent != outside {
			to = int(l.nodes[b.parent])
		}
		for _, s := range b.stepsOf() {
			g.Arcs = append(g.Arcs, flow.Arc{From: len(l.needs) + i, To: to, Cap: s.Width, Cost: s.Cost})
		}
	}
}
