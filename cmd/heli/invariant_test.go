package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"heli/pkg/lifecycle"
	"heli/pkg/pg"
	"heli/services/matcher"
	"heli/services/offer"
	"heli/services/request"
)

// facts are all that the services have said.
const facts = `(SELECT event_id FROM request.outbox UNION ALL SELECT event_id FROM offer.outbox
	UNION ALL SELECT event_id FROM matcher.outbox)`

// drained count what is still on its way; they must come to 0, all at once.
var drained = map[string]string{
	"unpublished events of request": `SELECT count(*) FROM request.outbox WHERE published_at IS NULL`,
	"unpublished events of offer":   `SELECT count(*) FROM offer.outbox WHERE published_at IS NULL`,
	"unpublished events of matcher": `SELECT count(*) FROM matcher.outbox WHERE published_at IS NULL`,
	"asks of what has ended": `
		SELECT count(*) FROM matcher.asks a JOIN matcher.requests r USING (request_id) JOIN matcher.offers o USING (offer_id)
		WHERE a.state = 'asked' AND (r.document IS NULL OR o.document IS NULL)`,
	"spooled submissions": `SELECT count(*) FROM web.spool`,
	"requests unknown to the matcher": `
		SELECT count(*) FROM request.requests r
		LEFT JOIN matcher.requests m ON m.request_id = r.id
		WHERE coalesce(m.version, 0) < r.version`,
	"offers unknown to the matcher": `
		SELECT count(*) FROM offer.offers o
		LEFT JOIN matcher.offers m ON m.offer_id = o.id
		WHERE coalesce(m.version, 0) < o.version`,
	"matches unknown to the request service": `
		SELECT count(*) FROM matcher.matches m
		LEFT JOIN request.line_matches l ON l.match_id = m.id
		WHERE (l.version, l.state) IS DISTINCT FROM (m.version, m.state)`,
	"starts unknown to the request service": `
		SELECT count(*) FROM matcher.matches m
		LEFT JOIN request.line_matches l ON l.match_id = m.id
		WHERE m.state IN ('accepted', 'contact_released') AND (l.start_by, l.offer_org) IS DISTINCT FROM (m.start_by, m.offer_org)`,
	"matches unknown to the offer service": `
		SELECT count(*) FROM matcher.matches m
		LEFT JOIN offer.line_matches l ON l.match_id = m.id
		WHERE (l.version, l.state) IS DISTINCT FROM (m.version, m.state)`,
	"facts unknown to notify": `
		SELECT count(*) FROM ` + facts + ` f
		LEFT JOIN notify.events e USING (event_id)
		WHERE e.event_id IS NULL`,
	"facts without a place in the feed": `SELECT count(*) FROM notify.events WHERE NOT numbered`,
	"webhooks on their way":             `SELECT count(*) FROM notify.deliveries WHERE state = 'pending'`,
}

// broken count violations while nothing has been purged yet, besides those of
// lasting; they must be 0 at any time.
var broken = map[string]string{
	"facts that nobody said": `
		SELECT count(*) FROM notify.events e LEFT JOIN ` + facts + ` f USING (event_id)
		WHERE f.event_id IS NULL AND e.type NOT LIKE 'heli.endpoint.%'`,
	"facts that are not once in each feed": `
		SELECT count(*) FROM notify.events e
		WHERE numbered AND cardinality(sight) <> (SELECT count(*) FROM notify.feed f WHERE f.event_id = e.event_id)`,
	"feeds with gaps": `
		SELECT count(*) FROM notify.feed_heads h
		WHERE last_seq <> (SELECT count(*) FROM notify.feed f WHERE f.org_path = h.org_path)`,
	"facts in a digest that nobody got": `
		SELECT count(*) FROM notify.deliveries d
		WHERE state = 'digested' AND NOT EXISTS (SELECT FROM notify.deliveries g WHERE g.id = d.digest_id AND g.endpoint_id = d.endpoint_id)`,
	"dead letters of request": `SELECT count(*) FROM request.dead_letters`,
	"dead letters of offer":   `SELECT count(*) FROM offer.dead_letters`,
	"dead letters of matcher": `SELECT count(*) FROM matcher.dead_letters`,
	"dead letters of notify":  `SELECT count(*) FROM notify.dead_letters`,
}

// aggregates are the tables whose rows have a version, a state and a history.
var aggregates = []string{"request.requests", "offer.offers", "matcher.matches"}

