// Package flow owns minimum-cost flow on general graphs: the graph, its DIMACS
// text form and an exact solver. The plan uses the solver for what is contended,
// the command line for files from outside. It is pure: it opens no file, reads
// no clock and knows neither needs nor offers.
package flow

import (
	"errors"
	"fmt"
	"math"
	"math/big"
)

// Graph is a minimum-cost flow problem: send what the supplies give to where
// they are negative, within the arcs' bounds, as cheaply as can be.
type Graph struct {
	Nodes    int // numbered from 0
	Supplies []Supply
	Arcs     []Arc
}

// Supply is what enters at a node, or leaves where it is negative. Nodes
// without one pass on what they get; several of one node add up.
type Supply struct {
	Node   int
	Amount int64
}

// Arc carries between Low and Cap units at Cost each. Parallel arcs, loops and
// negative costs are allowed.
type Arc struct {
	From, To       int
	Low, Cap, Cost int64
}

// What a graph can be refused for. The errors returned wrap one of them and say
// where.
var (
	ErrInfeasible = errors.New("no flow satisfies the supplies within the capacities")
	ErrOverflow   = errors.New("amounts or costs are too large to compute with")
	ErrMalformed  = errors.New("the graph is malformed")
)

// Solution is a cheapest flow.
type Solution struct {
	Flow []int64  // by arc
	Cost *big.Int // Σ flow × cost, lower bounds included
}

const (
	// maxAmount bounds sums of units, so that no sum of two overflows.
	maxAmount = math.MaxInt64 / 4
	// maxNodes leaves room for twice the arcs in 32 bits.
	maxNodes = math.MaxInt32 / 4
)

// check refuses what is not a graph.
func (g *Graph) check() error {
	if g.Nodes < 0 || g.Nodes > maxNodes || len(g.Arcs) > maxNodes {
		return fmt.Errorf("%w: %d nodes, %d arcs, at most %d of each", ErrOverflow, g.Nodes, len(g.Arcs), maxNodes)
	}
	for _, s := range g.Supplies {
		if s.Node < 0 || s.Node >= g.Nodes {
			return fmt.Errorf("%w: a supply at node %d of %d", ErrMalformed, s.Node, g.Nodes)
		}
	}
	for i, a := range g.Arcs {
		switch {
		case a.From < 0 || a.From >= g.Nodes || a.To < 0 || a.To >= g.Nodes:
			return fmt.Errorf("%w: arc %d joins nodes %d and %d of %d", ErrMalformed, i, a.From, a.To, g.Nodes)
		case a.Cap < a.Low:
			return fmt.Errorf("%w: arc %d has capacity %d below its lower bound %d", ErrMalformed, i, a.Cap, a.Low)
		}
	}
	return nil
}

// excess returns what every node has to pass on once the lower bounds are sent.
func (g *Graph) excess() ([]int64, error) {
	excess := make([]int64, g.Nodes)
	give := func(node int, amount int64) error {
		sum := excess[node] + amount
		if amount < -maxAmount || amount > maxAmount || sum < -maxAmount || sum > maxAmount {
			return fmt.Errorf("%w: the amounts at node %d add up to more than %d", ErrOverflow, node, int64(maxAmount))
		}
		excess[node] = sum
		return nil
	}
	for _, s := range g.Supplies {
		if err := give(s.Node, s.Amount); err != nil {
			return nil, err
		}
	}
	for _, a := range g.Arcs {
		if err := errors.Join(give(a.From, -a.Low), give(a.To, a.Low)); err != nil {
			return nil, err
		}
	}
	return excess, balanced(excess)
}

func balanced(excess []int64) error {
	var supply, demand int64
	for _, e := range excess {
		supply, demand = supply+max(e, 0), demand-min(e, 0)
		if supply > maxAmount || demand > maxAmount {
			return fmt.Errorf("%w: the supplies add up to more than %d", ErrOverflow, int64(maxAmount))
		}
	}
	if supply != demand {
		return fmt.Errorf("%w: the supplies are %d, the demands %d", ErrInfeasible, supply, demand)
	}
	return nil
}

// most returns what one arc carries at most in some cheapest flow: all supply
// once, and all cycles that pay, of which each needs an arc of negative cost.
func (g *Graph) most(excess []int64) int64 {
	var most int64
	add := func(n int64) {
		if most += n; most < 0 || most > maxAmount {
			most = maxAmount
		}
	}
	for _, e := range excess {
		add(max(e, 0))
	}
	for _, a := range g.Arcs {
		if a.Cost < 0 {
			add(room(a))
		}
	}
	return most
}

// room is what an arc carries above its lower bound.
func room(a Arc) int64 {
	n := uint64(a.Cap) - uint64(a.Low) // right without a sign, since Cap ≥ Low
	return int64(min(n, math.MaxInt64))
}

// cost returns Σ flow × cost.
func (g *Graph) cost(flow []int64) *big.Int {
	total, part := new(big.Int), new(big.Int)
	for i, a := range g.Arcs {
		part.SetInt64(flow[i])
		total.Add(total, part.Mul(part, big.NewInt(a.Cost)))
	}
	return total
}
