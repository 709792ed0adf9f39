package guard

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/pg"
)

type store struct{ db *pg.DB }

const (
	// The update changes nothing; it makes the row's own form visible.
	spendSQL = `
	INSERT INTO spent_challenge (nonce, form, expires_at) VALUES ($1, $2, $3)
	ON CONFLICT (nonce) DO UPDATE SET form = spent_challenge.form
	RETURNING form`
	purgeSQL = `DELETE FROM spent_challenge WHERE expires_at < $1`
)

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string { return []string{spendSQL, purgeSQL} }

// spend returns the form that used the nonce first.
func (s store) spend(ctx context.Context, nonce, form string, expires time.Time) (first string, err error) {
	if err := s.db.GetContext(ctx, &first, spendSQL, nonce, form, expires); err != nil {
		return "", fmt.Errorf("spend challenge: %w", pg.MapContext(ctx, err))
	}
	return first, nil
}

func (s store) purge(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, purgeSQL, before); err != nil {
		return fmt.Errorf("purge challenges: %w", pg.MapContext(ctx, err))
	}
	return nil
}
