package notify

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/lib/pq"
)

// TestWhatWaitsForADeadEndpointIsNotRead when deliveries are taken for others: the
// planner knows how much waits, and must not choose to read it all.
func TestWhatWaitsForADeadEndpointIsNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	const endpoints, backlog = 20, 4000
	r := newReceiver(t, status(http.StatusOK))
	for range endpoints - 1 {
		b.register(t, xian, r.URL)
	}
	dead := b.register(t, xian, r.URL)
	b.exec(t, `UPDATE notify.endpoints SET failing_since = $2 WHERE id = $1`, dead.ID, b.clock.Now())
	b.hear(t, fact("accepted"))
	few := b.rowsTouched(t)
	b.exec(t, `
		WITH e AS (
			INSERT INTO notify.events (event_id, type, sight, document, numbered, created_at)
			SELECT gen_random_uuid(), 'heli.match.accepted', '{}', '{}', true, $2 FROM generate_series(1, $3::int) RETURNING event_id)
		INSERT INTO notify.deliveries (id, endpoint_id, event_id, type, state, next_at, critical, created_at)
		SELECT gen_random_uuid(), $1, event_id, 'heli.match.accepted', state, CASE WHEN state = 'pending' THEN $2::timestamptz END, false, $2
		FROM (SELECT event_id, CASE WHEN row_number() OVER () % 10 = 0 THEN 'pending' ELSE 'delivered' END AS state FROM e) AS e`,
		dead.ID, b.clock.Now(), 10*backlog)
	for name, many := range b.rowsTouched(t) {
		if many > 2*few[name] {
			t.Errorf("%s touches %d rows while %d deliveries wait for a dead endpoint, %d while one does", name, many, backlog, few[name])
		}
	}
}

// rowsTouched returns how many rows both statements of a taking touch, once the
// planner knows the tables.
func (b *bench) rowsTouched(t *testing.T) map[string]int {
	t.Helper()
	b.exec(t, `VACUUM (ANALYZE) notify.deliveries`)
	b.exec(t, `VACUUM (ANALYZE) notify.endpoints`)
	var ids pq.StringArray
	now := b.clock.Now()
	must(t, b.worker.db.SelectContext(t.Context(), &ids, lockReadySQL, now, perEndpoint, 128))
	if len(ids) < 2 {
		t.Fatalf("%d endpoints are ready, want all of them", len(ids))
	}
	return map[string]int{
		"the choice of endpoints":  b.rowsOf(t, lockReadySQL, now, perEndpoint, 128),
		"the taking of deliveries": b.rowsOf(t, takeDeliveriesSQL, ids, now, now.Add(leaseTime), perEndpoint),
	}
}

// rowsOf runs a statement without effect and returns how many rows its steps touch.
func (b *bench) rowsOf(t *testing.T, statement string, args ...any) int {
	t.Helper()
	tx, err := b.worker.db.BeginTxx(t.Context(), nil)
	must(t, err)
	defer func() { must(t, tx.Rollback()) }()
	var text []byte
	must(t, tx.GetContext(t.Context(), &text, `EXPLAIN (ANALYZE, FORMAT JSON) `+statement, args...))
	var plans []struct{ Plan step }
	must(t, json.Unmarshal(text, &plans))
	return plans[0].Plan.touched()
}

// step is one of a plan that was run. Its figures are of one loop.
type step struct {
	Rows    int `json:"Actual Rows"`
	Removed int `json:"Rows Removed by Filter"`
	Loops   int `json:"Actual Loops"`
	Plans   []step
}

func (s step) touched() int {
	n := (s.Rows + s.Removed) * s.Loops
	for _, below := range s.Plans {
		n += below.touched()
	}
	return n
}

func (b *bench) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	_, err := b.admin.ExecContext(t.Context(), statement, args...)
	must(t, err)
}
