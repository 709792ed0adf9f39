package main

import (
	"context"
	"fmt"
	"os"

	"heli/services/matcher/plan/flow"
)

// planCommand works on plans apart from any platform.
type planCommand struct {
	Solve planSolve `cmd:"" help:"Print the optimal cost of a DIMACS minimum-cost-flow file."`
}

type planSolve struct {
	File string `arg:"" type:"existingfile" placeholder:"FILE" help:"The problem: p min, n and a lines."`
	JSON bool   `name:"json" help:"Print the cost as JSON."`
}

// Run prints the optimal cost alone on one line.
func (c *planSolve) Run(ctx context.Context, t terminal) error {
	g, err := readGraph(c.File)
	if err != nil {
		return err
	}
	s, err := flow.Solve(ctx, g)
	if err != nil {
		return fmt.Errorf("solve %s: %w", c.File, err)
	}
	return t.result(c.JSON, map[string]any{"cost": s.Cost, "nodes": g.Nodes, "arcs": len(g.Arcs)}, s.Cost.String()+"\n")
}

func readGraph(path string) (*flow.Graph, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open problem: %w", err)
	}
	defer func() { _ = file.Close() }() // read only, nothing can be lost
	g, err := flow.Read(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return g, nil
}