// brokenHistories count rows whose history or facts do not lead to what they
// are: each change has one row of history, one version and one fact.
func brokenHistories(table string) map[string]string {
	schema, _, _ := strings.Cut(table, ".")
	said := `(SELECT id, (payload::json->>'aggregate_id')::uuid AS subject_id,
		(payload::json->>'version')::bigint AS version, payload::json->>'state' AS state FROM ` + schema + `.outbox)`
	return map[string]string{
		table + " without one fact for each version": `
			SELECT count(*) FROM ` + table + ` r LEFT JOIN (
				SELECT subject_id, count(*) AS facts, count(DISTINCT version) AS versions, max(version) AS newest
				FROM ` + said + ` s GROUP BY subject_id) s ON s.subject_id = r.id
			WHERE (version, version, version) IS DISTINCT FROM (facts, versions, newest)`,
		table + " whose last fact tells another state": `
			SELECT count(*) FROM ` + table + ` r
			LEFT JOIN ` + said + ` s ON s.subject_id = r.id AND s.version = r.version
			WHERE s.state IS DISTINCT FROM r.state`,
		"facts of " + schema + " that were said out of order": `
			SELECT count(*) FROM (
				SELECT version <= lag(version) OVER (PARTITION BY subject_id ORDER BY id) AS backward FROM ` + said + ` s) s
			WHERE backward`,
		"moves of " + table + " that do not begin where the last one ended": `
			SELECT count(*) FROM (
				SELECT from_state, lag(to_state, 1, '') OVER (PARTITION BY subject_id ORDER BY id) AS before
				FROM ` + schema + `.history) h
			WHERE from_state <> before`,
		table + " that are not where their last move led": `
			SELECT count(*) FROM ` + table + ` r
			WHERE state IS DISTINCT FROM (
				SELECT to_state FROM ` + schema + `.history h WHERE h.subject_id = r.id ORDER BY h.id DESC LIMIT 1)`,
	}
}

// checkInvariants waits until nothing is on its way any more, then looks for
// violations by SQL, past every service.
func checkInvariants(t *testing.T, i *instance) {
	t.Helper()
	awaitDrained(t, i, waitLimit)
	db := i.database()
	all := maps.Clone(broken)
	maps.Copy(all, lasting)
	for _, table := range aggregates {
		maps.Copy(all, brokenHistories(table))
	}
	for _, finding := range findings(t, db, all) {
		t.Error(finding)
	}
	walkHistory(t, db, "request", `SELECT id, stage FROM request.requests`, request.Moves)
	walkHistory(t, db, "offer", `SELECT id, stage FROM offer.offers`, offer.Moves)
	walkHistory(t, db, "matcher", `SELECT id, state AS stage FROM matcher.matches`, matcher.Moves)
}

// awaitDrained waits until nothing is on its way any more.
func awaitDrained(t *testing.T, i *instance, limit time.Duration) {
	t.Helper()
	db := i.database()
	eventuallyWithin(t, limit, func() string { return strings.Join(findings(t, db, drained), ", ") })
}

// findings returns the queries that found something.
func findings(t *testing.T, db *pg.DB, queries map[string]string) []string {
	t.Helper()
	found, err := selectViolations(t.Context(), db, queries)
	if err != nil {
		t.Fatalf("look for violations: %v", err)
	}
	return found
}

// walkHistory walks every history through the published table of moves: each
// must be allowed where it was made, and the last must lead to what is stored.
// What is not in the table, such as a claim, moves nothing.
func walkHistory[S ~string](t *testing.T, db *pg.DB, schema, stages string, table lifecycle.Table[S]) {
	t.Helper()
	var moves []struct {
		SubjectID string `db:"subject_id"`
		Move      string `db:"move"`
		To        S      `db:"to_state"`
		Now       S      `db:"now"` // where the whole history must lead
	}
	q := `SELECT h.subject_id, h.move, h.to_state, s.stage AS now
		FROM ` + schema + `.history h JOIN (` + stages + `) s ON s.id = h.subject_id ORDER BY h.subject_id, h.id`
	if err := db.SelectContext(t.Context(), &moves, q); err != nil {
		t.Fatalf("read history: %v", err)
	}
	var at S
	for n, m := range moves {
		switch {
		case n == 0 || moves[n-1].SubjectID != m.SubjectID:
			at = m.To
		case table.Has(m.Move):
			at = step(t, table, m.Move, at, m.To)
		}
		last := n+1 == len(moves) || moves[n+1].SubjectID != m.SubjectID
		if last && at != m.Now {
			t.Errorf("the moves of %s %s lead to %s, not to %s", schema, m.SubjectID, at, m.Now)
		}
	}
}

// step returns where a move leads. A match ends by what both sides answered, so
// its history may name another state than the table.
func step[S ~string](t *testing.T, table lifecycle.Table[S], move string, from, shown S) S {
	t.Helper()
	n := slices.IndexFunc(table, func(m lifecycle.Move[S]) bool {
		return m.Name == move && slices.Contains(m.From, from)
	})
	if n < 0 {
		t.Errorf("the move %s was made from %s, where the table does not allow it", move, from)
		return shown
	}
	switch move {
	case "report", "confirm", "resolve":
		return shown
	default:
		return table[n].To
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
