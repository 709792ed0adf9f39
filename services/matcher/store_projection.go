package matcher

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// upsertRequestSQL takes a newer version of a request and its need lines. What
// is reserved stays; a quantity never falls below it.
const upsertRequestSQL = `WITH taken AS (
	INSERT INTO requests AS r (request_id, version, open, suggestable, org_path, document, changed_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (request_id) DO UPDATE SET version = $2, open = $3, suggestable = $4, org_path = $5, document = $6, changed_at = $7
	WHERE r.version < $2 RETURNING request_id)
	INSERT INTO needs AS n (need_line_id, request_id, quantity)
	SELECT l.id, taken.request_id, l.quantity FROM taken, jsonb_to_recordset($8) AS l (id uuid, quantity bigint)
	ON CONFLICT (need_line_id) DO UPDATE SET quantity = CASE WHEN EXCLUDED.quantity IS NULL THEN NULL
		ELSE GREATEST(EXCLUDED.quantity, n.reserved) END`

// upsertRequest stores the projection of a request unless a newer one is there.
func (s store) upsertRequest(ctx context.Context, tx *sqlx.Tx, p contract.ProjectedRequest, now time.Time) error {
	document, lines, err := encodeProjection(p, p.Lines)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, upsertRequestSQL, p.RequestID, p.Version, p.Open, p.Suggestable, p.Path, document, now, lines)
	if err != nil {
		return fmt.Errorf("store request projection: %w", err)
	}
	return nil
}

const upsertOfferSQL = `WITH taken AS (
	INSERT INTO offers AS o (offer_id, version, available, org_path, document, changed_at)
	VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (offer_id) DO UPDATE SET version = $2, available = $3, org_path = $4, document = $5, changed_at = $6
	WHERE o.version < $2 RETURNING offer_id)
	INSERT INTO offer_lines (offer_line_id, offer_id, capacity, per)
	SELECT l.id, taken.offer_id, l.quantity, l.per FROM taken, jsonb_to_recordset($7) AS l (id uuid, quantity bigint, per text)
	ON CONFLICT (offer_line_id) DO UPDATE SET capacity = EXCLUDED.capacity, per = EXCLUDED.per`

// upsertOffer stores the projection of an offer unless a newer one is there,
// and sets what its periods may hold.
func (s store) upsertOffer(ctx context.Context, tx *sqlx.Tx, p contract.ProjectedOffer, now time.Time) error {
	document, lines, err := encodeProjection(p, p.Lines)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, upsertOfferSQL, p.OfferID, p.Version, p.Available, p.Path, document, now, lines)
	if err != nil {
		return fmt.Errorf("store offer projection: %w", err)
	}
	return s.settleCapacity(ctx, tx, p.OfferID)
}

func encodeProjection(document any, lines []contract.LineWords) (doc, recordset []byte, err error) {
	doc, err = json.Marshal(document)
	if err != nil {
		return nil, nil, fmt.Errorf("encode projection: %w", err)
	}
	recordset, err = json.Marshal(lines)
	if err != nil {
		return nil, nil, fmt.Errorf("encode lines: %w", err)
	}
	return doc, recordset, nil
}

const forgetRequestSQL = `UPDATE requests SET version = $2, open = false, suggestable = false, document = NULL, changed_at = $3
	WHERE request_id = $1 AND version < $2`

// forgetRequest drops what is known of a request that ended.
func (s store) forgetRequest(ctx context.Context, tx *sqlx.Tx, id contract.RequestID, version int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, forgetRequestSQL, id, version, now); err != nil {
		return fmt.Errorf("forget request: %w", err)
	}
	return nil
}

const forgetOfferSQL = `UPDATE offers SET version = $2, available = false, document = NULL, changed_at = $3
	WHERE offer_id = $1 AND version < $2`

// forgetOffer drops what is known of an offer that ended.
func (s store) forgetOffer(ctx context.Context, tx *sqlx.Tx, id contract.OfferID, version int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, forgetOfferSQL, id, version, now); err != nil {
		return fmt.Errorf("forget offer: %w", err)
	}
	return nil
}

// requestRow is a request's projection with what its lines have reserved.
type requestRow struct {
	ID       contract.RequestID `db:"request_id"`
	Document []byte             `db:"document"`
	Reserved []byte             `db:"reserved"` // JSON object: need line id → amount
}

// One statement for all rows and one for some: a statement for both would read
// all rows each time.
const (
	loadRequestsSQL = `SELECT r.request_id, r.document,
	COALESCE((SELECT jsonb_object_agg(n.need_line_id, n.reserved) FROM needs n WHERE n.request_id = r.request_id), '{}') AS reserved
	FROM requests r WHERE r.document IS NOT NULL AND r.suggestable`
	loadSomeRequestsSQL = loadRequestsSQL + ` AND r.request_id = ANY($1)`
)

// loadRequests returns the projections of the requests named, or of all when
// ids is nil. Those that ended are left out.
func (s store) loadRequests(ctx context.Context, ids []contract.RequestID) ([]requestRow, error) {
	var rows []requestRow
	q, parameters := loadRequestsSQL, []any{}
	if ids != nil {
		q, parameters = loadSomeRequestsSQL, []any{idArray(ids)}
	}
	if err := s.db.SelectContext(ctx, &rows, q, parameters...); err != nil {
		return nil, fmt.Errorf("load requests: %w", err)
	}
	return rows, nil
}

