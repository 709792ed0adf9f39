package request

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

const countStuckSQL = `SELECT count_late($1, $2, $3)`

// countStuck counts the requests below a path of which accepted help should have begun.
func (s *store) countStuck(ctx context.Context, path string, now time.Time) (n int64, err error) {
	err = s.db.GetContext(ctx, &n, countStuckSQL, path, contract.PathEnd(path), now)
	return n, wrapped("count stuck requests", err)
}

const listStuckSinceSQL = `SELECT id, org_path FROM requests WHERE stage <> 'closed' AND start_by >= $1 AND start_by < $2`

// listStuckSince returns the requests that became stuck from one time to another.
func (s *store) listStuckSince(ctx context.Context, from, until time.Time) (rows []touchedRow, err error) {
	err = s.db.SelectContext(ctx, &rows, listStuckSinceSQL, from, until)
	return rows, wrapped("list requests that became stuck", err)
}

// untoldRow is a match of which an old fact did not tell all.
type untoldRow struct {
	MatchID   contract.MatchID   `db:"match_id"`
	RequestID contract.RequestID `db:"request_id"`
	Version   int64              `db:"version"`
}

const listUntoldSQL = `
	SELECT m.match_id, n.request_id, m.version FROM line_matches m JOIN need_lines n ON n.id = m.need_line_id
	WHERE m.offer_org IS NULL AND m.state IN ('proposed', 'accepted', 'contact_released')
		AND ($1 = '' OR m.match_id > NULLIF($1, '')::uuid)
	ORDER BY m.match_id LIMIT $2`

// listUntold returns matches after an id that have not begun and of which something is
// missing.
func (s *store) listUntold(ctx context.Context, after contract.MatchID, limit int) (rows []untoldRow, err error) {
	err = s.db.SelectContext(ctx, &rows, listUntoldSQL, after, limit)
	return rows, wrapped("list matches of which something is missing", err)
}

const completeMatchSQL = `UPDATE line_matches SET offer_org = $3, start_by = $4 WHERE match_id = $1 AND version = $2 AND offer_org IS NULL`

// completeMatch adds to a match what was missing, unless it has changed meanwhile.
func (s *store) completeMatch(ctx context.Context, tx *sqlx.Tx, id contract.MatchID, m contract.Match) error {
	if _, err := tx.ExecContext(ctx, completeMatchSQL, id, m.Version, m.OfferOwner, m.StartBy); err != nil {
		return fmt.Errorf("complete match: %w", err)
	}
	return nil
}
