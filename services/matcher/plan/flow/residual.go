package flow

import "fmt"

// residual is the network of what can still be pushed: every arc as an edge and
// its mate backwards, the edges of a node in one run (compressed rows).
type residual struct {
	first  []int32 // by node, where its edges begin; one more at the end
	edges  []edge
	excess []int64
	at     []int32 // by arc, its edge; −1 for a loop
}

type edge struct {
	cost, cap int64
	head      int32
	mate      int32
}

// newResidual builds the network with every lower bound sent and nothing above.
func newResidual(g *Graph) (*residual, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	excess, err := g.excess()
	if err != nil {
		return nil, err
	}
	r := &residual{first: make([]int32, g.Nodes+1), excess: excess, at: make([]int32, len(g.Arcs))}
	r.edges = make([]edge, 2*r.count(g.Arcs))
	next := append([]int32(nil), r.first...)
	most := g.most(excess)
	for i, a := range g.Arcs {
		if a.From == a.To {
			r.at[i] = -1
			continue
		}
		if most == maxAmount && room(a) > most {
			return nil, fmt.Errorf("%w: arc %d may have to carry more than %d", ErrOverflow, i, int64(maxAmount))
		}
		forth, back := next[a.From], next[a.To]
		next[a.From]++
		next[a.To]++
		r.at[i] = forth
		r.edges[forth] = edge{cost: a.Cost, cap: min(room(a), most), head: int32(a.To), mate: back}
		r.edges[back] = edge{cost: -a.Cost, head: int32(a.From), mate: forth}
	}
	return r, r.bounded()
}

// count sets where the edges of every node begin and returns the number of arcs
// that are no loops.
func (r *residual) count(arcs []Arc) int {
	count := 0
	for _, a := range arcs {
		if a.From != a.To {
			r.first[a.From+1]++
			r.first[a.To+1]++
			count++
		}
	}
	for v := 1; v < len(r.first); v++ {
		r.first[v] += r.first[v-1]
	}
	return count
}

// bounded refuses capacities that could make the excess of a node overflow
// while arcs are filled.
func (r *residual) bounded() error {
	for v, excess := range r.excess {
		in, out := max(excess, 0), max(-excess, 0)
		for _, e := range r.of(int32(v)) {
			in += r.edges[e.mate].cap
			if out += e.cap; out > maxAmount || in > maxAmount {
				return fmt.Errorf("%w: the capacities at node %d add up to more than %d", ErrOverflow, v, int64(maxAmount))
			}
		}
	}
	return nil
}

func (r *residual) of(v int32) []edge { return r.edges[r.first[v]:r.first[v+1]] }

// push sends units along an edge.
func (r *residual) push(e int32, units int64) {
	forth := &r.edges[e]
	back := &r.edges[forth.mate]
	forth.cap -= units
	back.cap += units
	r.excess[back.head] -= units
	r.excess[forth.head] += units
}

// flow returns what arc i carries. A loop carries all it can where that pays.
func (r *residual) flow(i int, a Arc) int64 {
	switch e := r.at[i]; {
	case e >= 0:
		return a.Low + r.edges[r.edges[e].mate].cap
	case a.Cost < 0:
		return a.Cap
	default:
		return a.Low
	}
}
