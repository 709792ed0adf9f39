package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// task is a delivery that a process has taken to send.
type task struct {
	ID         contract.DeliveryID `db:"id"`
	EndpointID contract.EndpointID `db:"endpoint_id"`
	EventID    contract.EventID    `db:"event_id"`
	Type       string              `db:"type"`
	Tries      int                 `db:"tries"`
	Attempt    int                 `db:"attempt"`
	URL        string              `db:"url"`
	Exempt     bool                `db:"exempt"`
	notices
	Document string        `db:"document"`
	Secrets  pq.ByteaArray `db:"secrets"` // sealed, the newest first
}

// An endpoint that fails is tried with one delivery at a time, and after the
// healthy ones, so that many that hang leave room for those that answer. A robot
// gets one message at a time, so that none overtakes the pause after another.
// Each endpoint's first row is looked up by itself: what waits for one that fails
// grows for days, and a plan that reads all that is due would let the others wait
// for that.
const lockReadySQL = `
	SELECT e.id FROM endpoints e CROSS JOIN LATERAL (
		SELECT FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.next_at <= $1
			AND (d.taken_until IS NULL OR d.taken_until <= $1)
			AND (e.state = 'active' OR d.type = '` + typeVerify + `')
		ORDER BY d.next_at LIMIT 1) due
	WHERE e.state <> 'removed' AND (e.slow_until IS NULL OR e.slow_until <= $1)
		AND CASE WHEN e.failing_since IS NULL AND e.kind = 'webhook' THEN $2::int ELSE 1 END > (
			SELECT count(*) FROM deliveries d WHERE d.endpoint_id = e.id AND d.taken_until > $1)
	ORDER BY e.failing_since IS NOT NULL, random()
	LIMIT $3
	FOR NO KEY UPDATE OF e SKIP LOCKED`

// In the order of the index: where thousands are due since the same moment, as after
// a replay, another order would read them all.
const takeDeliveriesSQL = `
	WITH due AS (
		SELECT d.id FROM endpoints e CROSS JOIN LATERAL (
			SELECT d.id FROM deliveries d
			WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.next_at <= $2
				AND (d.taken_until IS NULL OR d.taken_until <= $2)
				AND (e.state = 'active' OR d.type = '` + typeVerify + `')
			ORDER BY d.next_at
			LIMIT greatest(0, CASE WHEN e.failing_since IS NULL AND e.kind = 'webhook' THEN $4::int ELSE 1 END - (
				SELECT count(*) FROM deliveries t WHERE t.endpoint_id = e.id AND t.taken_until > $2))
			FOR NO KEY UPDATE SKIP LOCKED
		) d
		WHERE e.id = ANY ($1::uuid[])
	)
	UPDATE deliveries d SET taken_until = $3, tries = d.tries + 1, attempt = d.attempt + 1
	FROM due, endpoints e, events v
	WHERE d.id = due.id AND e.id = d.endpoint_id AND v.event_id = d.event_id
	RETURNING d.id, d.endpoint_id, d.event_id, d.type, d.tries, d.attempt, e.url, e.exempt, v.document,
		e.kind, e.language, e.digest, e.quiet_from, e.quiet_to, e.time_zone, ARRAY (
		SELECT s.sealed FROM endpoint_secrets s
		WHERE s.endpoint_id = e.id AND (s.valid_until IS NULL OR s.valid_until > $2)
		ORDER BY s.generation DESC LIMIT 5) AS secrets`

// takeDeliveries takes what is due for at most so many endpoints, and no more
// for each than perEndpoint together with what any process is sending now. What
// is taken belongs to the caller until the time given. Each taking counts as a
// try, also when the process dies in it.
//
// The endpoints are locked first: only a statement that begins after that sees
// what another process took under the same lock.
func (s *store) takeDeliveries(ctx context.Context, now, until time.Time, endpoints int) ([]task, error) {
	var tasks []task
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var ids, taken = pq.StringArray{}, []task{}
		if err := tx.SelectContext(ctx, &ids, lockReadySQL, now, perEndpoint, endpoints); err != nil {
			return fmt.Errorf("lock endpoints: %w", err)
		}
		if len(ids) > 0 {
			if err := tx.SelectContext(ctx, &taken, takeDeliveriesSQL, ids, now, until, perEndpoint); err != nil {
				return fmt.Errorf("take deliveries: %w", err)
			}
		}
		tasks = taken
		return nil
	})
	return tasks, err
}

const updateDeliverySQL = `
	UPDATE deliveries SET state = $3, reason = $4, next_at = $5, taken_until = NULL
	WHERE id = $1 AND attempt = $2 AND state = 'pending'`

