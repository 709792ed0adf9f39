package plan

// unbalance notes units too many at a node, or too few where negative.
func (p *Plan) unbalance(node int32, units int64) {
	if units == 0 {
		return
	}
	*p.excess(node) += units
	p.unsettled = append(p.unsettled, node)
}

func (p *Plan) excess(node int32) *int64 {
	if node >= 0 {
		return &p.needs[node].excess
	}
	return &p.bins[-1-node].excess
}

// raise moves the prices of what the search saw so that the way found costs
// nothing in reduced terms, and no other falls below.
func (a *augmenter) raise(sign int64) {
	s := &a.search
	if sign < 0 {
		a.fallen += s.best
	}
	for _, node := range s.seen {
		by := s.best - s.mark(node).distance
		switch {
		case by <= 0:
		case node < 0:
			a.prices[-1-node] += sign * by
		default:
			a.needs[node].worth += sign * by
			a.doubt(node)
		}
	}
}

// push sends along the way found as much as all of it lets through.
func (a *augmenter) push(start int32, forward bool) {
	units := min(abs(*a.excess(start)), a.endRoom(forward))
	for node := a.search.end; node != start; {
		from, to := a.link(node, forward)
		units = min(units, a.room(from, to))
		node = a.search.mark(node).from
	}
	for node := a.search.end; node != start; {
		from, to := a.link(node, forward)
		a.send(from, to, units)
		node = a.search.mark(node).from
	}
	a.close(units, forward)
	if forward {
		*a.excess(start) -= units
	} else {
		*a.excess(start) += units
	}
}

// link returns the edge of the way between a node and the one it was seen from.
func (a *augmenter) link(node int32, forward bool) (from, to int32) {
	if before := a.search.mark(node).from; forward {
		return before, node
	} else {
		return node, before
	}
}

// endRoom returns how many units the end of the way can take or give.
func (a *augmenter) endRoom(forward bool) int64 {
	end := a.search.end
	excess := *a.excess(end)
	switch {
	case forward && excess < 0:
		return -excess
	case end >= 0 && forward:
		return Unlimited
	case end >= 0:
		return a.needs[end].left
	case forward:
		_, room := a.bins[-1-end].next()
		return room
	default:
		_, taken := a.bins[-1-end].last()
		return taken
	}
}

// close books the units at the end of the way.
func (a *augmenter) close(units int64, forward bool) {
	end, signed := a.search.end, units
	if !forward {
		signed = -units
	}
	switch excess := a.excess(end); {
	case forward && *excess < 0:
		*excess += signed
	case end >= 0:
		a.needs[end].left += signed
	default:
		a.bins[-1-end].flow += signed
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
