package plan

import (
	"fmt"
	"math"
	"slices"
)

// Explanation says why a need does not get its own cheapest offer.
type Explanation struct {
	Need   NeedKey
	Best   OfferKey // its cheapest candidate
	Served bool     // the plan gives it units of Best: there is nothing to explain
	// Saved is what a unit from Best would save the need, Loss what the best
	// plan with that would cost more in sum. Loss is not negative.
	Saved, Loss int64
	// Moves are the changes that the need's unit from Best would make
	// necessary, its own first: their costs add up to Loss.
	Moves []Move
}

// Move is a unit of a need that goes from one offer to another.
type Move struct {
	Need     NeedKey
	From, To OfferKey // Nowhere: unmatched
	Cost     int64    // more than before, load of groups included at Load
	Load     int64    // of it, load of groups
}

// Nowhere is the offer of an unmatched unit.
const Nowhere OfferKey = -1

// Explain says whom the need's cheapest offer serves instead, and what it would
// cost to give the need a unit of it: the shortest cycle through that pair in
// the network of what can be changed. It leaves the plan as it is. Errors:
// ErrUnknown, ErrCoarse; ErrInvalid for a need that no offer fits or that asks
// for nothing.
func (p *Plan) Explain(k NeedKey) (Explanation, error) {
	x, err := p.need(k)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain: %w", err)
	}
	if len(x.list) == 0 || x.quantity == 0 {
		return Explanation{}, fmt.Errorf("explain need %d: %w: nothing to choose", k, ErrInvalid)
	}
	for _, best := range x.list {
		e := Explanation{Need: k, Best: OfferKey(p.bins[best.node].offer), Served: x.used(best.node) != nil}
		if e.Served {
			return e, nil
		}
		way, found := p.only(nil).cycle(int32(k), best.node)
		if !found {
			continue // it gives nothing to anybody
		}
		e.Moves = p.moves(way)
		for _, m := range e.Moves {
			e.Loss += m.Cost
		}
		e.Saved = -(e.Moves[0].Cost - e.Moves[0].Load)
		return e, nil
	}
	return Explanation{}, fmt.Errorf("explain need %d: %w: no offer gives anything", k, ErrInvalid)
}

// cycle returns the nodes of the cheapest way to give a need a unit of a bin:
// the need, the bin, and on, over whoever changes, to the need again, which
// then has one unit less elsewhere.
func (a *augmenter) cycle(n, at int32) (way []int32, found bool) {
	s := &a.search
	a.backward(n)
	back := a.trace(false)
	s.target, s.detour = n, s.best
	a.forward(binNode(at))
	s.target, s.detour = none, 0
	if s.best == math.MaxInt64 {
		return nil, false
	}
	way = append([]int32{n}, a.trace(true)...)
	if s.end != n || s.best != s.needs[n].distance {
		way = append(append(way, none), back...)
	}
	return way, true
}

// trace returns the way that the search found, in the direction of the units.
func (a *augmenter) trace(forward bool) []int32 {
	way := []int32{a.search.end}
	for node := a.search.end; a.search.mark(node).from != node; {
		node = a.search.mark(node).from
		way = append(way, node)
	}
	if forward {
		slices.Reverse(way)
	}
	return way
}

// moves reads a cycle of nodes, with none for the end of all ways, as what its
// needs do.
func (p *Plan) moves(way []int32) []Move {
	var moves []Move
	from := way[len(way)-2] // the last node is the first again
	for i, node := range way[:len(way)-1] {
		next := way[i+1]
		switch {
		case node >= 0:
			m := Move{Need: NeedKey(node), From: p.offerAtNode(from), To: p.offerAtNode(next)}
			m.Cost = p.unitCost(node, next) - p.unitCost(node, from)
			moves = append(moves, m)
		case next < 0:
			load := p.loadStep(node, next)
			m := &moves[len(moves)-1]
			m.Cost, m.Load = m.Cost+load, m.Load+load
		}
		from = node
	}
	return moves
}

// loadStep returns what one unit that passes between two bins, or a bin and the
// end, changes in load costs.
func (p *Plan) loadStep(from, to int32) int64 {
	if to == none || from != none && p.bins[-1-from].parent == -1-to {
		cost, _ := p.bins[-1-from].next()
		return cost
	}
	cost, _ := p.bins[-1-to].last()
	return -cost
}

func (p *Plan) offerAtNode(node int32) OfferKey {
	if node == none {
		return Nowhere
	}
	return OfferKey(p.bins[-1-node].offer)
}

// unitCost returns what a unit at a bin, or unmatched, costs a need.
func (p *Plan) unitCost(n, node int32) int64 {
	if node == none {
		return p.needs[n].price
	}
	for _, a := range p.needs[n].list {
		if a.node == -1-node {
			return int64(a.cost)
		}
	}
	return 0
}
