package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/crash"
)

const (
	txAttempts  = 6
	txFirstWait = 4 * time.Millisecond
)

// InTx runs fn in one transaction and commits it, or rolls it back when fn
// fails or panics. A transaction that the server undid (serialization failure,
// deadlock) runs again a few times, so fn must have no effect outside tx.
// Errors come back as Map has them; when ctx has ended, as ctx's error.
//
// An Unavailable fault leaves open whether the commit happened: the caller
// repeats it under the same key.
func (db *DB) InTx(ctx context.Context, fn func(tx *sqlx.Tx) error) error {
	wait := txFirstWait
	for attempt := 1; ; attempt++ {
		err := db.runTx(ctx, fn)
		if err == nil {
			return nil
		}
		if attempt == txAttempts || !repeatable(err) || !pause(ctx, wait) {
			return MapContext(ctx, err)
		}
		wait *= 2
	}
}

func (db *DB) runTx(ctx context.Context, fn func(tx *sqlx.Tx) error) (err error) {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	done := false
	defer func() {
		if !done { // fn panicked: free the connection, let the panic go on
			_ = tx.Rollback()
		}
	}()
	err = fn(tx)
	done = true
	if err != nil {
		return undo(tx, err)
	}
	crash.Point("pg.before_commit")
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	crash.Point("pg.after_commit")
	return nil
}

// undo rolls back. A failure to do so adds nothing for the caller when the
// connection is gone or ctx ended the transaction already.
func undo(tx *sqlx.Tx, cause error) error {
	err := tx.Rollback()
	if err == nil || lostConnection(err) || errors.Is(err, sql.ErrTxDone) {
		return cause
	}
	return errors.Join(cause, fmt.Errorf("roll back transaction: %w", err))
}

// pause waits about the time, at random so that two that collided part, and
// reports whether ctx still lives.
func pause(ctx context.Context, about time.Duration) bool {
	timer := time.NewTimer(about/2 + rand.N(about)) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
