package main

import (
	"context"
	"errors"
	"fmt"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/bench/scenario"
)

type benchTopK struct {
	Scenario string  `name:"scenario" default:"china" enum:"world,china,dense,contended" help:"Where the offers and needs are: ${enum}."`
	Offers   int     `name:"offers" placeholder:"N" help:"How many offers (default: the scenario's number)."`
	Queries  int     `name:"queries" default:"20000" help:"How many needs ask."`
	K        int     `name:"k" default:"10" help:"How many offers each wants."`
	Check    int     `name:"check" default:"300" help:"How many answers are compared with a full scan."`
	Seed     uint64  `name:"seed" default:"1" help:"Of offers, needs and changes."`
	Text     bool    `name:"text" help:"Give rows words and let the text factor count."`
	Rare     bool    `name:"rare" help:"Let every need ask for what 1 in 10,000 offers has."`
	Changes  float64 `name:"changes" placeholder:"N" help:"Change so many offers per second meanwhile."`
	Threads  int     `name:"threads" default:"1" help:"Threads that ask when queries per second are measured."`
	Profile  string  `name:"profile" placeholder:"FILE" help:"Write a CPU profile of it all."`
	JSON     bool    `name:"json" help:"Print the figures as JSON."`
}

// Run measures in memory; it needs no platform.
func (c *benchTopK) Run(ctx context.Context, t terminal) error {
	if c.Offers < 0 || c.Queries < 1 || c.K < 1 || c.Check < 0 || c.Threads < 1 || c.Changes < 0 {
		return errors.New("--queries, --k and --threads must be above 0, the other numbers not below")
	}
	finish, err := benchPlace{Profile: c.Profile}.profile()
	if err != nil {
		return err
	}
	r, err := bench.TopK(ctx, bench.TopKOptions{
		Scenario: scenario.Options{Name: c.Scenario, Seed: c.Seed, Text: c.Text, Rare: c.Rare},
		Offers:   c.Offers, Queries: c.Queries, Check: c.Check, K: c.K, Threads: c.Threads, Changes: c.Changes,
	})
	if err := errors.Join(err, finish()); err != nil {
		return err
	}
	return t.result(c.JSON, r, topKText(r))
}

func topKText(r bench.TopKResult) string {
	text := fmt.Sprintf("offers %d\nqueries %d\nseed %d\nscenario %s\np50_us %.1f\np99_us %.1f\np999_us %.1f\nqps %.0f\nscan_p50_us %.0f\nchecked %d\nmismatches %d\nfound %.2f\nheap_mb %.1f\nbuild_s %.2f\n",
		r.Offers, r.Queries, r.Seed, r.Scenario, r.P50US, r.P99US, r.P999US, r.QPS, r.ScanP50US, r.Checked, r.Mismatches, r.Found, r.HeapMB, r.BuildS)
	if r.ChangesPerS > 0 {
		text += fmt.Sprintf("changes_per_s %.0f\nchange_p50_us %.1f\nvisible_p99_us %.1f\n", r.ChangesPerS, r.ChangeP50US, r.VisibleP99US)
	}
	return text
}
