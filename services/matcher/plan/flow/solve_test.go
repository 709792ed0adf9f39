package flow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func drawGraph(t *rapid.T, nodes, arcs int, most int64) *Graph {
	g := &Graph{Nodes: rapid.IntRange(1, nodes).Draw(t, "nodes")}
	node := rapid.IntRange(0, g.Nodes-1)
	for range rapid.IntRange(0, 3).Draw(t, "ways") {
		n := rapid.Int64Range(0, most).Draw(t, "amount")
		g.Supplies = append(g.Supplies, Supply{node.Draw(t, "source"), n}, Supply{node.Draw(t, "sink"), -n})
	}
	for range rapid.IntRange(0, arcs).Draw(t, "arcs") {
		low := rapid.Int64Range(-1, 1).Draw(t, "low")
		g.Arcs = append(g.Arcs, Arc{
			From: node.Draw(t, "from"), To: node.Draw(t, "to"), Low: low,
			Cap: low + rapid.Int64Range(0, most).Draw(t, "room"), Cost: rapid.Int64Range(-5, 9).Draw(t, "cost"),
		})
	}
	return g
}

// exhaust tries every flow and returns the least cost, or false.
func exhaust(g *Graph) (int64, bool) {
	excess := make([]int64, g.Nodes)
	for _, s := range g.Supplies {
		excess[s.Node] += s.Amount
	}
	best, found := int64(math.MaxInt64), false
	var try func(i int, cost int64)
	try = func(i int, cost int64) {
		if i < len(g.Arcs) {
			a := g.Arcs[i]
			for units := a.Low; units <= a.Cap; units++ {
				excess[a.From] -= units
				excess[a.To] += units
				try(i+1, cost+units*a.Cost)
				excess[a.From] += units
				excess[a.To] -= units
			}
			return
		}
		for _, e := range excess {
			if e != 0 {
				return
			}
		}
		best, found = min(best, cost), true
	}
	try(0, 0)
	return best, found
}

func TestSolveFindsWhatExhaustionFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, 4, 6, 3)
		want, feasible := exhaust(g)
		s, err := Solve(context.Background(), g)
		switch {
		case !feasible && !errors.Is(err, ErrInfeasible):
			t.Fatalf("want it infeasible, got %v, %v", s, err)
		case feasible && err != nil:
			t.Fatal(err)
		case feasible && s.Cost.Cmp(big.NewInt(want)) != 0:
			t.Fatalf("a cost of %v, want %d", s.Cost, want)
		}
	})
}

func TestSolveIsOptimalOnLargerGraphs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, 30, 120, 1000)
		s, err := Solve(context.Background(), g)
		if errors.Is(err, ErrInfeasible) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := optimal(g, s.Flow); err != nil {
			t.Fatal(err)
		}
	})
}

// optimal checks that the flow is feasible and that no cycle of what is left
// has a negative cost (Bellman and Ford).
func optimal(g *Graph, flow []int64) error {
	excess := make([]int64, g.Nodes)
	for _, s := range g.Supplies {
		excess[s.Node] += s.Amount
	}
	for i, a := range g.Arcs {
		if flow[i] < a.Low || flow[i] > a.Cap {
			return fmt.Errorf("%d units on %+v", flow[i], a)
		}
		excess[a.From] -= flow[i]
		excess[a.To] += flow[i]
	}
	for v, e := range excess {
		if e != 0 {
			return fmt.Errorf("%d units too many at node %d", e, v)
		}
	}
	distance := make([]int64, g.Nodes)
	for range g.Nodes + 1 {
		changed := false
		relax := func(from, to int, cost int64) {
			if distance[from]+cost < distance[to] {
				distance[to], changed = distance[from]+cost, true
			}
		}
		for i, a := range g.Arcs {
			if flow[i] < a.Cap {
				relax(a.From, a.To, a.Cost)
			}
			if flow[i] > a.Low {
				relax(a.To, a.From, -a.Cost)
			}
		}
		if !changed {
			return nil
		}
	}
	return errors.New("a cycle of negative cost is left")
}

// The optima were found by LEMON's network simplex.
func TestSolveFindsReferenceOptima(t *testing.T) {
	t.Parallel()
	for file, want := range references {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			f, err := os.Open(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			g, err := Read(f)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Solve(t.Context(), g)
			if err != nil || s.Cost.String() != want {
				t.Fatalf("a cost of %v, %v; want %s", s.Cost, err, want)
			}
		})
	}
}

func TestSolveRefuses(t *testing.T) {
	t.Parallel()
	pair := []Supply{{0, 5}, {1, -5}}
	for name, c := range map[string]struct {
		graph Graph
		want  error
	}{
		"unbalanced":      {Graph{Nodes: 2, Supplies: []Supply{{0, 5}}}, ErrInfeasible},
		"no way":          {Graph{Nodes: 2, Supplies: pair}, ErrInfeasible},
		"narrow":          {Graph{Nodes: 2, Supplies: pair, Arcs: []Arc{{0, 1, 0, 4, 1}}}, ErrInfeasible},
		"foreign node":    {Graph{Nodes: 2, Arcs: []Arc{{0, 2, 0, 1, 1}}}, ErrMalformed},
		"crossed bounds":  {Graph{Nodes: 2, Arcs: []Arc{{0, 1, 2, 1, 1}}}, ErrMalformed},
		"huge supply":     {Graph{Nodes: 2, Supplies: []Supply{{0, math.MaxInt64}, {1, -math.MaxInt64}}}, ErrOverflow},
		"huge low bound":  {Graph{Nodes: 2, Arcs: []Arc{{0, 1, math.MinInt64, 0, 1}}}, ErrOverflow},
		"huge cost":       {Graph{Nodes: 2, Arcs: []Arc{{0, 1, 0, 1, math.MaxInt64}}}, ErrOverflow},
		"least cost":      {Graph{Nodes: 2, Arcs: []Arc{{0, 1, 0, 1, math.MinInt64}}}, ErrOverflow},
		"negative nodes":  {Graph{Nodes: -1}, ErrOverflow},
		"paying for ever": {Graph{Nodes: 2, Arcs: []Arc{{0, 1, 0, math.MaxInt64, -1}, {1, 0, 0, math.MaxInt64, -1}}}, ErrOverflow},
	} {
		if _, err := Solve(t.Context(), &c.graph); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestSolveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := &Graph{Nodes: 2, Supplies: []Supply{{0, 1}, {1, -1}}, Arcs: []Arc{{0, 1, 0, 1, 100}}}
	if _, err := Solve(ctx, g); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

var references = map[string]string{
	"assignment-150.min": "39281958",
	"contended-300.min":  "657865407",
	"random-300.min":     "1180551435",
	"random-60.min":      "33556",
	"ties-20.min":        "-2179",
}
