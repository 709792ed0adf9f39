package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/bench/scenario"
	"heli/cmd/heli/platform"
	"heli/pkg/pg"
)

type benchSuggest struct {
	benchPlace `embed:""`
	Scenario   string        `name:"scenario" default:"china" enum:"china,dense,contended" help:"Where the offers and needs are: ${enum}."`
	Offers     int           `name:"offers" placeholder:"N" help:"How many offers the matcher knows (default: the scenario's number)."`
	Needs      int           `name:"needs" default:"10000" help:"How many open needs it knows and is asked about."`
	Rate       float64       `name:"rate" default:"500" help:"Questions per second, arriving at random."`
	Duration   time.Duration `name:"duration" default:"30s" help:"How long they arrive."`
	Limit      int           `name:"limit" default:"10" help:"How many offers each wants."`
	Seed       uint64        `name:"seed" default:"1" help:"Of offers, needs and arrivals."`
	Text       bool          `name:"text" help:"Give rows words, so that the text factor counts."`
}

// Run fills the database of a platform of its own, starts the platform over it,
// and asks. With --data the rows stay there for the next time.
func (c *benchSuggest) Run(ctx context.Context, t terminal) error {
	if c.Offers < 0 || c.Needs < 1 || c.Rate <= 0 || c.Limit < 1 || c.Limit > 50 {
		return errors.New("--needs and --rate must be above 0, --limit from 1 to 50, --offers not below 0")
	}
	f, err := bench.Filling{
		Scenario: scenario.Options{Name: c.Scenario, Seed: c.Seed, Text: c.Text}, Offers: c.Offers, Needs: c.Needs,
	}.Size()
	if err != nil {
		return err
	}
	finish := func() error { return nil }
	err = c.measureFilled(ctx, t, func(ctx context.Context, adminURL string) error {
		err := fillBench(ctx, t, adminURL, f)
		if err == nil {
			finish, err = c.profile() // the start is measured too
		}
		return err
	}, func(ctx context.Context, p *platform.Platform, _ clientMaker) (any, string, error) {
		ready := time.Since(p.Began)
		r, err := bench.Suggest(ctx, p.Bus, bench.SuggestOptions{Filling: f, Rate: c.Rate, Duration: c.Duration, Limit: c.Limit})
		if err != nil {
			return nil, "", err
		}
		r.ReadyS = math.Round(ready.Seconds()*1000) / 1000
		return r, suggestText(r), nil
	})
	return errors.Join(err, finish())
}

func fillBench(ctx context.Context, t terminal, adminURL string, f bench.Filling) error {
	db, err := pg.Open(ctx, adminURL, pg.WithConnections(1))
	if err != nil {
		return err
	}
	err = bench.Fill(ctx, db, f, func(table string, rows int) {
		if rows%100_000 == 0 {
			t.tell("%s: %d rows", table, rows)
		}
	})
	return errors.Join(err, db.Close())
}

func suggestText(r bench.SuggestResult) string {
	text := fmt.Sprintf("offers %d\nneeds %d\nseed %d\nscenario %s\ntext %t\nready_s %.2f\nrate %g\nduration_s %.1f\nquestions %d\np50_ms %.2f\np99_ms %.2f\np999_ms %.2f\nfound %.2f\nunmatched %d\nwrong %d\nerrors %d\nheap_mb %.1f\nrss_mb %.1f\n",
		r.Offers, r.Needs, r.Seed, r.Scenario, r.Text, r.ReadyS, r.Rate, r.DurationS, r.Questions, r.P50MS, r.P99MS, r.P999MS,
		r.Found, r.Unmatched, r.Wrong, r.Errors, r.HeapMB, r.RSSMB)
	if r.FirstError != "" {
		text += "first_error " + r.FirstError + "\n"
	}
	return text
}
