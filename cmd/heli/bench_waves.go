package main

import (
	"context"
	"errors"
	"fmt"

	"heli/cmd/heli/bench"
)

type benchWaves struct {
	Helpers int    `name:"helpers" default:"2000" help:"Who may be asked."`
	Needs   int    `name:"needs" default:"800" help:"That come in the time."`
	Days    int    `name:"days" default:"365" help:"How long it is simulated."`
	Seed    uint64 `name:"seed" default:"1" help:"Of helpers, needs and answers."`
	JSON    bool   `name:"json" help:"Print the figures as JSON."`
}

// Run simulates; it needs no platform.
func (c *benchWaves) Run(ctx context.Context, t terminal) error {
	if c.Helpers < 1 || c.Needs < 1 || c.Days < 1 {
		return errors.New("--helpers, --needs and --days must be above 0")
	}
	r, err := bench.Waves(ctx, bench.WavesOptions{Helpers: c.Helpers, Needs: c.Needs, Days: c.Days, Seed: c.Seed})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("helpers %d\nneeds %d\nfits %.1f\n", r.Helpers, r.Needs, r.Fits)
	for _, way := range []struct {
		name string
		bench.Asking
	}{{"waves", r.Waves}, {"everybody", r.Everybody}, {"nearest", r.Nearest}} {
		text += fmt.Sprintf("%-10s filled %d, messages per filled %.2f, time to fill %.2f h (p90 %.2f), Gini %.3f, beyond budgets %d, accepted too late %d\n",
			way.name, way.Filled, way.Messages, way.TimeH, way.P90H, way.Gini, way.Broken, way.Late)
	}
	text += fmt.Sprintf("messages_ratio %.3f\ntime_ratio %.3f\ngini_ratio %.3f\n", r.Messages, r.Time, r.Gini)
	return t.result(c.JSON, r, text)
}