func idArray[T ~string](ids []T) any {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return pq.Array(texts)
}

// offerRow is an offer's projection with its reservations and its history of answers.
type offerRow struct {
	ID       contract.OfferID `db:"offer_id"`
	Document []byte           `db:"document"`
	Periods  []byte           `db:"periods"` // JSON array of periodRow
	Asked    int64            `db:"asked"`
	Accepted int64            `db:"accepted"`
	Done     int64            `db:"done"`
	OrgLoad  int64            `db:"org_load"`
	Used     int64            `db:"used"` // asks of the helper this week
}

// periodRow is what is reserved of a line in one period.
type periodRow struct {
	Line     contract.OfferLineID `json:"line"`
	Period   string               `json:"period"` // YYYY-MM-DD
	Reserved int64                `json:"reserved"`
}

const (
	loadOffersSQL = `SELECT o.offer_id, o.document,
	COALESCE((SELECT jsonb_agg(jsonb_build_object('line', c.offer_line_id, 'period', c.period_start, 'reserved', c.reserved))
		FROM capacity c JOIN offer_lines l USING (offer_line_id) WHERE l.offer_id = o.offer_id AND c.reserved > 0), '[]') AS periods,
	m.asked, m.accepted, m.done, load.live AS org_load, COALESCE(h.asked, 0) AS used
	FROM offers o
	CROSS JOIN LATERAL (SELECT count(*) AS asked,
		count(*) FILTER (WHERE state NOT IN ('proposed', 'declined', 'hold_expired', 'cancelled')) AS accepted,
		count(*) FILTER (WHERE state IN ('reported_done', 'confirmed')) AS done
		FROM matches WHERE matches.offer_id = o.offer_id) m
	CROSS JOIN LATERAL (SELECT count(*) AS live FROM matches WHERE offer_path = o.org_path
		AND state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed')) load
	LEFT JOIN helper_load h ON h.helper_key = o.document->>'helper_key' AND h.week = $1
	WHERE o.document IS NOT NULL`
	loadSomeOffersSQL = loadOffersSQL + ` AND o.offer_id = ANY($2)`
)

// loadOffers returns the projections of the offers named, or of all when ids is
// nil. Those that ended are left out.
func (s store) loadOffers(ctx context.Context, ids []contract.OfferID, week time.Time) ([]offerRow, error) {
	var rows []offerRow
	q, parameters := loadOffersSQL, []any{week}
	if ids != nil {
		q, parameters = loadSomeOffersSQL, []any{week, idArray(ids)}
	}
	if err := s.db.SelectContext(ctx, &rows, q, parameters...); err != nil {
		return nil, fmt.Errorf("load offers: %w", err)
	}
	return rows, nil
}

const changedRequestsSQL = `SELECT request_id AS id, version FROM requests WHERE changed_at >= $1
	UNION ALL SELECT request_id, $2 FROM matches WHERE updated_at >= $1`

const changedOffersSQL = `SELECT offer_id AS id, version FROM offers WHERE changed_at >= $1
	UNION ALL SELECT offer_id, $2 FROM matches WHERE updated_at >= $1`

// changedRow is a row that changed and its version; anyVersion when its matches did.
type changedRow struct {
	ID      string `db:"id"`
	Version int64  `db:"version"`
}

// anyVersion is newer than every version that is held.
const anyVersion = math.MaxInt64

// changedSince returns the requests and the offers that any instance changed
// since a time, themselves or by a match.
func (s store) changedSince(ctx context.Context, since time.Time) (requests, offers []changedRow, err error) {
	if err := s.db.SelectContext(ctx, &requests, changedRequestsSQL, since, int64(anyVersion)); err != nil {
		return nil, nil, fmt.Errorf("list changed requests: %w", err)
	}
	if err := s.db.SelectContext(ctx, &offers, changedOffersSQL, since, int64(anyVersion)); err != nil {
		return nil, nil, fmt.Errorf("list changed offers: %w", err)
	}
	return requests, offers, nil
}

const renewingOffersSQL = `SELECT DISTINCT l.offer_id FROM capacity c JOIN offer_lines l USING (offer_line_id)
	WHERE l.per <> 'total' AND c.reserved > 0 AND c.period_start >= $1`

// renewingOffers returns the offers whose capacity renews and was reserved in
// periods since a day: what is free of them changes with the calendar.
func (s store) renewingOffers(ctx context.Context, since time.Time) ([]contract.OfferID, error) {
	ids := []contract.OfferID{}
	if err := s.db.SelectContext(ctx, &ids, renewingOffersSQL, since); err != nil {
		return nil, fmt.Errorf("list renewing offers: %w", err)
	}
	return ids, nil
}

var projectionStatements = []string{
	upsertRequestSQL, upsertOfferSQL, forgetRequestSQL, forgetOfferSQL, loadRequestsSQL, loadSomeRequestsSQL,
	loadOffersSQL, loadSomeOffersSQL, changedRequestsSQL, changedOffersSQL, renewingOffersSQL,
}
