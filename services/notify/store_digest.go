package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// gatheredRow is a delivery that a digest tells of.
type gatheredRow struct {
	ID        contract.DeliveryID `db:"id"`
	Type      string              `db:"type"`
	Urgency   string              `db:"urgency"`
	CreatedAt time.Time           `db:"created_at"`
}

// crowds are the deliveries that wait to be sent one by one and need not be: not
// what is critical, not what is about the endpoint itself.
const crowds = `d.state = 'pending' AND NOT d.critical AND d.type NOT LIKE 'heli.endpoint.%'
	AND (d.taken_until IS NULL OR d.taken_until <= $1)`

const lockGatheredSQL = `
	SELECT e.id FROM endpoints e
	WHERE e.state = 'active' AND e.kind <> 'webhook'
		AND (EXISTS (SELECT FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'gathered' AND d.next_at <= $1)
			OR (SELECT count(*) FROM deliveries d WHERE d.endpoint_id = e.id AND ` + crowds + `) > $2)
	ORDER BY e.id LIMIT 1
	FOR NO KEY UPDATE SKIP LOCKED`

// lockGathered locks a robot that something is to be told of in a digest, and
// reports whether there is one.
func (s *store) lockGathered(ctx context.Context, tx *sqlx.Tx, now time.Time) (contract.EndpointID, bool, error) {
	var id contract.EndpointID
	err := tx.GetContext(ctx, &id, lockGatheredSQL, now, crowd)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("lock gathered: %w", err)
	}
	return id, true, nil
}

const lockRowsSQL = `
	SELECT d.id, d.type, d.created_at, coalesce(v.document::json -> 'data' ->> 'urgency', '') AS urgency
	FROM deliveries d JOIN events v ON v.event_id = d.event_id
	WHERE d.endpoint_id = $2 AND (d.state = 'gathered' AND d.next_at <= $1 OR ` + crowds + `
		AND (SELECT count(*) FROM deliveries d WHERE d.endpoint_id = $2 AND ` + crowds + `) > $3)
	ORDER BY d.created_at, d.id
	FOR NO KEY UPDATE OF d`

// lockRows returns what a robot is to be told of together, the oldest first.
func (s *store) lockRows(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, now time.Time) ([]gatheredRow, error) {
	var rows []gatheredRow
	if err := tx.SelectContext(ctx, &rows, lockRowsSQL, now, id, crowd); err != nil {
		return nil, fmt.Errorf("select gathered: %w", err)
	}
	return rows, nil
}

const updateDigestedSQL = `
	UPDATE deliveries SET state = 'digested', reason = '', next_at = NULL, taken_until = NULL, digest_id = $2
	WHERE id = ANY ($1::uuid[])`

// updateDigested ends deliveries that a digest tells of.
func (s *store) updateDigested(ctx context.Context, tx *sqlx.Tx, rows []gatheredRow, digest contract.DeliveryID) error {
	ids := make(pq.StringArray, len(rows))
	for i, row := range rows {
		ids[i] = string(row.ID)
	}
	if _, err := tx.ExecContext(ctx, updateDigestedSQL, ids, digest); err != nil {
		return fmt.Errorf("update digested: %w", err)
	}
	return nil
}

const releaseGatheredSQL = `UPDATE deliveries SET state = 'pending', next_at = $2 WHERE id = $1 AND state = 'gathered'`

// releaseGathered sends the only delivery that was gathered by itself.
func (s *store) releaseGathered(ctx context.Context, tx *sqlx.Tx, id contract.DeliveryID, now time.Time) error {
	if _, err := tx.ExecContext(ctx, releaseGatheredSQL, id, now); err != nil {
		return fmt.Errorf("release gathered: %w", err)
	}
	return nil
}

const (
	updateNoticesSQL = `
		UPDATE endpoints SET language = $2, digest = $3, quiet_from = $4, quiet_to = $5, time_zone = $6, version = $7 WHERE id = $1`
	moveGatheredSQL = `UPDATE deliveries SET next_at = $2 WHERE endpoint_id = $1 AND state = 'gathered'`
)

// updateNotices writes when a robot speaks, and when it tells of what was gathered.
func (s *store) updateNotices(ctx context.Context, tx *sqlx.Tx, e endpointRecord, at time.Time) error {
	_, err := tx.ExecContext(ctx, updateNoticesSQL, e.ID, e.Language, e.Digest, e.QuietFrom, e.QuietTo, e.TimeZone, e.Version)
	if err != nil {
		return fmt.Errorf("update notices: %w", err)
	}
	if _, err := tx.ExecContext(ctx, moveGatheredSQL, e.ID, at); err != nil {
		return fmt.Errorf("move gathered: %w", err)
	}
	return nil
}

var digestStatements = []string{lockGatheredSQL, lockRowsSQL, updateDigestedSQL, releaseGatheredSQL, updateNoticesSQL, moveGatheredSQL}
