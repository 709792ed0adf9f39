package idempotency

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/pg"
)

// insertKey reports whether the key is new. One that an open transaction holds
// makes it wait.
func insertKey(ctx context.Context, tx *sqlx.Tx, key, bodyHash string, now time.Time) (bool, error) {
	const q = `INSERT INTO idempotency (key, body_hash, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	result, err := tx.ExecContext(ctx, q, key, bodyHash, now)
	if err != nil {
		return false, fmt.Errorf("insert idempotency key: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count idempotency keys: %w", err)
	}
	return n == 1, nil
}

type answered struct {
	BodyHash string `db:"body_hash"`
	Answer   []byte `db:"answer"`
}

func selectAnswer(ctx context.Context, tx *sqlx.Tx, key string) (answered, error) {
	const q = `SELECT body_hash, answer FROM idempotency WHERE key = $1`
	var row answered
	if err := tx.GetContext(ctx, &row, q, key); err != nil {
		return answered{}, fmt.Errorf("select stored answer: %w", err)
	}
	return row, nil
}

func updateAnswer(ctx context.Context, tx *sqlx.Tx, key string, answer []byte) error {
	const q = `UPDATE idempotency SET answer = $2 WHERE key = $1`
	if _, err := tx.ExecContext(ctx, q, key, answer); err != nil {
		return fmt.Errorf("update stored answer: %w", err)
	}
	return nil
}

func deleteKeys(ctx context.Context, db *pg.DB, before time.Time) (int64, error) {
	const q = `DELETE FROM idempotency WHERE created_at < $1`
	result, err := db.ExecContext(ctx, q, before)
	if err != nil {
		return 0, fmt.Errorf("delete idempotency keys: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("count deleted keys: %w", err)
	}
	return n, nil
}
