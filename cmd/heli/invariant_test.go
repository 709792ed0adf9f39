package main

import (
	"fmt"
	"testing"

	"heli/pkg/pg"
)

// holding are the states of a match that reserve, as SQL.
const holding = `('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'confirmed', 'disputed')`

// drained count what is still on its way; they must come to 0.
var drained = map[string]string{
	"unpublished events of request": `SELECT count(*) FROM request.outbox WHERE published_at IS NULL`,
	"unpublished events of offer":   `SELECT count(*) FROM offer.outbox WHERE published_at IS NULL`,
	"unpublished events of matcher": `SELECT count(*) FROM matcher.outbox WHERE published_at IS NULL`,
	"spooled submissions":           `SELECT count(*) FROM web.spool`,
	"requests unknown to the matcher": `
		SELECT count(*) FROM request.requests r
		LEFT JOIN matcher.requests m ON m.request_id = r.id
		WHERE coalesce(m.version, 0) < r.version`,
	"offers unknown to the matcher": `
		SELECT count(*) FROM offer.offers o
		LEFT JOIN matcher.offers m ON m.offer_id = o.id
		WHERE coalesce(m.version, 0) < o.version`,
}

// broken count violations; they must be 0 at any time.
var broken = map[string]string{
	"periods whose reservations do not add up": `
		SELECT count(*) FROM matcher.capacity c
		WHERE reserved <> (
			SELECT coalesce(sum(offer_quantity), 0) FROM matcher.matches m
			WHERE m.offer_line_id = c.offer_line_id AND m.period_start = c.period_start AND m.state IN ` + holding + `)`,
	"overbooked periods": `SELECT count(*) FROM matcher.capacity WHERE reserved < 0 OR reserved > capacity`,
	"need lines whose reservations do not add up": `
		SELECT count(*) FROM matcher.needs n
		WHERE reserved <> (
			SELECT coalesce(sum(quantity), 0) FROM matcher.matches m
			WHERE m.need_line_id = n.need_line_id AND m.state IN ` + holding + `)`,
	"need lines that get more than they need": `SELECT count(*) FROM matcher.needs WHERE reserved > quantity`,
	"pairs with several live matches": `
		SELECT count(*) FROM (
			SELECT FROM matcher.matches WHERE state IN ` + holding + ` AND state <> 'confirmed'
			GROUP BY request_id, offer_id HAVING count(*) > 1) twice`,
	"dead letters of request": `SELECT count(*) FROM request.dead_letters`,
	"dead letters of offer":   `SELECT count(*) FROM offer.dead_letters`,
	"dead letters of matcher": `SELECT count(*) FROM matcher.dead_letters`,
	"dead letters of notify":  `SELECT count(*) FROM notify.dead_letters`,
}

// checkInvariants waits until nothing is on its way any more, then looks for
// violations by SQL, past every service.
func checkInvariants(t *testing.T, i *instance) {
	t.Helper()
	db := i.database()
	for name, query := range drained {
		eventually(t, func() string {
			if n := count(t, db, query); n > 0 {
				return fmt.Sprintf("%d %s", n, name)
			}
			return ""
		})
	}
	for name, query := range broken {
		if n := count(t, db, query); n > 0 {
			t.Errorf("%d %s", n, name)
		}
	}
}

// count runs a query that returns one number.
func count(t *testing.T, db *pg.DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := db.GetContext(t.Context(), &n, query, args...); err != nil {
		t.Fatalf("count: %v: %s", err, query)
	}
	return n
}
