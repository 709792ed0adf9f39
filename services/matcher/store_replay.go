package matcher

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const policyVersionSQL = `SELECT version, org_path, category, created_at, created_by, document FROM policies WHERE version = $1`

// policyVersion returns a stored policy with its scope; NotFound when
// there is no such version, or it only says to follow what is above.
func (s store) policyVersion(ctx context.Context, version int64) (policyRow, error) {
	var row policyRow
	err := s.db.GetContext(ctx, &row, policyVersionSQL, version)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(row.Document) == 0 {
		return row, fault.NewNotFound("policy")
	}
	if err != nil {
		return row, fmt.Errorf("read policy %d: %w", version, err)
	}
	return row, nil
}

// pastRequest is all that is left of a request. The document of one that ended
// is gone.
type pastRequest struct {
	ID        contract.RequestID `db:"request_id"`
	Open      bool               `db:"open"`
	Path      string             `db:"org_path"`
	Document  []byte             `db:"document"`
	ChangedAt time.Time          `db:"changed_at"`
	Lines     []byte             `db:"lines"` // JSON array of pastLine
}

// pastLine is what is left of a need or offer line.
type pastLine struct {
	ID       string          `json:"id"`
	Quantity *int64          `json:"quantity"`
	Per      contract.Period `json:"per"`
}

const pastRequestsSQL = `SELECT r.request_id, r.open, r.org_path, r.document, r.changed_at,
	COALESCE((SELECT json_agg(json_build_object('id', n.need_line_id, 'quantity', n.quantity) ORDER BY n.need_line_id)
		FROM needs n WHERE n.request_id = r.request_id), '[]') AS lines
	FROM requests r WHERE r.org_path >= $1 AND r.org_path < $2
	AND (r.document IS NULL OR (r.document->>'waiting_since')::timestamptz >= $3 AND (r.document->>'waiting_since')::timestamptz < $4)
	ORDER BY r.request_id LIMIT $5`

// pastRequests returns the requests that a path sees and that arrived within the
// span, as far as that is still known, whatever became of them; up to limit.
func (s store) pastRequests(ctx context.Context, path string, within span, limit int) ([]pastRequest, error) {
	var rows []pastRequest
	if err := s.db.SelectContext(ctx, &rows, pastRequestsSQL, path, contract.PathEnd(path), within.since, within.until, limit); err != nil {
		return nil, fmt.Errorf("read past requests: %w", err)
	}
	return rows, nil
}

// pastOffer is all that is left of an offer.
type pastOffer struct {
	ID        contract.OfferID `db:"offer_id"`
	Available bool             `db:"available"`
	Document  []byte           `db:"document"`
	ChangedAt time.Time        `db:"changed_at"`
	Lines     []byte           `db:"lines"` // JSON array of pastLine
}

// reachableSQL is the offers that requests below a path could have been paired
// with: those below it, those shared, and those they were paired with.
const reachableSQL = `((o.org_path >= $1 AND o.org_path < $2) OR o.document->>'sharing' = 'network'
	OR o.offer_id IN (SELECT offer_id FROM matches WHERE request_path >= $1 AND request_path < $2))`

const pastOffersSQL = `SELECT o.offer_id, o.available, o.document, o.changed_at,
	COALESCE((SELECT json_agg(json_build_object('id', l.offer_line_id, 'quantity', l.capacity, 'per', l.per) ORDER BY l.offer_line_id)
		FROM offer_lines l WHERE l.offer_id = o.offer_id), '[]') AS lines
	FROM offers o WHERE ` + reachableSQL + ` ORDER BY o.offer_id LIMIT $3`

// pastOffers returns every offer that requests below a path could have been
// paired with, whatever became of it; up to limit.
func (s store) pastOffers(ctx context.Context, path string, limit int) ([]pastOffer, error) {
	var rows []pastOffer
	if err := s.db.SelectContext(ctx, &rows, pastOffersSQL, path, contract.PathEnd(path), limit); err != nil {
		return nil, fmt.Errorf("read past offers: %w", err)
	}
	return rows, nil
}

const pastMatchesSQL = `SELECT m.state, m.request_id, m.need_line_id, m.offer_id, m.offer_line_id, m.request_path, m.offer_path,
	m.helper_key, m.category, m.region_code, m.urgency, m.quantity, m.unit, m.offer_quantity, m.period_start, m.created_at
	FROM matches m JOIN offers o USING (offer_id) WHERE ` + reachableSQL + ` ORDER BY m.created_at, m.id`

// pastMatches returns every match of those offers, the oldest first, with what a
// replay asks of it. Some are of requests that the path does not see: they hold
// capacity all the same.
func (s store) pastMatches(ctx context.Context, path string) ([]matchRow, error) {
	var rows []matchRow
	if err := s.db.SelectContext(ctx, &rows, pastMatchesSQL, path, contract.PathEnd(path)); err != nil {
		return nil, fmt.Errorf("read past matches: %w", err)
	}
	return rows, nil
}

const pastRefusalsSQL = `SELECT f.request_id, f.offer_id FROM refused f JOIN requests r USING (request_id)
	WHERE r.org_path >= $1 AND r.org_path < $2`

// pastRefusals returns the pairs that were declined, of requests that a path sees.
func (s store) pastRefusals(ctx context.Context, path string) ([]pair, error) {
	var pairs []pair
	if err := s.db.SelectContext(ctx, &pairs, pastRefusalsSQL, path, contract.PathEnd(path)); err != nil {
		return nil, fmt.Errorf("read past refusals: %w", err)
	}
	return pairs, nil
}

var replayStatements = []string{policyVersionSQL, pastRequestsSQL, pastOffersSQL, pastMatchesSQL, pastRefusalsSQL}