// updateDelivery writes what became of an attempt, unless the delivery was taken
// anew in the meantime.
func (s *store) updateDelivery(ctx context.Context, tx *sqlx.Tx, t task, v verdict) error {
	_, err := tx.ExecContext(ctx, updateDeliverySQL, t.ID, t.Attempt, v.state, v.reason, v.nextAt)
	if err != nil {
		return fmt.Errorf("update delivery: %w", err)
	}
	return nil
}

const releaseDeliverySQL = `
	UPDATE deliveries SET tries = tries - 1, taken_until = NULL WHERE id = $1 AND attempt = $2 AND state = 'pending'`

// releaseDelivery gives back what was taken; the try does not count.
func (s *store) releaseDelivery(ctx context.Context, t task) error {
	if _, err := s.db.ExecContext(ctx, releaseDeliverySQL, t.ID, t.Attempt); err != nil {
		return fmt.Errorf("release delivery: %w", err)
	}
	return nil
}

const insertAttemptSQL = `
	INSERT INTO attempts (delivery_id, n, at, status_code, reason, duration_ms, answer) VALUES ($1, $2, $3, $4, $5, $6, $7)`

func (s *store) insertAttempt(ctx context.Context, tx *sqlx.Tx, t task, at time.Time, r result) error {
	_, err := tx.ExecContext(ctx, insertAttemptSQL, t.ID, t.Attempt, at, r.status, r.reason, r.duration.Milliseconds(), r.answer)
	if err != nil {
		return fmt.Errorf("insert attempt: %w", err)
	}
	return nil
}

const buryDeliveriesSQL = `
	UPDATE deliveries d SET state = 'dead', reason = 'endpoint_' || e.state, next_at = NULL, taken_until = NULL
	FROM endpoints e
	WHERE e.id = d.endpoint_id AND d.state IN ('pending', 'gathered') AND (d.taken_until IS NULL OR d.taken_until <= $1)
		AND (e.state = 'removed' OR (e.state = 'disabled' AND d.type <> '` + typeVerify + `'))`

// buryDeliveries ends, with a reason, what waits for an endpoint that gets
// nothing any more. What is being sent ends by itself.
func (s *store) buryDeliveries(ctx context.Context, q sqlx.ExecerContext, now time.Time) error {
	if _, err := q.ExecContext(ctx, buryDeliveriesSQL, now); err != nil {
		return fmt.Errorf("bury deliveries: %w", err)
	}
	return nil
}

// wanted is an event that an endpoint gets.
type wanted struct {
	EventID    contract.EventID    `db:"event_id"`
	EndpointID contract.EndpointID `db:"endpoint_id"`
	Type       string              `db:"type"`
	Critical   bool                // it waits for no digest and no morning
	Since      time.Time           // when it was due, where that is not now
	notices
}

const insertDeliveriesSQL = `
	INSERT INTO deliveries (id, endpoint_id, event_id, type, state, next_at, critical, created_at)
	SELECT id, endpoint_id, event_id, type, state, next_at, critical, $8
	FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::boolean[])
		AS new (id, endpoint_id, event_id, type, state, next_at, critical)
	ON CONFLICT (endpoint_id, event_id) DO NOTHING`

// insertDeliveries makes events due for endpoints, at once or when a robot next
// speaks, and returns the ids of the deliveries. An endpoint that has one already keeps the delivery it has.
func (s *store) insertDeliveries(ctx context.Context, tx *sqlx.Tx, now time.Time, all ...wanted) ([]string, error) {
	if len(all) == 0 {
		return nil, nil
	}
	n := len(all)
	ids, endpoints, events, types := make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n)
	states, nexts, critical := make(pq.StringArray, n), make(pq.StringArray, n), make(pq.BoolArray, n)
	for i, w := range all {
		ids[i], endpoints[i], events[i], types[i] = contract.NewID[string](), string(w.EndpointID), string(w.EventID), w.Type
		state, next := w.due(w.Critical, now)
		if !w.Since.IsZero() {
			next = w.Since
		}
		states[i], nexts[i], critical[i] = state, next.Format(time.RFC3339Nano), w.Critical
	}
	if _, err := tx.ExecContext(ctx, insertDeliveriesSQL, ids, endpoints, events, types, states, nexts, critical, now); err != nil {
		return nil, fmt.Errorf("insert deliveries: %w", err)
	}
	return ids, nil
}

var deliveryStatements = []string{
	lockReadySQL, takeDeliveriesSQL, updateDeliverySQL, releaseDeliverySQL, insertAttemptSQL, buryDeliveriesSQL, insertDeliveriesSQL,
}
