package public

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/pg"
)

type store struct{ db *pg.DB }

const (
	insertTrySQL = `INSERT INTO failed_try (subject, at) VALUES ($1, $2)`
	countTrySQL  = `SELECT count(*) FROM failed_try WHERE subject = $1 AND at > $2`
	purgeTrySQL  = `DELETE FROM failed_try WHERE at < $1`
)

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string { return []string{insertTrySQL, countTrySQL, purgeTrySQL} }

// insertTry notes a failed try of a subject, such as a code.
func (s store) insertTry(ctx context.Context, subject string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, insertTrySQL, subject, at); err != nil {
		return fmt.Errorf("insert failed try: %w", pg.MapContext(ctx, err))
	}
	return nil
}

// countTries returns how many tries of a subject failed after a moment.
func (s store) countTries(ctx context.Context, subject string, after time.Time) (int, error) {
	var n int
	if err := s.db.GetContext(ctx, &n, countTrySQL, subject, after); err != nil {
		return 0, fmt.Errorf("count failed tries: %w", pg.MapContext(ctx, err))
	}
	return n, nil
}

func (s store) purgeTries(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, purgeTrySQL, before); err != nil {
		return fmt.Errorf("purge failed tries: %w", pg.MapContext(ctx, err))
	}
	return nil
}

// PurgeTries forgets failed tries that count no more.
func PurgeTries(ctx context.Context, db *pg.DB, now time.Time) error {
	return store{db}.purgeTries(ctx, now.Add(-tryWindow))
}
