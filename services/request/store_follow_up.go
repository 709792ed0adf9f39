package request

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

const setFollowUpSQL = `
	INSERT INTO follow_ups (request_id, due_at, raised) VALUES ($1, $2, false)
	ON CONFLICT (request_id) DO UPDATE SET due_at = excluded.due_at, raised = false`

const endFollowUpSQL = `DELETE FROM follow_ups WHERE request_id = $1`

// setFollowUp sets the date of a request, or ends it without one.
func (s *store) setFollowUp(ctx context.Context, tx *sqlx.Tx, id contract.RequestID, at *time.Time) error {
	if at == nil {
		_, err := tx.ExecContext(ctx, endFollowUpSQL, id)
		return wrapped("end follow-up", err)
	}
	_, err := tx.ExecContext(ctx, setFollowUpSQL, id, *at)
	return wrapped("set follow-up", err)
}

const followNewsSQL = `DELETE FROM follow_ups WHERE request_id = $1 AND (raised OR $2::boolean)`

// followNews takes away the date that missing news had raised; with the end of
// the request every one.
func (s *store) followNews(ctx context.Context, tx *sqlx.Tx, r *record) error {
	_, err := tx.ExecContext(ctx, followNewsSQL, r.row.ID, r.row.Stage == Closed)
	return wrapped("take follow-up away", err)
}

const countDueSQL = `SELECT count_due($1, $2, $3)`

// countDue counts the requests below a path that staff look at again by now.
func (s *store) countDue(ctx context.Context, path string, now time.Time) (n int64, err error) {
	err = s.db.GetContext(ctx, &n, countDueSQL, path, contract.PathEnd(path), now)
	return n, wrapped("count follow-ups", err)
}

const listDueSQL = `
	SELECT r.id, f.due_at, r.org_code, r.org_path, r.region_code, r.urgency
	FROM follow_ups f JOIN requests r ON r.id = f.request_id
	WHERE f.due_at <= $1 AND NOT f.raised AND NOT EXISTS (
		SELECT FROM reminders d WHERE d.subject_id = r.id AND d.kind = 'follow_up_due' AND d.moment = f.due_at)
	ORDER BY f.due_at LIMIT $2`

// listDue returns dates of staff that came and were not told.
func (s *store) listDue(ctx context.Context, now time.Time, limit int) (rows []dueRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, listDueSQL, now, limit); err != nil {
		return nil, fmt.Errorf("list due follow-ups: %w", err)
	}
	return rows, nil
}

const raiseSQL = `
	WITH raised AS (
		INSERT INTO follow_ups (request_id, due_at, raised)
		SELECT r.id, $2, true FROM requests r
		WHERE r.state IN ('partially_matched', 'matched', 'in_progress') AND r.stage = 'open' AND r.erased_at IS NULL
			AND r.urgency = $1 AND r.updated_at < $3
			AND NOT EXISTS (SELECT FROM follow_ups f WHERE f.request_id = r.id)
		ORDER BY r.updated_at LIMIT $4
		FOR NO KEY UPDATE OF r SKIP LOCKED
		ON CONFLICT DO NOTHING RETURNING request_id, due_at)
	SELECT r.id, f.due_at, r.org_code, r.org_path, r.region_code, r.urgency
	FROM raised f JOIN requests r ON r.id = f.request_id`

// raise sets the date of requests without news to now, and returns them. It locks them
// first, as whoever changes one does; one that is being changed has news.
func (s *store) raise(
	ctx context.Context, tx *sqlx.Tx, urgency contract.Urgency, now, before time.Time, limit int,
) (rows []dueRow, err error) {
	if err := tx.SelectContext(ctx, &rows, raiseSQL, urgency, now, before, limit); err != nil {
		return nil, fmt.Errorf("raise requests without news: %w", err)
	}
	return rows, nil
}
