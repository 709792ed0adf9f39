package session

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/pg"
)

type store struct{ db *pg.DB }

const deleteExpiredSQL = `DELETE FROM sessions WHERE expiry < $1`

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string { return []string{deleteExpiredSQL} }

func (s store) deleteExpired(ctx context.Context, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, deleteExpiredSQL, now); err != nil {
		return fmt.Errorf("delete ended sessions: %w", pg.MapContext(ctx, err))
	}
	return nil
}
