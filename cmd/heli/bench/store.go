package bench

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/pg"
)

// rawText is about as long as a short row of a request.
const rawText = "one row of some length, as a submission at its barest would be"

const insertRawSQL = `INSERT INTO bench.raw_commit (text) VALUES ($1)`

// createRaw makes the table of the raw commits.
func createRaw(ctx context.Context, db *pg.DB) error {
	const q = `
		DROP SCHEMA IF EXISTS bench CASCADE;
		CREATE SCHEMA bench;
		CREATE TABLE bench.raw_commit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)`
	if _, err := db.ExecContext(ctx, q); err != nil {
		return fmt.Errorf("make table for raw commits: %w", err)
	}
	return nil
}

// commitRaw inserts one row in a transaction as the services make them.
func commitRaw(ctx context.Context, db *pg.DB) error {
	return db.InTx(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, insertRawSQL, rawText)
		return err
	})
}

// insertRaw inserts one row by a lone statement.
func insertRaw(ctx context.Context, db *pg.DB) error {
	if _, err := db.ExecContext(ctx, insertRawSQL, rawText); err != nil {
		return fmt.Errorf("insert raw row: %w", err)
	}
	return nil
}

func dropRaw(ctx context.Context, db *pg.DB) error {
	const q = `DROP SCHEMA IF EXISTS bench CASCADE`
	if _, err := db.ExecContext(ctx, q); err != nil {
		return fmt.Errorf("drop table of raw commits: %w", err)
	}
	return nil
}
