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
