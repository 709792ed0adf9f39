package platform

import (
	"context"
	"fmt"

	"heli/pkg/pg"
)

// ensureMarks makes the table of what was done once. It belongs to no service,
// and to no migration: only the all-in-one mode has it.
func ensureMarks(ctx context.Context, db *pg.DB) error {
	const q = `
		CREATE SCHEMA IF NOT EXISTS platform;
		CREATE TABLE IF NOT EXISTS platform.mark (
			name text PRIMARY KEY,
			at   timestamptz NOT NULL DEFAULT now()
		)`
	if _, err := db.ExecContext(ctx, q); err != nil {
		return fmt.Errorf("make table of marks: %w", err)
	}
	return nil
}

func selectMark(ctx context.Context, db *pg.DB, name string) (bool, error) {
	const q = `SELECT EXISTS (SELECT FROM platform.mark WHERE name = $1)`
	var marked bool
	if err := db.GetContext(ctx, &marked, q, name); err != nil {
		return false, fmt.Errorf("read mark: %w", err)
	}
	return marked, nil
}

func insertMark(ctx context.Context, db *pg.DB, name string) error {
	const q = `INSERT INTO platform.mark (name) VALUES ($1) ON CONFLICT DO NOTHING`
	if _, err := db.ExecContext(ctx, q, name); err != nil {
		return fmt.Errorf("set mark: %w", err)
	}
	return nil
}

// countSessions counts the connections of services, by the names they give.
func countSessions(ctx context.Context, db *pg.DB) (n int, err error) {
	const q = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'heli-%'`
	if err := db.GetContext(ctx, &n, q); err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}

func checkpoint(ctx context.Context, db *pg.DB) error {
	if _, err := db.ExecContext(ctx, `CHECKPOINT`); err != nil {
		return fmt.Errorf("write to the disk: %w", err)
	}
	return nil
}
