package flow

import "context"

// Solve returns a cheapest flow of the graph. Errors: ErrMalformed,
// ErrInfeasible, ErrOverflow, or the context's.
func Solve(ctx context.Context, g *Graph) (Solution, error) {
	s, err := NewScaling(g)
	if err != nil {
		return Solution{}, err
	}
	for !s.Exact() {
		if err := s.Phase(ctx); err != nil {
			return Solution{}, err
		}
	}
	return s.Solution(), nil
}

// Solution returns the flow as it is: feasible between phases, a cheapest one
// once Exact.
func (s *Scaling) Solution() Solution {
	flow := make([]int64, len(s.graph.Arcs))
	for i := range flow {
		flow[i] = s.Flow(i)
	}
	return Solution{Flow: flow, Cost: s.graph.cost(flow)}
}
