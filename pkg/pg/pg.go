// Package pg owns the way to PostgreSQL: the bounded pool, the transaction
// with its retries, the meaning of the server's errors, the migrations and the
// roles. It never knows a table of any service.
package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"heli/pkg/fault"
)

// DB is a bounded pool of connections to one database under one role.
type DB struct{ *sqlx.DB }

const (
	defaultConnections = 16
	// idleInTransaction frees the locks of a session whose client is gone
	// without a word, such as after a network cut.
	idleInTransaction = "60s"
	firstWait         = 50 * time.Millisecond
	longestWait       = time.Second
)

type settings struct {
	connections int
	name        string
	tracing     trace.TracerProvider
	acting      bool
	admission   Admission
}

// Option changes how Open connects.
type Option func(*settings)

// WithConnections bounds the pool; the default is 16.
func WithConnections(n int) Option { return func(s *settings) { s.connections = n } }

// WithName sets the application name that the server shows for the sessions.
func WithName(name string) Option { return func(s *settings) { s.name = name } }

// ErrRefused is within the error of a session that an Admission refused for good:
// Open returns it instead of trying again.
var ErrRefused = errors.New("the session was refused")

// Admission decides whether a new session of a pool may work. Ask runs a query that
// returns one text. An error closes the session, and is what the statement that
// wanted it gets.
type Admission func(ask func(query string) (string, error)) error

// WithAdmission has every session of the pool admitted before it is used.
func WithAdmission(a Admission) Option { return func(s *settings) { s.admission = a } }

// WithTracing records statements made inside a trace as spans. A span holds
// the statement and, on failure, its SQLSTATE; never a value. A provider that
// records nothing costs nothing.
func WithTracing(p trace.TracerProvider) Option {
	return func(s *settings) {
		if _, off := p.(noop.TracerProvider); !off {
			s.tracing = p
		}
	}
}

// Open connects and waits until the server answers or ctx ends, then with an
// Unavailable fault. A wrong address, password or database name fails at once.
//
// Statements with arguments are prepared once per connection, so each costs
// one round trip. Without an sslmode in the URL, TLS is required, except on
// sockets and loopback addresses. Sessions run in UTC.
func Open(ctx context.Context, url string, options ...Option) (*DB, error) {
	s := settings{connections: defaultConnections}
	for _, set := range options {
		set(&s)
	}
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	if s.name != "" {
		config.ApplicationName = s.name
	}
	connector, err := newConnector(config, s)
	if err != nil {
		return nil, err
	}
	pool := openPool(connector, s)
	if err := awaitServer(ctx, pool); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &DB{DB: sqlx.NewDb(pool, "postgres")}, nil
}

func openPool(c *connector, s settings) *sql.DB {
	var pool *sql.DB
	if s.tracing == nil {
		pool = sql.OpenDB(c)
	} else {
		pool = otelsql.OpenDB(c, traceOptions(s.tracing)...)
	}
	pool.SetMaxOpenConns(s.connections)
	// Closing idle connections would throw away their prepared statements.
	pool.SetMaxIdleConns(s.connections)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// parse reads the URL and settles what it leaves open.
func parse(url string) (pq.Config, error) {
	config, err := pq.NewConfig(url)
	if err != nil {
		return pq.Config{}, errors.New("read database URL: it is malformed (not shown, it may hold a password)")
	}
	if config.SSLMode == "" {
		config.SSLMode = pq.SSLModeRequire
		if loopback(config.Host) && len(config.Multi) == 0 {
			config.SSLMode = pq.SSLModeDisable
		}
	}
	config = config.Clone()
	config.Runtime["timezone"] = "UTC"
	config.Runtime["idle_in_transaction_session_timeout"] = idleInTransaction
	return config, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip.IsLoopback()
}

// awaitServer pings with growing waits, so that services may start before
// their database.
func awaitServer(ctx context.Context, pool *sql.DB) error {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		err := connect(ctx, pool)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil && (errors.Is(err, ErrRefused) || !fault.Is(Map(err), fault.Unavailable)) {
			return fmt.Errorf("connect to PostgreSQL: %w", err)
		}
		select {
		case <-ctx.Done():
			return fault.NewUnavailable(fmt.Errorf("wait for PostgreSQL: %w: %w", ctx.Err(), err))
		case <-time.After(wait):
		}
	}
}

// connect asks for a connection instead of pinging: a ping hides the reason.
func connect(ctx context.Context, pool *sql.DB) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	return errors.Join(conn.PingContext(ctx), conn.Close())
}

// traceOptions keep traces small and free of values: no span outside a trace,
// no error text, which may quote a value.
func traceOptions(p trace.TracerProvider) []otelsql.Option {
	insideTrace := func(ctx context.Context, _ otelsql.Method, _ string, _ []namedValue) bool {
		return trace.SpanContextFromContext(ctx).IsValid()
	}
	return []otelsql.Option{
		otelsql.WithTracerProvider(p),
		otelsql.WithAttributes(attribute.String("db.system.name", "postgresql")),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			OmitConnResetSession: true,
			OmitRows:             true,
			DisableErrSkip:       true,
			RecordError:          func(error) bool { return false },
			SpanFilter:           insideTrace,
		}),
		otelsql.WithSpanErrorAttributesGetter(func(err error) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.String("db.response.status_code", State(err))}
		}),
	}
}
