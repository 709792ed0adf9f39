package flow

import (
	"context"
	"fmt"
	"math"
)

// Scaling solves a graph by cost scaling (Goldberg and Tarjan 1990) with short
// augmenting walks instead of single pushes and with global price updates
// (Goldberg 1997). After every phase the flow is feasible and ε-optimal, and
// the potentials give a bound; ε falls by a constant factor each phase, so a
// caller with little time stops early and knows how far from the best it is.
type Scaling struct {
	graph     *Graph
	net       *residual
	unit      int64 // costs inside are the graph's times unit
	epsilon   int64 // the flow is optimal within this, in costs inside
	potential []int64

	next   []int32 // by node, the first edge that may have a negative reduced cost
	active fifo
	path   []int32
	onPath []bool // by edge
	update *updater

	relabels int
	lowest   int64 // potential ever
	edges    int64 // looked at, since the last question to the context
}

const (
	// shrink is how much ε falls in a phase.
	shrink = 16
	// longestWalk bounds an augmenting walk: longer ones find more cycles than ends.
	longestWalk = 4
	// patience is how many edges are looked at between questions to the context.
	patience = 1 << 20
	// mostPotential keeps potentials and reduced costs away from overflow.
	mostPotential = math.MaxInt64 / 8
)

// NewScaling prepares a graph. The graph must not change afterwards. Errors:
// ErrMalformed, ErrOverflow, ErrInfeasible.
func NewScaling(g *Graph) (*Scaling, error) {
	s, err := newScaling(g)
	if err != nil {
		return nil, err
	}
	return s, s.net.route()
}

// Resume prepares a graph whose supplies the given flow satisfies, with
// potentials near the best ones: the first phase makes it optimal within
// epsilon, in the graph's costs. Errors: ErrMalformed, ErrOverflow,
// ErrInfeasible.
func Resume(g *Graph, flow, potential []int64, epsilon int64) (*Scaling, error) {
	s, err := newScaling(g)
	if err != nil {
		return nil, err
	}
	for i, units := range flow {
		if e := s.net.at[i]; e >= 0 {
			s.net.push(e, units-g.Arcs[i].Low)
		}
	}
	for v, p := range potential {
		s.potential[v] = p * s.unit
		s.lowest = min(s.lowest, s.potential[v])
	}
	s.epsilon = min(s.epsilon, epsilon*s.unit*shrink)
	return s, s.net.route()
}

// newScaling multiplies the costs by more than the number of nodes: a flow
// within one unit of that is exactly optimal.
func newScaling(g *Graph) (*Scaling, error) {
	net, err := newResidual(g)
	if err != nil {
		return nil, err
	}
	s := &Scaling{
		graph: g, net: net, potential: make([]int64, g.Nodes), unit: int64(g.Nodes) + 1,
		next: make([]int32, g.Nodes), onPath: make([]bool, len(net.edges)),
	}
	largest := int64(1)
	for _, a := range g.Arcs {
		if a.Cost == math.MinInt64 {
			return nil, fmt.Errorf("%w: a cost of %d", ErrOverflow, a.Cost)
		}
		largest = max(largest, a.Cost, -a.Cost)
	}
	if largest > mostPotential/4/s.unit {
		return nil, fmt.Errorf("%w: costs up to %d over %d nodes", ErrOverflow, largest, g.Nodes)
	}
	for i := range net.edges {
		net.edges[i].cost *= s.unit
	}
	s.epsilon = largest * s.unit
	s.update = newUpdater(s)
	return s, nil
}

// Exact reports whether the flow is a cheapest one.
func (s *Scaling) Exact() bool { return s.epsilon <= 1 }

// Error returns the most by which one unit's way could be cheaper for each of
// its arcs, in the graph's costs.
func (s *Scaling) Error() float64 { return float64(s.epsilon) / float64(s.unit) }

// Flow returns what arc i carries; it is feasible between phases.
func (s *Scaling) Flow(i int) int64 { return s.net.flow(i, s.graph.Arcs[i]) }

// Potential returns a node's price, in the graph's costs: what a unit is worth
// there less than at a node of potential 0.
func (s *Scaling) Potential(v int) int64 { return floorDivide(s.potential[v], s.unit) }

