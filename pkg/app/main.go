package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// closeTime bounds what is sent after everything has stopped.
const closeTime = 3 * time.Second

// Option changes how Main runs a service.
type Option func(*Connection)

// ReadyWithoutNATS keeps the service ready while NATS is away.
func ReadyWithoutNATS() Option { return func(c *Connection) { c.ReadyWithoutNATS = true } }

// Main is the whole main function of a separate binary: it reads the command
// line and the environment, runs the service until SIGINT or SIGTERM, stops in
// order within StopTime and ends the process, with status 0, or with 1 and one
// sentence on standard error.
func Main(name string, run func(context.Context, Deps) error, options ...Option) {
	MainWith(name, withoutConfig(run), options...)
}

// MainWith is Main for a service with flags of its own: C is a struct with tags
// for kong.
func MainWith[C any](name string, run func(context.Context, Deps, C) error, options ...Option) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)                                         // a second signal ends the process at once
	os.Exit(Execute(ctx, os.Args[1:], os.Stderr, name, run, options...)) //nolint:forbidigo // this is the end of every main
}

func withoutConfig(run func(context.Context, Deps) error) func(context.Context, Deps, struct{}) error {
	return func(ctx context.Context, d Deps, _ struct{}) error { return run(ctx, d) }
}

// Execute is MainWith without the signals and the end: it returns the exit
// status once ctx has ended or the service has failed. Logs and errors go to
// stderr.
func Execute[C any](ctx context.Context, args []string, stderr io.Writer, name string,
	run func(context.Context, Deps, C) error, options ...Option,
) int {
	var p program[C]
	parser, err := kong.New(&p, kong.Name(name), kong.Description("The "+name+" service of Heli."))
	if err != nil {
		return fail(stderr, name, err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fail(stderr, name, fmt.Errorf("%w; see %s --help", err, name))
	}
	log := p.Logger(stderr)
	LogSettings(ctx, log, parsed.Flags())
	err = serve(ctx, log, name, p.Config, options, func(ctx context.Context, d Deps) error { return run(ctx, d, p.Service) })
	if err != nil {
		return fail(stderr, name, err)
	}
	return 0
}

func fail(stderr io.Writer, name string, err error) int {
	_, _ = fmt.Fprintf(stderr, "%s: %v\n", name, err) // nowhere else to say it
	return 1
}

// serve builds everything one service needs, runs it and takes all down again.
func serve(ctx context.Context, log *slog.Logger, name string, c Config, options []Option,
	run func(context.Context, Deps) error,
) (err error) {
	if _, err := WithSchema(c.DatabaseURL, name); err != nil {
		return err
	}
	keys, err := c.Load()
	if err != nil {
		return err
	}
	telemetry, err := NewTelemetry(ctx, "heli-"+name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTelemetry(ctx, telemetry)) }()
	health := NewHealth()
	admin, err := NewAdminServer(ctx, c.AdminListen, health, telemetry.Registry, log)
	if err != nil {
		return err
	}
	connection := Connection{
		Name: name, NATSURL: c.NATSURL, NATSSeed: c.NATSSeed, NATSCAFile: c.NATSCA,
		Keys: keys, Log: log, Telemetry: telemetry, Health: health,
	}
	for _, change := range options {
		change(&connection)
	}
	log.Info("listening for operators", "address", admin.Address())
	started := health.Expect(name + "/start")
	// The service comes first in the order of stopping, operators see the end.
	return RunAll(ctx, log,
		Task{Name: name, Run: func(ctx context.Context) error { return runConnected(ctx, c, connection, started, run) }},
		Task{Name: "operators", Run: admin.Run},
	)
}

// runConnected migrates, connects, runs the service and closes its connections.
func runConnected(ctx context.Context, told Config, c Connection, started func(), run func(context.Context, Deps) error) (err error) {
	defer c.Health.Stop()
	if told.Migrate {
		c.Database, err = Migrate(ctx, c.Log, told.DatabaseURL, c.Name, c.Keys)
	} else {
		c.Database, err = reach(ctx, c.Log, told.DatabaseURL, c.Name, c.Keys)
	}
	if err != nil {
		return err
	}
	d, err := NewDeps(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	started()
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan error, 1)
	go func() { kept <- d.Bus.KeepStream(keeping) }()
	defer context.AfterFunc(ctx, c.Health.Stop)()
	err = ServiceTask(d, run).Run(ctx)
	stop()
	return errors.Join(err, <-kept)
}

func closeTelemetry(ctx context.Context, t *Telemetry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return t.Close(ctx)
}
