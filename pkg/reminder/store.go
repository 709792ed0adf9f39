package reminder

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

const insertSQL = `INSERT INTO reminders (subject_id, kind, moment, told_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

// insert waits for another transaction that tells the same, and reports whether
// this one is the first.
func insert(ctx context.Context, tx *sqlx.Tx, now time.Time, r Reminder) (bool, error) {
	result, err := tx.ExecContext(ctx, insertSQL, r.SubjectID, r.Kind, r.Moment, now)
	if err != nil {
		return false, fmt.Errorf("insert reminder: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}
