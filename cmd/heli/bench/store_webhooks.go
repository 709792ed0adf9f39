package bench

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// insertFacts puts facts into the request service's outbox in one commit, as if
// it had made them.
func insertFacts(ctx context.Context, db *pg.DB, events []contract.Event) error {
	n := len(events)
	ids, subjects, payloads := make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n)
	for i, e := range events {
		payload, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode fact: %w", err)
		}
		ids[i], subjects[i], payloads[i] = string(e.ID), e.Subject(), string(payload)
	}
	const q = `INSERT INTO request.outbox (event_id, subject, payload) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])`
	if _, err := db.ExecContext(ctx, q, ids, subjects, payloads); err != nil {
		return fmt.Errorf("insert facts: %w", err)
	}
	return nil
}

// deliveryTally counts what became of deliveries.
type deliveryTally struct {
	delivered, dead, pending int
	unnamed                  int // dead without a reason
	reasons                  map[string]int
}

func countDeliveries(ctx context.Context, db *pg.DB) (deliveryTally, error) {
	t := deliveryTally{reasons: map[string]int{}}
	var rows []struct {
		State  string `db:"state"`
		Reason string `db:"reason"`
		Count  int    `db:"count"`
	}
	const q = `SELECT state, CASE WHEN state = 'dead' THEN reason ELSE '' END AS reason, count(*) AS count FROM notify.deliveries GROUP BY 1, 2`
	if err := db.SelectContext(ctx, &rows, q); err != nil {
		return t, fmt.Errorf("count deliveries: %w", err)
	}
	for _, row := range rows {
		switch row.State {
		case "delivered":
			t.delivered += row.Count
		case "pending":
			t.pending += row.Count
		default:
			t.dead += row.Count
			t.reasons[row.Reason] += row.Count
			if row.Reason == "" {
				t.unnamed += row.Count
			}
		}
	}
	return t, nil
}

// countTaken counts what is on its way to endpoints.
func countTaken(ctx context.Context, db *pg.DB) (int, error) {
	var n int
	if err := db.GetContext(ctx, &n, `SELECT count(*) FROM notify.deliveries WHERE state = 'pending' AND taken_until IS NOT NULL`); err != nil {
		return 0, fmt.Errorf("count what is on its way: %w", err)
	}
	return n, nil
}

// forgetFailures ends what waits for endpoints and lets each begin anew, as if none
// had ever failed.
func forgetFailures(ctx context.Context, db *pg.DB) error {
	for _, q := range []string{
		`UPDATE notify.deliveries SET state = 'dead', reason = 'turn_over', next_at = NULL, taken_until = NULL WHERE state = 'pending'`,
		`UPDATE notify.endpoints SET state = 'active', reason = '', failing_since = NULL, slow_until = NULL, version = version + 1 WHERE state <> 'removed'`,
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("forget failures: %w", err)
		}
	}
	return nil
}
