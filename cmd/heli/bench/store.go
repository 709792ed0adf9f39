package bench

import (
	"context"
	"fmt"

	"heli/pkg/pg"
)

// rawText is about as long as a short row of a request.
const rawText = "one row of some length, as a submission at its barest would be"

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

// insertRaw commits one row.
func insertRaw(ctx context.Context, db *pg.DB) error {
	const q = `INSERT INTO bench.raw_commit (text) VALUES ($1)`
	if _, err := db.ExecContext(ctx, q, rawText); err != nil {
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
