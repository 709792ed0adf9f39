package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lib/pq"

	"heli/pkg/contract"
)

// Acting makes every transaction of the pool, and every statement outside of
// one, act for the actor of its context: the row policies of the schema show
// what that actor may see, and nothing without one. The settings that the
// policies read come in the round trip of BEGIN and end with the transaction, so
// that no connection brings somebody's sight to the next. A statement outside of
// a transaction becomes one of its own, two round trips longer.
//
// A context without an actor acts for the public. Only the default kind of
// transaction may be begun.
func Acting() Option { return func(s *settings) { s.acting = true } }

// What the policies read of who acts, by the name of the setting.
const (
	settingPath    = "heli.path"     // sight begins here: rows with path <= p < path_end
	settingPathEnd = "heli.path_end" // and ends here; both empty for who sees none by path
	settingClass   = "heli.class"    // "system", "staff", else the role of who has no account
	settingSubject = "heli.subject"  // id of the one thing that a token speaks for
	settingPerson  = "heli.person"   // id of the person; not set for who is none
)

// beginAs begins a transaction on behalf of an actor. SET LOCAL takes no
// snapshot, so that the transaction may still choose its isolation.
func beginAs(a contract.Actor) string {
	path, class, subject := "", string(a.Role), ""
	switch {
	case a.Role == contract.RoleSystem:
		path = contract.RootPath
	case a.Staff():
		path, class = a.Path, "staff"
	case contract.ValidID(a.Subject):
		subject = a.Subject
	}
	set := [][2]string{
		{settingPath, path}, {settingPathEnd, contract.PathEnd(path)}, {settingClass, class}, {settingSubject, subject},
	}
	if a.Staff() && contract.ValidID(a.PersonID) {
		set = append(set, [2]string{settingPerson, string(a.PersonID)})
	}
	var b strings.Builder
	b.WriteString("BEGIN")
	for _, s := range set {
		b.WriteString("; SET LOCAL " + s[0] + " = " + pq.QuoteLiteral(s[1]))
	}
	return b.String()
}

// actingConn is a session that says on whose behalf it works before it does.
type actingConn struct {
	*conn
	within bool // a transaction
}

// BeginTx begins a transaction on behalf of the context's actor.
func (c *actingConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if options != (driver.TxOptions{}) {
		return nil, errors.New("begin transaction: this pool knows the default kind alone")
	}
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *actingConn) begin(ctx context.Context) error {
	if _, err := c.session.ExecContext(ctx, beginAs(contract.ActorFrom(ctx)), nil); err != nil {
		return err
	}
	c.within = true
	return nil
}

// Commit ends the transaction.
func (c *actingConn) Commit() error {
	c.within = false
	return c.session.Commit()
}

// Rollback ends the transaction without effect.
func (c *actingConn) Rollback() error {
	c.within = false
	return c.session.Rollback()
}

// ExecContext runs a command, in a transaction of its own where there is none.
func (c *actingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	if c.within {
		return c.conn.ExecContext(ctx, query, args)
	}
	err = c.alone(ctx, func() error {
		result, err = c.conn.ExecContext(ctx, query, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, c.settle()
}

// QueryContext runs a query, in a transaction of its own where there is none;
// then the last row or Close ends it.
func (c *actingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	if c.within {
		return c.conn.QueryContext(ctx, query, args)
	}
	err = c.alone(ctx, func() error {
		rows, err = c.conn.QueryContext(ctx, query, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &actingRows{Rows: rows, conn: c}, nil
}

// alone begins a transaction and runs the one statement of it. A plan that a
// migration made stale has broken the transaction, so it is begun once more.
func (c *actingConn) alone(ctx context.Context, statement func() error) error {
	for again := false; ; again = true {
		if err := c.begin(ctx); err != nil {
			return err
		}
		err := statement()
		if err == nil {
			return nil
		}
		if err = c.undo(err); again || !stalePlan(err) {
			return err
		}
	}
}

// undo ends the transaction of a statement that failed. A session that cannot
// even do that is not valid any more, and the pool drops it.
func (c *actingConn) undo(cause error) error {
	if err := c.Rollback(); err != nil && !lostConnection(err) {
		return errors.Join(cause, fmt.Errorf("roll back: %w", err))
	}
	return cause
}

// settle commits the transaction of one statement. The driver's word for a lost
// connection would have the pool run the statement again, which may be stored.
func (c *actingConn) settle() error {
	err := c.Commit()
	if errors.Is(err, driver.ErrBadConn) {
		return fmt.Errorf("commit: %w", sql.ErrConnDone)
	}
	return err
}

// actingRows are the rows of a statement with a transaction of its own.
type actingRows struct {
	driver.Rows
	conn  *actingConn
	ended bool
}

// Next reads a row. The transaction is committed before the end is told: who
// reads to the end hears of a commit that failed.
func (r *actingRows) Next(row []driver.Value) error {
	err := r.Rows.Next(row)
	if err == nil || r.ended {
		return err
	}
	r.ended = true
	if !errors.Is(err, io.EOF) {
		return errors.Join(err, r.Rows.Close(), r.conn.Rollback())
	}
	if closing := errors.Join(r.Rows.Close(), r.conn.settle()); closing != nil {
		return closing
	}
	return err
}

// Close ends the rows and, where it still runs, their transaction.
func (r *actingRows) Close() error {
	if r.ended {
		return nil
	}
	r.ended = true
	if err := r.Rows.Close(); err != nil {
		return r.conn.undo(err)
	}
	return r.conn.settle()
}
