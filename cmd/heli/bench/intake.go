package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"heli/pkg/pg"
)

// Intake's phases alternate, so that what else the machine does weighs on both
// sides alike.
const intakeRounds = 5

// IntakeOptions say how to load.
type IntakeOptions struct {
	Connections int
	// Duration is the time of all phases together.
	Duration time.Duration
	// Unsealed has contacts stored in clear until again is called; nil leaves that
	// out.
	Unsealed func() (again func())
}

// IntakeResult compares submissions over HTTP with bare commits of one row on
// the same PostgreSQL in the same run.
type IntakeResult struct {
	SubmissionsPerS float64 `json:"submissions_per_s"`
	P50MS           float64 `json:"p50_ms"`
	P99MS           float64 `json:"p99_ms"`
	RawCommitsPerS  float64 `json:"raw_commits_per_s"`
	Ratio           float64 `json:"ratio"`
	// UnsealedPerS is the rate with contacts in clear, SealedShare what is left of
	// it with contacts sealed.
	UnsealedPerS float64 `json:"unsealed_per_s"`
	SealedShare  float64 `json:"sealed_share"`
}

// Intake measures submissions of requests against raw commits on as many
// connections. Any submission that is not answered 201 fails the run. The
// database gets a table of its own, dropped at the end.
func Intake(ctx context.Context, c *Client, db *pg.DB, o IntakeOptions) (result IntakeResult, err error) {
	if err := createRaw(ctx, db); err != nil {
		return IntakeResult{}, err
	}
	defer func() { err = errors.Join(err, dropRaw(context.WithoutCancel(ctx), db)) }()
	wires, err := c.wires(ctx, o.Connections, "/requests", requestBody, http.StatusCreated)
	if err != nil {
		return IntakeResult{}, err
	}
	defer closeAll(wires)
	in := intake{o: o, submit: func(n int) error { return wires[n].send() }, commit: func(int) error { return insertRaw(ctx, db) }}
	for round := range intakeRounds + 1 {
		if round == 1 { // the first warms up connections, statements and caches
			in.raw, in.sealed, in.unsealed = load{}, load{}, load{}
		}
		if err := in.round(ctx, round); err != nil {
			return IntakeResult{}, err
		}
	}
	return in.result(), nil
}

// intake is what the phases came to.
type intake struct {
	o                     IntakeOptions
	submit, commit        func(int) error
	raw, sealed, unsealed load
}

// round does each phase once. Which of the two kinds of submission comes first
// alternates: what one leaves to be written weighs on the next.
func (in *intake) round(ctx context.Context, n int) error {
	phases := 2
	if in.o.Unsealed != nil {
		phases = 3
	}
	phase := in.o.Duration / time.Duration(phases*intakeRounds)
	if err := in.raw.run(ctx, in.o.Connections, phase, in.commit); err != nil {
		return fmt.Errorf("commit raw rows: %w", err)
	}
	kinds := []func() error{
		func() error { return in.sealed.run(ctx, in.o.Connections, phase, in.submit) },
		func() error { return in.inClear(ctx, phase) },
	}
	for i := range kinds {
		if err := kinds[(i+n)%len(kinds)](); err != nil {
			return fmt.Errorf("submit: %w", err)
		}
	}
	return nil
}

func (in *intake) inClear(ctx context.Context, phase time.Duration) error {
	if in.o.Unsealed == nil {
		return nil
	}
	defer in.o.Unsealed()()
	return in.unsealed.run(ctx, in.o.Connections, phase, in.submit)
}

func (in *intake) result() IntakeResult {
	r := IntakeResult{
		SubmissionsPerS: round(in.sealed.perSecond()), RawCommitsPerS: round(in.raw.perSecond()),
		P50MS: quantile(in.sealed.samples, 0.5), P99MS: quantile(in.sealed.samples, 0.99),
		Ratio: round(in.sealed.perSecond() / in.raw.perSecond()),
	}
	if in.o.Unsealed != nil {
		r.UnsealedPerS = round(in.unsealed.perSecond())
		r.SealedShare = round(in.sealed.perSecond() / in.unsealed.perSecond())
	}
	return r
}

// requestBody is a request as a coordinator enters it; its people are invented.
var requestBody = []byte(`{"title":"社区需要口罩和消毒液","description":"社区工作者每天入户，口罩和消毒液只够用两天。",` +
	`"urgency":"soon","mode":"delivery","region_code":"610113","need_lines":[` +
	`{"category":"ppe","item":"mask_surgical","quantity":200,"unit":"piece"},` +
	`{"category":"ppe","item":"disinfectant_84","quantity":20,"unit":"bottle"}],` +
	`"languages":["zh"],"contact":{"name":"示例·压测","phone":"+8610000000000"},` +
	`"consent":{"version":"1","purposes":["matching"]}}`)

// load is what several connections did, each one call after another.
type load struct {
	samples []time.Duration
	elapsed time.Duration
}

// run works on connections 0 to n-1 for a time and adds what was done.
func (l *load) run(ctx context.Context, connections int, duration time.Duration, work func(connection int) error) error {
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed error
		over   atomic.Bool
	)
	began := time.Now()
	timer := time.AfterFunc(duration, func() { over.Store(true) })
	defer timer.Stop()
	for n := range connections {
		all.Go(func() {
			samples, err := repeat(ctx, &over, func() error { return work(n) })
			mu.Lock()
			defer mu.Unlock()
			l.samples = append(l.samples, samples...)
			if err != nil {
				failed = errors.Join(failed, err)
				over.Store(true)
			}
		})
	}
	all.Wait()
	l.elapsed += time.Since(began)
	return failed
}

func repeat(ctx context.Context, over *atomic.Bool, work func() error) ([]time.Duration, error) {
	var samples []time.Duration
	for !over.Load() && ctx.Err() == nil {
		began := time.Now()
		if err := work(); err != nil {
			return samples, err
		}
		samples = append(samples, time.Since(began))
	}
	return samples, ctx.Err()
}

func (l *load) perSecond() float64 { return float64(len(l.samples)) / l.elapsed.Seconds() }
