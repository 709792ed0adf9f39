package main

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"heli/pkg/pg"
)

// schemaVersion returns the last migration that was applied to a schema; 0 when
// there was none.
func schemaVersion(ctx context.Context, db *pg.DB, schema string) (int64, error) {
	const exists = `SELECT to_regclass($1) IS NOT NULL`
	table := pq.QuoteIdentifier(schema) + ".goose_db_version"
	var there bool
	if err := db.GetContext(ctx, &there, exists, table); err != nil {
		return 0, fmt.Errorf("look for the versions of schema %s: %w", schema, err)
	}
	if !there {
		return 0, nil
	}
	q := `SELECT COALESCE(max(version_id), 0) FROM ` + table + ` WHERE is_applied` //nolint:gosec // a schema of ours, quoted
	var version int64
	if err := db.GetContext(ctx, &version, q); err != nil {
		return 0, fmt.Errorf("read version of schema %s: %w", schema, err)
	}
	return version, nil
}

// serverFacts are what the server says of itself.
type serverFacts struct {
	Version     string    `db:"version"`
	Now         time.Time `db:"now"`
	Connections int       `db:"connections"`
}

func selectServerFacts(ctx context.Context, db *pg.DB) (serverFacts, error) {
	const q = `
		SELECT current_setting('server_version') AS version, clock_timestamp() AS now,
			current_setting('max_connections')::int AS connections`
	var f serverFacts
	if err := db.GetContext(ctx, &f, q); err != nil {
		return serverFacts{}, fmt.Errorf("ask the server about itself: %w", err)
	}
	return f, nil
}

// countDeadLetters counts what a service could not work on and nobody replayed.
func countDeadLetters(ctx context.Context, db *pg.DB, schema string) (int64, error) {
	q := `SELECT count(*) FROM ` + pq.QuoteIdentifier(schema) + `.dead_letters WHERE replayed_at IS NULL` //nolint:gosec // a schema of ours, quoted
	var count int64
	if err := db.GetContext(ctx, &count, q); err != nil {
		return 0, fmt.Errorf("count dead letters of %s: %w", schema, err)
	}
	return count, nil
}
