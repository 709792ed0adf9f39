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

// Find takes the key for the transaction, or reads the answer given under it
// into answer and returns true. A transaction elsewhere that holds the key is
// waited for. After false the caller does its work and calls Save in the same
// transaction. An empty key is never found.
func Find(ctx context.Context, tx *sqlx.Tx, key, bodyHash string, now time.Time, answer any) (bool, error) {
	if key == "" {
		return false, nil
	}
	fresh, err := insertKey(ctx, tx, key, bodyHash, now)
	if err != nil || fresh {
		return false, err
	}
	row, err := selectAnswer(ctx, tx, key)
	if errors.Is(err, sql.ErrNoRows) {
		return false, ErrReused // it is of somebody whose answers who acts may not see
	}
	if err != nil {
		return false, err
	}
	if row.BodyHash != bodyHash {
		return false, ErrReused
	}
	if err := json.Unmarshal(row.Answer, answer); err != nil {
		return false, fmt.Errorf("decode stored answer: %w", err)
	}
	return true, nil
}

// Save keeps the answer under a key that Find took in this transaction. With an
// empty key it does nothing.
func Save(ctx context.Context, tx *sqlx.Tx, key string, answer any) error {
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
