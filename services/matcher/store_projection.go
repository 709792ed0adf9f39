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

// upsertRequestsSQL takes newer versions of requests and their need lines. What
// is reserved stays; a quantity never falls below it. It returns the requests
// that were not there.
const upsertRequestsSQL = `WITH taken AS (
	INSERT INTO requests AS r (request_id, version, open, suggestable, org_path, document, changed_at)
	SELECT id, version, open, suggestable, path, document, $2
	FROM ROWS FROM (json_to_recordset($1) AS (id uuid, version bigint, open boolean, suggestable boolean, path text), unnest($4::json[]))
		AS g (id, version, open, suggestable, path, document)
	ORDER BY id
	ON CONFLICT (request_id) DO UPDATE SET version = EXCLUDED.version, open = EXCLUDED.open, suggestable = EXCLUDED.suggestable,
		org_path = EXCLUDED.org_path, document = EXCLUDED.document, changed_at = EXCLUDED.changed_at
	WHERE r.version < EXCLUDED.version RETURNING request_id, xmax = 0 AS first),
	lines AS (INSERT INTO needs AS n (need_line_id, request_id, quantity)
	SELECT l.id, l.owner, l.quantity FROM json_to_recordset($3) AS l (id uuid, owner uuid, quantity bigint)
	WHERE l.owner IN (SELECT request_id FROM taken)
	ON CONFLICT (need_line_id) DO UPDATE SET quantity = CASE WHEN EXCLUDED.quantity IS NULL THEN NULL
		ELSE GREATEST(EXCLUDED.quantity, n.reserved) END)
	SELECT request_id FROM taken WHERE first`

// projectedRow is a row of upsertRequestsSQL's or upsertOffersSQL's first
// recordset. Documents go beside it: within it each would be read three times.
type projectedRow struct {
	ID          string `json:"id"`
	Version     int64  `json:"version"`
	Open        bool   `json:"open"`
	Suggestable bool   `json:"suggestable"`
	Available   bool   `json:"available"`
	Path        string `json:"path"`
}

// projectedLine is a row of the second.
type projectedLine struct {
	ID       string          `json:"id"`
	Owner    string          `json:"owner"`
	Quantity *int64          `json:"quantity"`
	Per      contract.Period `json:"per"`
}

func linesOf(owner string, lines []contract.LineWords) []projectedLine {
	rows := make([]projectedLine, len(lines))
	for i, l := range lines {
		rows[i] = projectedLine{ID: l.ID, Owner: owner, Quantity: l.Quantity, Per: l.Per}
	}
	return rows
}

// upsertRequests stores projections of requests unless newer ones are there, and
// returns those that were not there at all.
func (s store) upsertRequests(ctx context.Context, tx *sqlx.Tx, all []contract.ProjectedRequest, now time.Time) ([]contract.RequestID, error) {
	if len(all) == 0 {
		return nil, nil
	}
	rows, lines := make([]projectedRow, len(all)), []projectedLine{}
	for i, p := range all {
		rows[i] = projectedRow{ID: string(p.RequestID), Version: p.Version, Open: p.Open, Suggestable: p.Suggestable, Path: p.Path}
		lines = append(lines, linesOf(string(p.RequestID), p.Lines)...)
	}
	given, err := parameters(rows, lines, all, now)
	if err != nil {
		return nil, err
	}
	var first []contract.RequestID
	if err := tx.SelectContext(ctx, &first, upsertRequestsSQL, given...); err != nil {
		return nil, fmt.Errorf("store request projections: %w", err)
	}
	return first, nil
}

// dropLinesSQL forgets the lines that the present version of a request does not have.
// Of one that a match holds nothing more can be reserved until it is free.
const dropLinesSQL = `WITH gone AS (
	SELECT n.need_line_id FROM unnest($1::uuid[], $2::bigint[]) AS g (id, version)
	JOIN requests r ON r.request_id = g.id AND r.version = g.version
	JOIN needs n ON n.request_id = r.request_id
	WHERE n.need_line_id <> ALL ($3::uuid[])),
	held AS (UPDATE needs SET quantity = reserved WHERE reserved > 0 AND need_line_id IN (SELECT need_line_id FROM gone))
	DELETE FROM needs WHERE reserved = 0 AND need_line_id IN (SELECT need_line_id FROM gone)`

