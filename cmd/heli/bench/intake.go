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
}

// IntakeResult compares submissions over HTTP with transactions of one row (BEGIN,
// INSERT, COMMIT: what every write of the services is at its barest) on the same
// PostgreSQL in the same run. Lone statements, without BEGIN and COMMIT, are
// shown beside them: they spare two round trips.
type IntakeResult struct {
	SubmissionsPerS float64 `json:"submissions_per_s"`
	P50MS           float64 `json:"p50_ms"`
	P99MS           float64 `json:"p99_ms"`
	RawCommitsPerS  float64 `json:"raw_commits_per_s"`
	Ratio           float64 `json:"ratio"`
	StatementsPerS  float64 `json:"raw_statements_per_s"`
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
	loads := []load{
		{name: "commit raw rows", work: func(int) error { return commitRaw(ctx, db) }},
		{name: "insert raw rows", work: func(int) error { return insertRaw(ctx, db) }},
		{name: "submit", work: func(n int) error { return wires[n].send() }},
	}
	phase := o.Duration / time.Duration(len(loads)*intakeRounds)
	for round := range intakeRounds + 1 {
		for i := range loads {
			if err := loads[i].run(ctx, o.Connections, phase); err != nil {
				return IntakeResult{}, fmt.Errorf("%s: %w", loads[i].name, err)
			}
			if round == 0 { // it warms up connections, statements and caches
				loads[i].forget()
			}
		}
	}
	commits, statements, submitted := loads[0], loads[1], loads[2]
	return IntakeResult{
		SubmissionsPerS: round(submitted.perSecond()), RawCommitsPerS: round(commits.perSecond()), StatementsPerS: round(statements.perSecond()),
		P50MS: quantile(submitted.samples, 0.5), P99MS: quantile(submitted.samples, 0.99),
		Ratio: round(submitted.perSecond() / commits.perSecond()),
	}, nil
}

// requestBody is a request as a coordinator enters it; its people are invented.
var requestBody = []byte(`{"title":"社区需要口罩和消毒液","description":"社区工作者每天入户，口罩和消毒液只够用两天。",` +
	`"urgency":"soon","mode":"delivery","region_code":"610113","need_lines":[` +
	`{"category":"ppe","item":"mask_surgical","quantity":200,"unit":"piece"},` +
	`{"category":"ppe","item":"disinfectant_84","quantity":20,"unit":"bottle"}],` +
	`"languages":["zh"],"contact":{"name":"示例·压测","phone":"+8610000000000"},` +
	`"consent":{"version":"1","purposes":["matching"]}}`)

// load is work for several connections, each one call after another, and what
// came of it.
type load struct {
	name    string
	work    func(connection int) error
	samples []time.Duration
	elapsed time.Duration
}

// run works on connections 0 to n-1 for a time and adds what was done.
func (l *load) run(ctx context.Context, connections int, duration time.Duration) error {
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
			samples, err := repeat(ctx, &over, func() error { return l.work(n) })
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

func (l *load) forget() { l.samples, l.elapsed = nil, 0 }

func (l *load) perSecond() float64 { return float64(len(l.samples)) / l.elapsed.Seconds() }
