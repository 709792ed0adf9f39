package offer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

// matchRow is a row of line_matches.
type matchRow struct {
	MatchID     contract.MatchID     `db:"match_id"`
	OfferLineID contract.OfferLineID `db:"offer_line_id"`
	RequestID   contract.RequestID   `db:"request_id"`
	State       string               `db:"state"`
	Version     int64                `db:"version"`
	At          time.Time            `db:"at"`
	Held        int64                `db:"held"`
	Used        int64                `db:"used"`
	Released    bool                 `db:"released"`
	StateAt     time.Time            `db:"state_at"` // since when it is in its state
}

const upsertMatchSQL = `
	INSERT INTO line_matches AS m (match_id, offer_line_id, request_id, state, version, at, held, used, released, state_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (match_id) DO UPDATE SET
		state = CASE WHEN excluded.version > m.version THEN excluded.state ELSE m.state END,
		state_at = CASE WHEN excluded.version > m.version THEN excluded.state_at ELSE m.state_at END,
		at = CASE WHEN excluded.version > m.version THEN excluded.at ELSE m.at END,
		held = CASE WHEN excluded.version > m.version THEN excluded.held ELSE m.held END,
		used = CASE WHEN excluded.version > m.version THEN excluded.used ELSE m.used END,
		version = greatest(excluded.version, m.version),
		released = m.released OR excluded.released
	WHERE m.offer_line_id = excluded.offer_line_id`

// upsertMatch stores what is newer. That a contact was released is never
// forgotten, even when the fact comes late, since later states do not tell.
func (s *store) upsertMatch(ctx context.Context, tx *sqlx.Tx, m matchRow) error {
	_, err := tx.ExecContext(ctx, upsertMatchSQL, m.MatchID, m.OfferLineID, m.RequestID, m.State, m.Version, m.At,
		m.Held, m.Used, m.Released, m.StateAt)
	if err != nil {
		return fmt.Errorf("upsert match: %w", err)
	}
	return nil
}

const selectTotalsSQL = `
	SELECT coalesce(sum(held), 0)::bigint AS held, coalesce(sum(used), 0)::bigint AS used
	FROM line_matches WHERE offer_line_id = $1`

// selectTotals sums up the matches of a line, in all periods together.
func (s *store) selectTotals(ctx context.Context, tx *sqlx.Tx, line contract.OfferLineID) (held, used int64, err error) {
	var row struct {
		Held int64 `db:"held"`
		Used int64 `db:"used"`
	}
	if err := tx.GetContext(ctx, &row, selectTotalsSQL, line); err != nil {
		return 0, 0, fmt.Errorf("select totals: %w", err)
	}
	return row.Held, row.Used, nil
}

// span is a period of a line's capacity.
type span struct {
	LineID contract.OfferLineID `json:"line_id"`
	Begins time.Time            `json:"begins"`
	Ends   time.Time            `json:"ends"`
}

const selectReservedSQL = `
	SELECT m.offer_line_id, sum(m.held)::bigint AS held
	FROM json_to_recordset($1) AS s (line_id uuid, begins timestamptz, ends timestamptz)
	JOIN line_matches m ON m.offer_line_id = s.line_id AND m.at >= s.begins AND m.at < s.ends
	GROUP BY m.offer_line_id`

// selectReserved returns what is held of each line within its span.
func (s *store) selectReserved(ctx context.Context, spans []span) (map[contract.OfferLineID]int64, error) {
	document, err := json.Marshal(spans)
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	var rows []matchRow
	if err := s.db.SelectContext(ctx, &rows, selectReservedSQL, document); err != nil {
		return nil, fmt.Errorf("select reserved: %w", err)
	}
	held := make(map[contract.OfferLineID]int64, len(rows))
	for _, row := range rows {
		held[row.OfferLineID] = row.Held
	}
	return held, nil
}

const selectReleasesSQL = `
	SELECT m.state, m.released, m.state_at
	FROM line_matches m JOIN offer_lines l ON l.id = m.offer_line_id
	WHERE m.request_id = $1 AND l.offer_id = $2`

// selectReleases reads the matches of a request with the offer, to know whether
// its requester may see the contact.
func (s *store) selectReleases(ctx context.Context, request contract.RequestID, id contract.OfferID) ([]matchRow, error) {
	var rows []matchRow
	if err := s.db.SelectContext(ctx, &rows, selectReleasesSQL, request, id); err != nil {
		return nil, fmt.Errorf("select releases: %w", err)
	}
	return rows, nil
}
