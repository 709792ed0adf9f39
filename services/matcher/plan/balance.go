package plan

import "slices"

// Every change leaves nodes with a unit too many or too few, and all ways of
// negative reduced cost closed. Setting right one node after another along
// shortest ways keeps them closed, so that the end is optimal again: successive
// shortest paths, from both sides.

// unbalance notes units too many at a node, or too few where negative.
func (p *Plan) unbalance(node int32, units int64) {
	if units == 0 {
		return
	}
	*p.excess(node) += units
	p.queue = append(p.queue, node)
}

func (p *Plan) excess(node int32) *int64 {
	if node >= 0 {
		return &p.needs[node].excess
	}
	return &p.bins[-1-node].excess
}

// settle sets all noted nodes right: those with units too many first, which may
// go where one is missing, then those that still miss some. Where stop says so
// between two ways, it ends early, with some still noted.
func (p *Plan) settle(stop func() bool) (done bool) {
	for _, forward := range []bool{true, false} {
		for _, node := range p.queue {
			for p.off(node, forward) {
				if stop() {
					p.queue = slices.DeleteFunc(p.queue, func(n int32) bool { return *p.excess(n) == 0 })
					return false
				}
				p.move(node, forward)
			}
		}
	}
	p.queue = p.queue[:0]
	return true
}

// off reports whether a node has units too many, or misses some. It reads anew
// every time, since searches may add bins.
func (p *Plan) off(node int32, forward bool) bool {
	excess := *p.excess(node)
	return forward && excess > 0 || !forward && excess < 0
}

// never is for work that must be finished.
func never() bool { return false }

// move takes units from a node, or brings them, along the shortest way.
func (p *Plan) move(node int32, forward bool) {
	if forward {
		p.forward(node)
		p.raise(1)
	} else {
		p.backward(node)
		p.raise(-1)
	}
	p.push(node, forward)
}

// raise moves the prices of what the search saw so that the way found costs
// nothing in reduced terms, and no other falls below.
func (p *Plan) raise(sign int64) {
	s := &p.search
	if sign < 0 {
		p.fallen += s.best
	}
	for _, node := range s.seen {
		by := s.best - s.mark(node).distance
		switch {
		case by <= 0:
		case node < 0:
			p.prices[-1-node] += sign * by
		default:
			p.needs[node].worth += sign * by
			p.doubt(node)
		}
	}
}

// push sends along the way found as much as all of it lets through.
func (p *Plan) push(start int32, forward bool) {
	units := min(abs(*p.excess(start)), p.endRoom(forward))
	for node := p.search.end; node != start; {
		from, to := p.link(node, forward)
		units = min(units, p.room(from, to))
		node = p.search.mark(node).from
	}
	for node := p.search.end; node != start; {
		from, to := p.link(node, forward)
		p.send(from, to, units)
		node = p.search.mark(node).from
	}
	p.close(units, forward)
	if forward {
		*p.excess(start) -= units
	} else {
		*p.excess(start) += units
	}
}

// link returns the edge of the way between a node and the one it was seen from.
func (p *Plan) link(node int32, forward bool) (from, to int32) {
	if before := p.search.mark(node).from; forward {
		return before, node
	} else {
		return node, before
	}
}

// endRoom returns how many units the end of the way can take or give.
func (p *Plan) endRoom(forward bool) int64 {
	end := p.search.end
	excess := *p.excess(end)
	switch {
	case forward && excess < 0:
		return -excess
	case end >= 0 && forward:
		return Unlimited
	case end >= 0:
		return p.needs[end].left
	case forward:
		_, room := p.bins[-1-end].next()
		return room
	default:
		_, taken := p.bins[-1-end].last()
		return taken
	}
}

// close books the units at the end of the way.
func (p *Plan) close(units int64, forward bool) {
	end, signed := p.search.end, units
	if !forward {
		signed = -units
	}
	switch excess := p.excess(end); {
	case forward && *excess < 0:
		*excess += signed
	case end >= 0:
		p.needs[end].left += signed
	default:
		p.bins[-1-end].flow += signed
	}
}

// room returns how many units an edge of a way lets through.
func (p *Plan) room(from, to int32) int64 {
	switch {
	case from >= 0: // a need takes from a bin
		return Unlimited
	case to >= 0: // a need gives back to a bin
		return p.needs[to].used(-1 - from).units
	case p.bins[-1-from].parent == -1-to:
		_, room := p.bins[-1-from].next()
		return room
	default:
		_, taken := p.bins[-1-to].last()
		return taken
	}
}

// send books units on an edge of a way. The prices have been raised, so that a
// pair on it costs exactly what lies between its ends.
func (p *Plan) send(from, to int32, units int64) {
	switch {
	case from >= 0:
		b := -1 - to
		p.pair(from, b, int32(p.needs[from].worth-p.prices[b]), units)
	case to >= 0:
		p.pair(to, -1-from, 0, -units)
	case p.bins[-1-from].parent == -1-to:
		p.bins[-1-from].flow += units
	default:
		p.bins[-1-to].flow -= units
	}
}

func abs(n int64) int64 { return max(n, -n) }