// dropLines forgets the need lines that projections do not have any more.
func (s store) dropLines(ctx context.Context, q sqlx.ExecerContext, all []contract.ProjectedRequest) error {
	if len(all) == 0 {
		return nil
	}
	ids, versions, lines := linesHad(all)
	if _, err := q.ExecContext(ctx, dropLinesSQL, idArray(ids), pq.Array(versions), idArray(lines)); err != nil {
		return fmt.Errorf("drop need lines: %w", err)
	}
	return nil
}

func linesHad(all []contract.ProjectedRequest) (ids []contract.RequestID, versions []int64, lines []string) {
	for _, p := range all {
		ids, versions = append(ids, p.RequestID), append(versions, p.Version)
		for _, l := range p.Lines {
			lines = append(lines, l.ID)
		}
	}
	return ids, versions, lines
}

const matchesWithoutLineSQL = `SELECT m.id FROM unnest($1::uuid[], $2::bigint[]) AS g (id, version)
	JOIN requests r ON r.request_id = g.id AND r.version = g.version
	JOIN matches m ON m.request_id = r.request_id
	WHERE m.need_line_id <> ALL ($3::uuid[]) AND m.state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'disputed')
	ORDER BY m.id`

// matchesWithoutLine returns the live matches whose need line the present version
// of its request does not have.
func (s store) matchesWithoutLine(ctx context.Context, all []contract.ProjectedRequest) ([]contract.MatchID, error) {
	if len(all) == 0 {
		return nil, nil
	}
	gone, versions, lines := linesHad(all)
	var ids []contract.MatchID
	if err := s.db.SelectContext(ctx, &ids, matchesWithoutLineSQL, idArray(gone), pq.Array(versions), idArray(lines)); err != nil {
		return nil, fmt.Errorf("list matches without a line: %w", err)
	}
	return ids, nil
}

// parameters are those of upsertRequestsSQL and upsertOffersSQL.
func parameters[P any](rows []projectedRow, lines []projectedLine, all []P, now time.Time) ([]any, error) {
	documents := make(pq.StringArray, len(all))
	for i, p := range all {
		document, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode projection: %w", err)
		}
		documents[i] = string(document)
	}
	owners, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode projections: %w", err)
	}
	owned, err := json.Marshal(lines)
	if err != nil {
		return nil, fmt.Errorf("encode lines: %w", err)
	}
	return []any{owners, now, owned, documents}, nil
}

const upsertOffersSQL = `WITH taken AS (
	INSERT INTO offers AS o (offer_id, version, available, org_path, document, changed_at)
	SELECT id, version, available, path, document, $2
	FROM ROWS FROM (json_to_recordset($1) AS (id uuid, version bigint, available boolean, path text), unnest($4::json[]))
		AS g (id, version, available, path, document)
	ORDER BY id
	ON CONFLICT (offer_id) DO UPDATE SET version = EXCLUDED.version, available = EXCLUDED.available,
		org_path = EXCLUDED.org_path, document = EXCLUDED.document, changed_at = EXCLUDED.changed_at
	WHERE o.version < EXCLUDED.version RETURNING offer_id)
	INSERT INTO offer_lines (offer_line_id, offer_id, capacity, per)
	SELECT l.id, l.owner, l.quantity, l.per FROM json_to_recordset($3) AS l (id uuid, owner uuid, quantity bigint, per text)
	WHERE l.owner IN (SELECT offer_id FROM taken)
	ON CONFLICT (offer_line_id) DO UPDATE SET capacity = EXCLUDED.capacity, per = EXCLUDED.per`

// upsertOffers stores projections of offers unless newer ones are there, and
// sets what their periods may hold.
func (s store) upsertOffers(ctx context.Context, tx *sqlx.Tx, all []contract.ProjectedOffer, now time.Time) error {
	if len(all) == 0 {
		return nil
	}
	rows, lines, ids := make([]projectedRow, len(all)), []projectedLine{}, make([]contract.OfferID, len(all))
	for i, p := range all {
		rows[i] = projectedRow{ID: string(p.OfferID), Version: p.Version, Available: p.Available, Path: p.Path}
		lines, ids[i] = append(lines, linesOf(string(p.OfferID), p.Lines)...), p.OfferID
	}
	given, err := parameters(rows, lines, all, now)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, upsertOffersSQL, given...); err != nil {
		return fmt.Errorf("store offer projections: %w", err)
	}
	if err := s.settleLimits(ctx, tx, ids); err != nil {
		return err
	}
	return s.settleCapacity(ctx, tx, ids)
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
	return s.settleLimits(ctx, tx, []contract.OfferID{id})
}

