package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/bench/scenario"
)

type benchPlan struct {
	Scenario string `name:"scenario" default:"china" enum:"world,china,dense,contended" help:"Where the offers and needs are: ${enum}."`
	Needs    int    `name:"needs" placeholder:"N" help:"How many needs are planned (default: the scenario's number)."`
	Offers   int    `name:"offers" placeholder:"N" help:"How many offers (default: the scenario's number)."`
	K        int    `name:"k" default:"16" help:"How many offers of each need are looked at first."`
	Edges    string `name:"edges" default:"needed" enum:"needed,full" help:"Which pairs are planned with: those needed for the proof, or all that fit."`
	Seed     uint64 `name:"seed" default:"1" help:"Of offers and needs."`
	Text     bool   `name:"text" help:"Give rows words and let the text factor count."`
	Arrivals int    `name:"arrivals" placeholder:"N" help:"Add so many needs to the standing plan, one by one."`
	Check    int    `name:"check" default:"1000" help:"After how many of them the plan is proved optimal anew."`
	Anew     int    `name:"anew" default:"2" help:"After how many of them it is compared with a new plan."`
	Load     bool   `name:"load" help:"Let load on helpers and organisations cost."`
	Dump     string `name:"dump" placeholder:"FILE" help:"Write what was planned as DIMACS minimum-cost flow."`
	Profile  string `name:"profile" placeholder:"FILE" help:"Write a CPU profile of it all."`
	JSON     bool   `name:"json" help:"Print the figures as JSON."`
}

// Run measures in memory; it needs no platform.
func (c *benchPlan) Run(ctx context.Context, t terminal) error {
	if c.Needs < 0 || c.Offers < 0 || c.K < 1 || c.Arrivals < 0 || c.Check < 0 || c.Anew < 0 {
		return errors.New("--k must be above 0, the other numbers not below")
	}
	finish, err := benchPlace{Profile: c.Profile}.profile()
	if err != nil {
		return err
	}
	r, err := c.measure(ctx)
	if err := errors.Join(err, finish()); err != nil {
		return err
	}
	return t.result(c.JSON, r, planText(r))
}

func (c *benchPlan) measure(ctx context.Context) (r bench.PlanResult, err error) {
	o := bench.PlanOptions{
		Scenario: scenario.Options{Name: c.Scenario, Seed: c.Seed, Text: c.Text},
		Needs:    c.Needs, Offers: c.Offers, K: c.K, Full: c.Edges == "full", Arrivals: c.Arrivals, Check: c.Check, Anew: c.Anew, Load: c.Load,
	}
	if c.Dump == "" {
		return bench.Plan(ctx, o)
	}
	file, err := os.Create(c.Dump)
	if err != nil {
		return r, fmt.Errorf("make dump: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	o.Dump = io.Writer(file)
	return bench.Plan(ctx, o)
}

func planText(r bench.PlanResult) string {
	text := fmt.Sprintf("scenario %s\nseed %d\nneeds %d\noffers %d\nedges %d\nobjective %d\nbound %d\ngap %.6f\nasked %d\nunits %d\ngreedy_objective %d\ngreedy_units %d\ncandidates_s %.3f\nsolve_s %.3f\nfirst_s %.3f\nfirst_gap %.6f\ncertified %t\n",
		r.Scenario, r.Seed, r.Needs, r.Offers, r.Edges, r.Objective, r.Bound, r.Gap, r.Asked, r.Units,
		r.GreedyObjective, r.GreedyUnits, r.CandidatesS, r.SolveS, r.FirstS, r.FirstGap, r.Certified)
	if r.Arrivals > 0 {
		text += fmt.Sprintf("arrivals %d\narrival_p50_us %.1f\narrival_p99_us %.1f\nchecks %d\nsolves %d\nmismatches %d\n",
			r.Arrivals, r.ArrivalP50US, r.ArrivalP99US, r.Checks, r.Solves, r.Mismatches)
	}
	return text
}
