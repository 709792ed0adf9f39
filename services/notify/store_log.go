package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// deliveryRow is a delivery as it is shown, with its attempts.
type deliveryRow struct {
	ID        contract.DeliveryID `db:"id"`
	EventID   contract.EventID    `db:"event_id"`
	Type      string              `db:"type"`
	State     string              `db:"state"`
	Reason    string              `db:"reason"`
	NextAt    *time.Time          `db:"next_at"`
	CreatedAt time.Time           `db:"created_at"`
	Document  string              `db:"document"`
	Attempts  []byte              `db:"attempts"`
}

func (r deliveryRow) view() (contract.Delivery, error) {
	d := contract.Delivery{
		ID: r.ID, EventID: r.EventID, Type: r.Type, State: r.State, Reason: r.Reason, NextAt: r.NextAt, CreatedAt: r.CreatedAt,
		Request: r.Document,
	}
	if err := json.Unmarshal(r.Attempts, &d.Attempts); err != nil {
		return d, fmt.Errorf("decode attempts: %w", err)
	}
	return d, nil
}

const listDeliveriesSQL = `
	SELECT d.id, d.event_id, d.type, d.state, d.reason, d.next_at, d.created_at, v.document, (
		SELECT coalesce(json_agg(json_build_object('n', a.n, 'at', a.at, 'status_code', a.status_code,
			'reason', a.reason, 'duration_ms', a.duration_ms, 'answer', a.answer) ORDER BY a.n), '[]')
		FROM attempts a WHERE a.delivery_id = d.id) AS attempts
	FROM deliveries d JOIN events v ON v.event_id = d.event_id
	WHERE d.endpoint_id = $1 AND ` + inSpan + `
		AND ($6::timestamptz IS NULL OR (d.created_at, d.id) < ($6, $7::uuid))
	ORDER BY d.created_at DESC, d.id DESC LIMIT $8`

// inSpan are the deliveries that a span chooses.
const inSpan = `($2::text[] IS NULL OR d.state = ANY ($2)) AND ($3::text[] IS NULL OR d.type LIKE ANY ($3))
		AND ($4::timestamptz IS NULL OR d.created_at >= $4) AND ($5::timestamptz IS NULL OR d.created_at < $5)`

// listDeliveries returns at most limit deliveries of an endpoint in a span, the
// newest first.
func (s *store) listDeliveries(ctx context.Context, id contract.EndpointID, p span, after *moment, limit int) (list []contract.Delivery, err error) {
	at, last := after.bounds()
	rows, err := s.db.QueryxContext(ctx, listDeliveriesSQL, id, pq.StringArray(p.states), pq.StringArray(p.like), p.since, p.until, at, last, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row deliveryRow
		if err := rows.StructScan(&row); err != nil {
			return nil, fmt.Errorf("scan delivery: %w", err)
		}
		d, err := row.view()
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

const countDeliveriesSQL = `SELECT count(*) FROM deliveries WHERE endpoint_id = $1 AND id = ANY ($2::uuid[])`

// countDeliveries returns how many of the deliveries the endpoint has.
func (s *store) countDeliveries(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, deliveries []contract.DeliveryID) (int, error) {
	var n int
	if err := tx.GetContext(ctx, &n, countDeliveriesSQL, id, pq.Array(deliveries)); err != nil {
		return 0, fmt.Errorf("count deliveries: %w", err)
	}
	return n, nil
}

const replayNamedSQL = `
	UPDATE deliveries SET state = 'pending', reason = '', tries = 0, next_at = $2, taken_until = NULL
	WHERE endpoint_id = $1 AND id = ANY ($3::uuid[]) AND (taken_until IS NULL OR taken_until <= $2)`

// replayNamed makes the named deliveries due, whatever became of them; what is
// being sent stays as it is.
func (s *store) replayNamed(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, now time.Time, deliveries []contract.DeliveryID) (int64, error) {
	return affected(tx.ExecContext(ctx, replayNamedSQL, id, now, pq.Array(deliveries)))
}

const replaySpanSQL = `
	UPDATE deliveries d SET state = 'pending', reason = '', tries = 0, next_at = $6
	WHERE d.endpoint_id = $1 AND d.type <> '` + typeVerify + `' AND ` + inSpan

// replaySpan makes what is over and in a span due.
func (s *store) replaySpan(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, now time.Time, p span) (int64, error) {
	return affected(tx.ExecContext(ctx, replaySpanSQL, id, pq.StringArray(p.states), pq.StringArray(p.like), p.since, p.until, now))
}

const countReplaySQL = `SELECT count(*) FROM deliveries d WHERE d.endpoint_id = $1 AND d.type <> '` + typeVerify + `' AND ` + inSpan

// countReplay returns how many replaySpan would make due.
func (s *store) countReplay(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, p span) (int64, error) {
	var n int64
	if err := tx.GetContext(ctx, &n, countReplaySQL, id, pq.StringArray(p.states), pq.StringArray(p.like), p.since, p.until); err != nil {
		return 0, fmt.Errorf("count replay: %w", err)
	}
	return n, nil
}

func affected(result interface{ RowsAffected() (int64, error) }, err error) (int64, error) {
	if err != nil {
		return 0, fmt.Errorf("replay deliveries: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("count replayed deliveries: %w", err)
	}
	return n, nil
}

var logStatements = []string{listDeliveriesSQL, countDeliveriesSQL, replayNamedSQL, replaySpanSQL, countReplaySQL}