func floorDivide(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Phase makes ε smaller by a factor and the flow optimal within it. It does
// nothing when the flow is exact. When the context ends, the flow is not
// feasible any more and the error is the context's.
func (s *Scaling) Phase(ctx context.Context) error {
	if err := ctx.Err(); err != nil || s.Exact() {
		return err
	}
	s.epsilon = max(1, s.epsilon/shrink)
	s.saturate()
	s.relabels = 0
	nextUpdate := len(s.potential)
	for {
		v, ok := s.active.pop()
		if !ok {
			return nil
		}
		for s.net.excess[v] > 0 {
			s.walk(v)
			s.augment(v)
			if s.lowest < -mostPotential {
				return fmt.Errorf("%w: a way costs more than %d", ErrOverflow, mostPotential/s.unit)
			}
			if s.relabels >= nextUpdate {
				s.update.run()
				nextUpdate += len(s.potential)
			}
		}
		if s.edges > patience {
			s.edges = 0
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
}

// saturate fills every edge of negative reduced cost, which makes the flow
// optimal and, in places, infeasible.
func (s *Scaling) saturate() {
	copy(s.next, s.net.first)
	for v := range s.potential {
		for i := s.net.first[v]; i < s.net.first[v+1]; i++ {
			e := &s.net.edges[i]
			if e.cap > 0 && e.cost+s.potential[v]-s.potential[e.head] < 0 {
				s.net.push(i, e.cap)
			}
		}
	}
	s.active.reset(len(s.potential))
	for v, excess := range s.net.excess {
		if excess > 0 {
			s.active.push(int32(v))
		}
	}
}

// walk follows edges of negative reduced cost from start to a node that misses
// something, at most a few steps, and lowers the potential of nodes where none
// leads on.
func (s *Scaling) walk(start int32) {
	s.path = s.path[:0]
	for tip := start; len(s.path) < longestWalk && s.net.excess[tip] >= 0; {
		e, least := s.admissible(tip)
		if e >= 0 {
			s.path = append(s.path, e)
			if s.onPath[e] {
				return // around a cycle
			}
			s.onPath[e] = true
			tip = s.net.edges[e].head
			continue
		}
		if tip != start { // the way back opens when the walk is filled
			last := s.net.edges[s.path[len(s.path)-1]]
			before := s.net.edges[last.mate].head
			least = min(least, s.potential[tip]-s.potential[before]-last.cost)
		}
		s.potential[tip] -= least + s.epsilon
		s.lowest = min(s.lowest, s.potential[tip])
		s.next[tip] = s.net.first[tip]
		s.relabels++
		if tip != start {
			last := s.path[len(s.path)-1]
			s.onPath[last] = false
			s.path = s.path[:len(s.path)-1]
			tip = s.net.edges[s.net.edges[last].mate].head
		}
	}
}

// admissible returns an edge of v of negative reduced cost, or −1 and the least
// reduced cost of its edges.
func (s *Scaling) admissible(v int32) (int32, int64) {
	here, least := s.potential[v], int64(math.MaxInt64)
	end := s.net.first[v+1]
	for i := s.next[v]; i < end; i++ {
		if e := &s.net.edges[i]; e.cap > 0 {
			reduced := e.cost + here - s.potential[e.head]
			if reduced < 0 {
				s.edges += int64(i-s.next[v]) + 1
				s.next[v] = i
				return i, 0
			}
			least = min(least, reduced)
		}
	}
	for i := s.net.first[v]; i < s.next[v]; i++ {
		if e := &s.net.edges[i]; e.cap > 0 {
			least = min(least, e.cost+here-s.potential[e.head])
		}
	}
	s.edges += int64(end - s.net.first[v])
	return -1, least
}

// augment pushes along the walk as much as every step lets through.
func (s *Scaling) augment(start int32) {
	from := start
	for _, i := range s.path {
		e := &s.net.edges[i]
		units := min(e.cap, s.net.excess[from])
		s.onPath[i] = false
		from = e.head
		before := s.net.excess[from]
		s.net.push(i, units)
		if before <= 0 && s.net.excess[from] > 0 {
			s.active.push(from)
		}
	}
}