// requestRow is a request's projection with what its lines have reserved.
type requestRow struct {
	ID       contract.RequestID `db:"request_id"`
	Document []byte             `db:"document"`
	Reserved []byte             `db:"reserved"` // JSON object: need line id → amount
	Excluded pq.StringArray     `db:"excluded"` // offers that were declined, or are matched now
}

const loadRequestsSQL = `SELECT r.request_id, r.document,
	COALESCE((SELECT jsonb_object_agg(n.need_line_id, n.reserved) FROM needs n WHERE n.request_id = r.request_id), '{}') AS reserved,
	ARRAY(SELECT f.offer_id FROM refused f WHERE f.request_id = r.request_id
		UNION SELECT m.offer_id FROM matches m WHERE m.request_id = r.request_id
		AND m.state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed')) AS excluded
	FROM requests r WHERE r.document IS NOT NULL AND r.suggestable AND r.request_id = ANY($1)`

// loadRequests returns the projections of the requests named. Those that ended
// are left out.
func (s store) loadRequests(ctx context.Context, ids []contract.RequestID) ([]requestRow, error) {
	var rows []requestRow
	if err := s.db.SelectContext(ctx, &rows, loadRequestsSQL, idArray(ids)); err != nil {
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
	use
}

// use is what matches and asks make of an offer.
type use struct {
	Asked    int64 `db:"asked"`
	Accepted int64 `db:"accepted"`
	Done     int64 `db:"done"`
	OrgLoad  int64 `db:"org_load"`
	Used     int64 `db:"used"` // asks of the helper this week
	helperWeek
}

// periodRow is what is reserved of a line in one period.
type periodRow struct {
	Line     contract.OfferLineID `json:"line" db:"line"`
	Period   string               `json:"period" db:"period"` // YYYY-MM-DD
	Reserved int64                `json:"reserved" db:"reserved"`
}

const loadOffersSQL = `SELECT o.offer_id, o.document,
	COALESCE((SELECT jsonb_agg(jsonb_build_object('line', c.offer_line_id, 'period', c.period_start, 'reserved', c.reserved))
		FROM capacity c JOIN offer_lines l USING (offer_line_id) WHERE l.offer_id = o.offer_id AND c.reserved > 0), '[]') AS periods,
	m.asked, m.accepted, m.done, load.live AS org_load, COALESCE(h.asked, 0) AS used,
	w.most_asks, w.most_minutes, COALESCE(w.minutes, 0) AS minutes, w.rests_until
	FROM offers o
	CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE reason NOT IN ('not_now', 'handed_on')) AS asked,
		count(*) FILTER (WHERE state NOT IN ('proposed', 'declined', 'hold_expired', 'cancelled')) AS accepted,
		count(*) FILTER (WHERE state IN ('reported_done', 'confirmed')) AS done
		FROM matches WHERE matches.offer_id = o.offer_id) m
	CROSS JOIN LATERAL (SELECT count(*) AS live FROM matches WHERE offer_path = o.org_path
		AND state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed')) load
	LEFT JOIN helper_load h ON h.helper_key = o.document->>'helper_key' AND h.week = $1
	LEFT JOIN LATERAL (SELECT w.* FROM helper_limits l CROSS JOIN LATERAL helper_week(l.helper_key, NULL, $3) w
		WHERE l.helper_key = o.document->>'helper_key' LIMIT 1) w ON true
	WHERE o.document IS NOT NULL AND o.offer_id = ANY($2)`

// loadOffers returns the projections of the offers named. Those that ended are
// left out.
func (s store) loadOffers(ctx context.Context, ids []contract.OfferID, week time.Time) ([]offerRow, error) {
	var rows []offerRow
	if err := s.db.SelectContext(ctx, &rows, loadOffersSQL, week, idArray(ids), week); err != nil {
		return nil, fmt.Errorf("load offers: %w", err)
	}
	return rows, nil
}

const changedRequestsSQL = `SELECT request_id AS id, version FROM requests WHERE changed_at >= $1
	UNION ALL SELECT request_id, $2 FROM matches WHERE updated_at >= $1`

const changedOffersSQL = `SELECT offer_id AS id, version FROM offers WHERE changed_at >= $1
	UNION ALL SELECT offer_id, $2 FROM matches WHERE updated_at >= $1
	UNION ALL SELECT offer_id, $2 FROM asks WHERE updated_at >= $1`

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
	upsertRequestsSQL, dropLinesSQL, matchesWithoutLineSQL, upsertOffersSQL, forgetRequestSQL, forgetOfferSQL, loadRequestsSQL, loadOffersSQL, changedRequestsSQL, changedOffersSQL, renewingOffersSQL,
}
