package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/platform"
)

// pipelineConnections are more than ever wait at once at a rate that is held.
const pipelineConnections = 128

type benchPipeline struct {
	benchPlace `embed:""`
	Rate       float64       `name:"rate" default:"50" help:"Submissions per second, arriving at random."`
	Duration   time.Duration `name:"duration" default:"60s" help:"How long submissions arrive."`
	Seed       uint64        `name:"seed" default:"1" help:"Of the arrivals."`
}

// Run measures in a platform of its own, over the demo's data.
func (c *benchPipeline) Run(ctx context.Context, t terminal) error {
	if c.Rate <= 0 {
		return errors.New("--rate must be above 0")
	}
	return c.measure(ctx, t, func(ctx context.Context, p *platform.Platform, client clientMaker) (any, string, error) {
		if _, err := loadDemo(ctx, t, p); err != nil {
			return nil, "", err
		}
		caller, err := client(ctx, pipelineConnections)
		if err != nil {
			return nil, "", err
		}
		defer caller.Close()
		finish, err := c.profile()
		if err != nil {
			return nil, "", err
		}
		r, err := bench.Pipeline(ctx, caller, bench.PipelineOptions{Rate: c.Rate, Duration: c.Duration, Seed: c.Seed})
		if err := errors.Join(err, finish()); err != nil {
			return nil, "", err
		}
		return r, pipelineText(r), nil
	})
}

func pipelineText(r bench.PipelineResult) string {
	text := fmt.Sprintf("rate %g\nduration_s %.1f\nsubmissions %d\nsubmit_p50_ms %.2f\nsubmit_p99_ms %.2f\nvisible_p50_ms %.2f\nvisible_p99_ms %.2f\nerrors %d\nlost %d\n",
		r.Rate, r.DurationS, r.Submissions, r.SubmitP50MS, r.SubmitP99MS, r.VisibleP50MS, r.VisibleP99MS, r.Errors, r.Lost)
	if r.FirstError != "" {
		text += "first_error " + r.FirstError + "\n"
	}
	return text
}
