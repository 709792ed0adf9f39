// Package app owns the life of a process: configuration, logs, metrics, traces,
// health, connections, signals and the ordered stop. The separate binaries
// (Main) and the all-in-one command share its pieces.
//
// It never knows what a service does, and a service never reads a flag, an
// environment variable or a signal: it is handed Deps and a context.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/vault"
)

// Deps are what a service is handed.
type Deps struct {
	Name string
	// DB acts for the actor of a context and shows what that one may see: it is
	// what answers to calls use. Worker sees all rows, for the service's own work.
	DB, Worker *pg.DB
	Bus        *bus.Bus
	Keys       *seal.Keys
	// Reference is nil in the directory, which owns the data itself.
	Reference *Reference
	// Clock returns the time in UTC.
	Clock func() time.Time
	Log   *slog.Logger
	// Registry adds the service's name to every metric as a label.
	Registry prometheus.Registerer
	Traces   trace.TracerProvider
	// Health serves /healthz and /readyz, for a service with a listener of its own.
	Health *Health
	// Ready is called once, when the service can do its work.
	Ready func()
}

// Connection says how one service reaches its surroundings.
type Connection struct {
	Name string
	// Database is of the service's own roles, or of a shared one: its schema is
	// put on the search path either way.
	Database Database
	// UserConnections and WorkerConnections bound the pools; 0 means pg's default.
	UserConnections, WorkerConnections int
	NATSURL                            string // ignored when NATSInProcess is set
	NATSInProcess                      nats.InProcessConnProvider
	NATSSeed                           string // empty when the server asks for none
	NATSCAFile                         string
	// ReadyWithoutNATS keeps the service ready while NATS is away: web, which
	// spools submissions then.
	ReadyWithoutNATS bool
	Keys             *seal.Keys
	Log              *slog.Logger
	Telemetry        *Telemetry
	Health           *Health
}

// NewDeps connects a service. It waits for PostgreSQL, with a log line every
// few seconds, until ctx ends, and does not wait for NATS, which comes when it
// comes. The caller closes the Deps; the schema must have been migrated.
func NewDeps(ctx context.Context, c Connection) (Deps, error) {
	log := c.Log.With("service", c.Name)
	worker, err := openPool(ctx, log, c, c.Database.WorkerURL, c.WorkerConnections)
	if err != nil {
		return Deps{}, err
	}
	err = vault.CheckKeys(ctx, worker, c.Name, c.Keys)
	if err == nil {
		err = vault.CheckFinished(ctx, worker, c.Name, c.Keys)
	}
	if err != nil {
		return Deps{}, errors.Join(err, worker.Close())
	}
	user, err := openPool(ctx, log, c, c.Database.UserURL, c.UserConnections, pg.Acting())
	if err != nil {
		return Deps{}, errors.Join(err, worker.Close())
	}
	b, err := bus.Connect(ctx, bus.Options{
		URL: c.NATSURL, InProcess: c.NATSInProcess, Name: c.Name, Seed: c.NATSSeed, CAFile: c.NATSCAFile,
		Log: log, Observe: c.Telemetry.Observe(c.Name), Traces: c.Telemetry.Traces,
	})
	if err != nil {
		return Deps{}, errors.Join(err, user.Close(), worker.Close())
	}
	return assemble(c, log, user, worker, b), nil
}

func openPool(ctx context.Context, log *slog.Logger, c Connection, databaseURL string, connections int, options ...pg.Option) (db *pg.DB, err error) {
	if databaseURL, err = WithSchema(databaseURL, c.Name); err != nil {
		return nil, err
	}
	options = append(options, pg.WithName("heli-"+c.Name), pg.WithTracing(c.Telemetry.Traces), pg.WithAdmission(vault.Admission(c.Keys)))
	if connections > 0 {
		options = append(options, pg.WithConnections(connections))
	}
	err = patiently(log, "PostgreSQL", func() error {
		db, err = pg.Open(ctx, databaseURL, options...)
		return err
	})
	return db, err
}

func assemble(c Connection, log *slog.Logger, user, worker *pg.DB, b *bus.Bus) Deps {
	d := Deps{
		Name: c.Name, DB: user, Worker: worker, Bus: b, Keys: c.Keys, Log: log,
		Clock:    func() time.Time { return time.Now().UTC() },
		Registry: c.Telemetry.For(c.Name), Traces: c.Telemetry.Traces, Health: c.Health,
	}
	c.Health.Check(c.Name+"/database", worker.PingContext)
	if !c.ReadyWithoutNATS {
		c.Health.Check(c.Name+"/nats", func(context.Context) error {
			if !b.Connected() {
				return nats.ErrDisconnected
			}
			return nil
		})
	}
	if c.Name != contract.DirectoryReference.Service() {
		d.Reference = NewReference(b, log, c.Name == "web" || c.Name == "notify")
	}
	d.Ready = c.Health.Expect(c.Name)
	return d
}

// Close closes the connections, NATS first: what is still under way there may
// need the database.
func (d Deps) Close() error {
	d.Bus.Close()
	if err := errors.Join(d.DB.Close(), d.Worker.Close()); err != nil {
		return fmt.Errorf("close database of %s: %w", d.Name, err)
	}
	return nil
}

// patienceInterval is how often a wait is mentioned in the log.
const patienceInterval = 3 * time.Second

// patiently runs what may have to wait for a server, and says so meanwhile.
func patiently(log *slog.Logger, server string, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	ticker := time.NewTicker(patienceInterval)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			log.Info("waiting for " + server)
		}
	}
}

// WithSchema returns the database URL with the schema, then public, as its
// search path, unless it sets one.
func WithSchema(databaseURL, schema string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", errors.New("the database URL must look like postgres://user:password@host:5432/database")
	}
	query := u.Query()
	if !query.Has("search_path") {
		query.Set("search_path", schema+",public")
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
