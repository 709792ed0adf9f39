package request

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// matchRow is a row of line_matches.
type matchRow struct {
	MatchID    contract.MatchID    `db:"match_id"`
	NeedLineID contract.NeedLineID `db:"need_line_id"`
	State      string              `db:"state"`
	Version    int64               `db:"version"`
	Quantity   *int64              `db:"quantity"`
	Fulfilled  *int64              `db:"fulfilled"`
	Released   bool                `db:"released"`
	StateAt    time.Time           `db:"state_at"` // since when it is in its state
	// OfferOrg is who owns the offer, and StartBy until when what is accepted should
	// begin; nil when the fact did not tell.
	OfferOrg *string    `db:"offer_org"`
	StartBy  *time.Time `db:"start_by"`
}

func (m matchRow) view() MatchView {
	return MatchView{State: m.State, Quantity: m.Quantity, Fulfilled: m.Fulfilled}
}

const upsertMatchSQL = `
	INSERT INTO line_matches AS m (match_id, need_line_id, state, version, quantity, fulfilled, released, state_at, offer_org, start_by)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (match_id) DO UPDATE SET
		state = CASE WHEN excluded.version > m.version THEN excluded.state ELSE m.state END,
		state_at = CASE WHEN excluded.state = 'proposed' AND m.state = 'proposed' THEN least(excluded.state_at, m.state_at)
			WHEN excluded.version > m.version THEN excluded.state_at ELSE m.state_at END,
		quantity = CASE WHEN excluded.version > m.version THEN excluded.quantity ELSE m.quantity END,
		fulfilled = CASE WHEN excluded.version > m.version THEN excluded.fulfilled ELSE m.fulfilled END,
		offer_org = CASE WHEN excluded.version > m.version THEN excluded.offer_org ELSE m.offer_org END,
		start_by = CASE WHEN excluded.version > m.version THEN excluded.start_by ELSE m.start_by END,
		version = greatest(excluded.version, m.version),
		released = m.released OR excluded.released
	WHERE m.need_line_id = excluded.need_line_id`

// upsertMatch stores what is newer. That a contact was released is never
// forgotten, even when the fact comes late, since later states do not tell. A
// proposal that gets another time waits for its answer since it was made.
func (s *store) upsertMatch(ctx context.Context, tx *sqlx.Tx, m matchRow) error {
	_, err := tx.ExecContext(ctx, upsertMatchSQL, m.MatchID, m.NeedLineID, m.State, m.Version, m.Quantity, m.Fulfilled, m.Released, m.StateAt, m.OfferOrg, m.StartBy)
	if err != nil {
		return fmt.Errorf("upsert match: %w", err)
	}
	return nil
}

const selectMatchesSQL = `
	SELECT match_id, need_line_id, state, version, quantity, fulfilled, released, state_at, offer_org, start_by
	FROM line_matches WHERE need_line_id = ANY($1::uuid[])`

func (s *store) selectMatches(ctx context.Context, tx *sqlx.Tx, lines []lineRow) ([]matchRow, error) {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = string(l.ID)
	}
	var rows []matchRow
	if err := tx.SelectContext(ctx, &rows, selectMatchesSQL, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("select matches: %w", err)
	}
	return rows, nil
}

const updateTotalsSQL = `
	UPDATE need_lines SET proposed = $2, matched = $3, in_progress = $4, reported = $5, confirmed = $6, disputed = $7
	WHERE id = $1`

func (s *store) updateTotals(ctx context.Context, tx *sqlx.Tx, l lineRow) error {
	_, err := tx.ExecContext(ctx, updateTotalsSQL, l.ID, l.Proposed, l.Matched, l.InProgress, l.Reported, l.Confirmed, l.Disputed)
	if err != nil {
		return fmt.Errorf("update totals: %w", err)
	}
	return nil
}

const selectReleaseSQL = `
	SELECT m.match_id, m.need_line_id, m.state, m.version, m.quantity, m.fulfilled, m.released, m.state_at
	FROM line_matches m JOIN need_lines n ON n.id = m.need_line_id
	WHERE m.match_id = $1 AND n.request_id = $2`

// selectRelease reads a match of the request, to know whether its helper may
// see the contact.
func (s *store) selectRelease(ctx context.Context, match contract.MatchID, id contract.RequestID) (matchRow, error) {
	var row matchRow
	if err := s.db.GetContext(ctx, &row, selectReleaseSQL, match, id); err != nil {
		return matchRow{}, fmt.Errorf("select match: %w", err)
	}
	return row, nil
}
