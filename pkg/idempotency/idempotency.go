// Package idempotency owns the memory of commands that were answered: the same
// key with the same body gives the first answer, with another body a conflict.
// It never decides what a key is made of: its scope is part of the key, and who
// makes it says so.
//
// The table is in the schema of each service that takes commands:
//
//	CREATE TABLE idempotency (
//	    key        text COLLATE "C" PRIMARY KEY,
//	    body_hash  text NOT NULL,
//	    answer     jsonb,       -- null only inside the transaction that answers
//	    created_at timestamptz NOT NULL
//	);
//	CREATE INDEX idempotency_created ON idempotency USING brin (created_at) WITH (autosummarize = on);
package idempotency

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/fault"
	"heli/pkg/pg"
)

// Kept is how long a key is remembered.
const Kept = 7 * 24 * time.Hour

// ErrReused is the conflict of a key that came with another body before.
var ErrReused = fault.NewConflict("idempotency_key_reused", "this Idempotency-Key was used with another body")

// Command is a key with what it came with, and when.
type Command struct {
	Key      string // empty: never remembered
	BodyHash string
	Now      time.Time
}

// Once does the work of a command in a transaction and keeps its answer under the
// key. Where the key was answered before it does nothing but return that answer, and
// says that it is repeated; a Conflict (ErrReused) where that was another body. A
// transaction elsewhere that holds the key is waited for. The work may run again, as
// pg.DB.InTx says.
func Once[A any](ctx context.Context, db *pg.DB, c Command, work func(tx *sqlx.Tx) (A, error)) (answer A, repeated bool, err error) {
	err = db.InTx(ctx, func(tx *sqlx.Tx) error {
		answer, repeated, err = Within(ctx, tx, c, func() (A, error) { return work(tx) })
		return err
	})
	if err != nil {
		var none A
		return none, false, err
	}
	return answer, repeated, nil
}

// Within is Once in a transaction that does more.
func Within[A any](ctx context.Context, tx *sqlx.Tx, c Command, work func() (A, error)) (answer A, repeated bool, err error) {
	if repeated, err = find(ctx, tx, c, &answer); err != nil || repeated {
		return answer, repeated, err
	}
	if answer, err = work(); err != nil {
		return answer, false, err
	}
	return answer, false, save(ctx, tx, c.Key, answer)
}

// find takes the key for the transaction, or reads the answer given under it into
// answer and returns true.
func find(ctx context.Context, tx *sqlx.Tx, c Command, answer any) (bool, error) {
	if c.Key == "" {
		return false, nil
	}
	fresh, err := insertKey(ctx, tx, c.Key, c.BodyHash, c.Now)
	if err != nil || fresh {
		return false, err
	}
	row, err := selectAnswer(ctx, tx, c.Key)
	if errors.Is(err, sql.ErrNoRows) {
		return false, ErrReused // it is of somebody whose answers who acts may not see
	}
	if err != nil {
		return false, err
	}
	if row.BodyHash != c.BodyHash {
		return false, ErrReused
	}
	if err := json.Unmarshal(row.Answer, answer); err != nil {
		return false, fmt.Errorf("decode stored answer: %w", err)
	}
	return true, nil
}

func save(ctx context.Context, tx *sqlx.Tx, key string, answer any) error {
	if key == "" {
		return nil
	}
	document, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return updateAnswer(ctx, tx, key, document)
}

// Hash returns the hash of a command that has no body of its own, such as a
// move: of its JSON form.
func Hash(command any) (string, error) {
	document, err := json.Marshal(command)
	if err != nil {
		return "", fmt.Errorf("encode command: %w", err)
	}
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:]), nil
}

// Purge forgets the keys that are older than Kept and returns how many.
func Purge(ctx context.Context, db *pg.DB, now time.Time) (int64, error) {
	n, err := deleteKeys(ctx, db, now.Add(-Kept))
	return n, pg.MapContext(ctx, err)
}
