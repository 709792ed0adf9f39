package request

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

// Two claims of one person at the same moment would each count without the other.
const lockClaimsSQL = `SELECT pg_advisory_xact_lock(hashtextextended('claims of ' || $1, 0))`

const countClaimsSQL = `SELECT count_claims($1, $2)`

// countClaims returns how many claims of a person run, and keeps the person from
// making another until the transaction ends.
func (s *store) countClaims(ctx context.Context, tx *sqlx.Tx, person string, now time.Time) (n int, err error) {
	if _, err := tx.ExecContext(ctx, lockClaimsSQL, person); err != nil {
		return 0, fmt.Errorf("lock claims: %w", err)
	}
	if err := tx.GetContext(ctx, &n, countClaimsSQL, person, now); err != nil {
		return 0, fmt.Errorf("count claims: %w", err)
	}
	return n, nil
}

const tellClaimOverSQL = `INSERT INTO mentions (note_id, person_id, request_id, at, kind) VALUES ($1, $2, $3, $4, 'claim_over')`

// tellClaimOver puts it before the person whose claim has ended by time.
func (s *store) tellClaimOver(ctx context.Context, tx *sqlx.Tx, r requestRow, now time.Time) error {
	_, err := tx.ExecContext(ctx, tellClaimOverSQL, contract.NewID[contract.NoteID](), *r.ClaimedBy, r.ID, now)
	return wrapped("tell of the end of a claim", err)
}

// An erased request takes no move any more, and its claim ended with it.
const listOverdueSQL = `
	SELECT id FROM requests WHERE claimed_by IS NOT NULL AND claimed_until <= $1 AND erased_at IS NULL
	ORDER BY claimed_until LIMIT $2`

// listOverdue returns requests whose claim is over.
func (s *store) listOverdue(ctx context.Context, now time.Time, limit int) ([]string, error) {
	var ids []string
	if err := s.db.SelectContext(ctx, &ids, listOverdueSQL, now, limit); err != nil {
		return nil, fmt.Errorf("list claims that are over: %w", err)
	}
	return ids, nil
}
