package pg

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// preparedPerConnection bounds the memory that prepared statements take in the
// server: a program has fewer hot statements than this.
const preparedPerConnection = 256

type namedValue = driver.NamedValue

// connector makes connections that prepare each statement with arguments once.
// lib/pq alone spends two round trips on such a statement, every time.
type connector struct {
	*pq.Connector
	acting    bool      // see Acting
	admission Admission // nil: all may work
}

func newConnector(config pq.Config, s settings) (*connector, error) {
	c, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, fmt.Errorf("configure connection: %w", err)
	}
	return &connector{c, s.acting, s.admission}, nil
}

// Connect opens one session.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := raw.(session)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unexpected driver connection %T", raw), raw.Close())
	}
	if err := c.admit(ctx, full); err != nil {
		return nil, errors.Join(err, full.Close())
	}
	session := &conn{session: full, prepared: make(map[string]statement)}
	if c.acting {
		return &actingConn{conn: session}, nil
	}
	return session, nil
}

func (c *connector) admit(ctx context.Context, s session) error {
	if c.admission == nil {
		return nil
	}
	return c.admission(func(query string) (string, error) {
		rows, err := s.QueryContext(ctx, query, nil)
		if err != nil {
			return "", fmt.Errorf("ask whether the session may work: %w", err)
		}
		answer := make([]driver.Value, 1)
		if err := errors.Join(rows.Next(answer), rows.Close()); err != nil {
			return "", fmt.Errorf("read whether the session may work: %w", err)
		}
		return fmt.Sprint(answer[0]), nil
	})
}

// session is what lib/pq's connection can do; all of it stays reachable.
type session interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
	driver.Tx
}

type statement interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

// conn is one session with its prepared statements by text. As every driver
// connection, it is used by one goroutine at a time.
type conn struct {
	session
	prepared map[string]statement
}

// QueryContext runs a query; with arguments, prepared.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.session.QueryContext(ctx, query, args)
	}
	return run(ctx, c, query, func(s statement) (driver.Rows, error) { return s.QueryContext(ctx, args) })
}

// ExecContext runs a command; with arguments, prepared.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.session.ExecContext(ctx, query, args)
	}
	return run(ctx, c, query, func(s statement) (driver.Result, error) { return s.ExecContext(ctx, args) })
}

// run uses the prepared statement. When a migration made its plan stale, the
// server refused it before any effect, and it is prepared anew; a transaction
// is broken by then, and InTx repeats the whole.
func run[R any](ctx context.Context, c *conn, query string, use func(statement) (R, error)) (R, error) {
	var none R
	s, err := c.prepare(ctx, query)
	if err != nil {
		return none, err
	}
	result, err := use(s)
	if err == nil || !stalePlan(err) {
		return result, err
	}
	// Inside a broken transaction closing fails too, and the name is left to the
	// session's end.
	_ = s.Close()
	delete(c.prepared, query)
	fresh, prepareErr := c.prepare(ctx, query)
	if prepareErr != nil {
		return none, err
	}
	return use(fresh)
}

func (c *conn) prepare(ctx context.Context, query string) (statement, error) {
	if s, ok := c.prepared[query]; ok {
		return s, nil
	}
	if len(c.prepared) >= preparedPerConnection {
		if err := c.forgetAll(); err != nil {
			return nil, err
		}
	}
	raw, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := raw.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unexpected driver statement %T", raw), raw.Close())
	}
	c.prepared[query] = s
	return s, nil
}

func (c *conn) forgetAll() error {
	for query, s := range c.prepared {
		if err := s.Close(); err != nil {
			return fmt.Errorf("close prepared statement: %w", err)
		}
		delete(c.prepared, query)
	}
	return nil
}

// stalePlan reports "cached plan must not change result type" and a statement
// that the server no longer knows.
func stalePlan(err error) bool {
	return pq.As(err, pqerror.FeatureNotSupported, pqerror.InvalidSQLStatementName) != nil
}
