package pg_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/lib/pq"

	"heli/pkg/fault"
	"heli/pkg/pg"
)

func TestMapOfTheServersErrors(t *testing.T) {
	t.Parallel()
	db := connect(t)
	db.MustExec(`
		CREATE TABLE thing (
			id int PRIMARY KEY, amount int CONSTRAINT enough CHECK (amount >= 0),
			span int4range, CONSTRAINT apart EXCLUDE USING gist (span WITH &&),
			parent int CONSTRAINT known REFERENCES thing);
		INSERT INTO thing VALUES (1, 1, '[1,5)')`)
	cases := []struct {
		name, statement string
		kind            fault.Kind
		constraint      string
	}{
		{"unique", `INSERT INTO thing VALUES (1)`, fault.Conflict, "thing_pkey"},
		{"check", `UPDATE thing SET amount = -1`, fault.Conflict, "enough"},
		{"exclusion", `INSERT INTO thing VALUES (2, 1, '[4,9)')`, fault.Conflict, "apart"},
		{"foreign key", `INSERT INTO thing (id, parent) VALUES (3, 99)`, fault.Conflict, "known"},
		{"statement time", `SET statement_timeout = 1; SELECT pg_sleep(60)`, fault.Unavailable, ""},
		{"read only", `BEGIN READ ONLY; DELETE FROM thing`, fault.Unavailable, ""},
		{"disk full", `DO $$ BEGIN RAISE SQLSTATE '53100'; END $$`, fault.Unavailable, ""},
		{"no text", `SELECT convert_from('\x00', 'UTF8')`, fault.Invalid, ""},
		{"defect", `SELECT nothing`, fault.Internal, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, err := db.Connx(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { // what the case set must not outlive it
				_, reset := conn.ExecContext(context.Background(), `ROLLBACK; RESET ALL`)
				if err := errors.Join(reset, conn.Close()); err != nil {
					t.Error(err)
				}
			}()
			_, err = conn.ExecContext(t.Context(), c.statement)
			mapped := pg.Map(err)
			if fault.KindOf(mapped) != c.kind || pg.Constraint(mapped) != c.constraint {
				t.Errorf("%v became %v with constraint %q", err, mapped, pg.Constraint(mapped))
			}
		})
	}
}

func TestMapOfOtherErrors(t *testing.T) {
	t.Parallel()
	own := fault.NewForbidden("look")
	cases := []struct {
		name string
		err  error
		kind fault.Kind
	}{
		{"nothing", nil, ""},
		{"no rows", fmt.Errorf("select: %w", sql.ErrNoRows), fault.NotFound},
		{"a fault", fmt.Errorf("select: %w", own), fault.Forbidden},
		{"bad connection", driver.ErrBadConn, fault.Unavailable},
		{"end of file", io.ErrUnexpectedEOF, fault.Unavailable},
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, fault.Unavailable},
		{"shutting down", &pq.Error{Code: "57P01"}, fault.Unavailable},
		{"too many connections", &pq.Error{Code: "53300"}, fault.Unavailable},
		{"deadlock", &pq.Error{Code: "40P01"}, fault.Unavailable},
		{"database dropped", &pq.Error{Code: "57P04"}, fault.Internal},
		{"malformed value", &pq.Error{Code: "22P02"}, fault.Internal},
	}
	for _, c := range cases {
		mapped := pg.Map(c.err)
		if fault.KindOf(mapped) != c.kind {
			t.Errorf("%s became %v", c.name, mapped)
		}
		if c.err != nil && !errors.Is(mapped, c.err) {
			t.Errorf("%s lost its cause", c.name)
		}
	}
	for _, err := range []error{context.Canceled, context.DeadlineExceeded} {
		if mapped := pg.Map(err); !errors.Is(mapped, err) || fault.Is(mapped, fault.Unavailable) {
			t.Errorf("%v became %v", err, mapped)
		}
	}
}
