package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/platform"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/services/notify"
)

// benchCommand measures. Figures depend on the machine, their ratios less.
type benchCommand struct {
	Intake   benchIntake   `cmd:"" help:"Submissions over HTTP against raw commits on the same PostgreSQL."`
	Pipeline benchPipeline `cmd:"" help:"From a submission to suggestions, over the demo's data, at a fixed rate."`
	TopK     benchTopK     `cmd:"" name:"topk" help:"The best offers of a need among many, in memory, against a full scan."`
	Suggest  benchSuggest  `cmd:"" help:"The best offers of needs among many, asked of the matcher over NATS, and its start from PostgreSQL."`
	Plan     benchPlan     `cmd:"" help:"The optimal assignment of a scenario's needs to its offers, against greedy."`
	Text     benchText     `cmd:"" help:"How well the text factor alone finds what fits."`
	Webhooks benchWebhooks `cmd:"" help:"Webhooks to endpoints of which some fail: how fast the healthy ones get theirs, and what becomes of the rest."`
	Waves    benchWaves    `cmd:"" help:"Asking helpers in waves against asking everybody and asking the nearest, simulated."`
	Queue    benchQueue    `cmd:"" help:"The console's queue among many requests, with every filter, and many consoles while much changes."`
	Screens  benchScreens  `cmd:"" hidden:"" help:"Open consoles for bench queue, as standard input says."`
	SignIn   benchSignIn   `cmd:"" name:"signin" help:"How alike wrong names, passwords and codes are, and how far many tries come."`
	Pages    benchPages    `cmd:"" help:"What public pages weigh, and when something is seen of them, over a slow network in Chromium."`
}

// benchPlace is where a platform is measured: one of its own.
type benchPlace struct {
	Data        string `name:"data" placeholder:"DIR" help:"Folder for the installation that is measured (default: a temporary one, removed afterwards)."`
	AdminListen string `name:"admin-listen" placeholder:"HOST:PORT" help:"Serve metrics and profiles of the measured platform there."`
	Profile     string `name:"profile" placeholder:"FILE" help:"Write a CPU profile of the measured phases."`
	JSON        bool   `name:"json" help:"Print the figures as JSON."`

	trustedProxies []string      // whose X-Forwarded-For the measured platform believes
	notify         notify.Config // of the measured platform
}

type benchIntake struct {
	benchPlace  `embed:""`
	Connections int           `name:"connections" default:"16" help:"Callers at once, each with a connection."`
	Duration    time.Duration `name:"duration" default:"10s" help:"Of all phases together, after one round to warm up."`
}

// Run measures in a platform of its own.
func (c *benchIntake) Run(ctx context.Context, t terminal) error {
	return c.measure(ctx, t, func(ctx context.Context, p *platform.Platform, client clientMaker) (any, string, error) {
		caller, err := client(ctx, c.Connections)
		if err != nil {
			return nil, "", err
		}
		defer caller.Close()
		db, err := pg.Open(ctx, p.AdminURL, pg.WithConnections(c.Connections))
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = db.Close() }() // nothing of worth is in it
		finish, err := c.profile()
		if err != nil {
			return nil, "", err
		}
		o := bench.IntakeOptions{Connections: c.Connections, Duration: c.Duration}
		if c.Data == "" { // in what is thrown away alone
			o.Unsealed = p.Keys.Unsealed
		}
		r, err := bench.Intake(ctx, caller, db, o)
		if err := errors.Join(err, finish()); err != nil {
			return nil, "", err
		}
		return r, intakeText(r), nil
	})
}

func intakeText(r bench.IntakeResult) string {
	text := fmt.Sprintf("submissions_per_s %.0f\np50_ms %.2f\np99_ms %.2f\nraw_commits_per_s %.0f\nratio %.3f\n",
		r.SubmissionsPerS, r.P50MS, r.P99MS, r.RawCommitsPerS, r.Ratio)
	if r.UnsealedPerS > 0 {
		text += fmt.Sprintf("unsealed_per_s %.0f\nsealed_share %.3f\n", r.UnsealedPerS, r.SealedShare)
	}
	return text
}

// clientMaker returns a caller of the measured API.
type clientMaker func(ctx context.Context, connections int) (*bench.Client, error)

// measuring runs one benchmark and returns its figures, for JSON and as text.
type measuring func(ctx context.Context, p *platform.Platform, client clientMaker) (any, string, error)

// measure starts a platform, measures and prints.
func (b benchPlace) measure(ctx context.Context, t terminal, run measuring) error {
	return b.measureFilled(ctx, t, nil, run)
}

// filling changes the database of a platform before it starts.
type filling func(ctx context.Context, adminURL string) error

// measureFilled is measure over a database that was filled before, unless fill
// is nil.
func (b benchPlace) measureFilled(ctx context.Context, t terminal, fill filling, run measuring) (err error) {
	data := b.Data
	if data == "" {
		if data, err = os.MkdirTemp("", "heli-bench-"); err != nil {
			return fmt.Errorf("make folder to measure in: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	}
	if data, err = filepath.Abs(data); err != nil {
		return fmt.Errorf("resolve --data: %w", err)
	}
	options := platform.Options{Data: data, Pages: true, AdminListen: b.AdminListen, Log: quiet(t.err)}
	options.Notify = b.notify
	options.Web.Listen, options.Web.TrustedProxy = "127.0.0.1:0", b.trustedProxies
	if fill != nil {
		if err := platform.WithDatabase(ctx, options, fill); err != nil {
			return err
		}
	}
	return platform.Run(ctx, options, func(ctx context.Context, p *platform.Platform) error {
		figures, text, err := run(ctx, p, makeClient(p))
		if err != nil {
			return err
		}
		return t.result(b.JSON, figures, text)
	})
}

func makeClient(p *platform.Platform) clientMaker {
	return func(ctx context.Context, connections int) (*bench.Client, error) {
		key := apiKeyCreate{Organisation: "root", Role: string(contract.RoleCoordinator), Name: "heli bench"}
		made, err := key.make(ctx, p.Bus)
		if err != nil {
			return nil, err
		}
		return bench.NewClient("http://"+p.Address, made.Key, connections), nil
	}
}

// profile starts a CPU profile where one is wanted and returns what ends it.
func (b benchPlace) profile() (finish func() error, err error) {
	if b.Profile == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(b.Profile)
	if err != nil {
		return nil, fmt.Errorf("make profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("start profile: %w", err), file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}
