package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"heli/pkg/pg"
)

// holding are the states of a match that reserve, as SQL.
const holding = `('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'confirmed', 'disputed')`

// lasting count violations of what holds at any time, however old the data are.
var lasting = map[string]string{
	"periods whose reservations do not add up": `
		SELECT count(*) FROM matcher.capacity c
		WHERE reserved <> (
			SELECT coalesce(sum(offer_quantity), 0) FROM matcher.matches m
			WHERE m.offer_line_id = c.offer_line_id AND m.period_start = c.period_start AND m.state IN ` + holding + `)`,
	"overbooked periods": `SELECT count(*) FROM matcher.capacity WHERE reserved < 0 OR reserved > capacity`,
	"reservations without a period": `
		SELECT count(*) FROM matcher.matches m
		LEFT JOIN matcher.capacity c USING (offer_line_id, period_start)
		WHERE m.state IN ` + holding + ` AND c.offer_line_id IS NULL`,
	"need lines whose reservations do not add up": `
		SELECT count(*) FROM matcher.needs n
		WHERE reserved <> (
			SELECT coalesce(sum(quantity), 0) FROM matcher.matches m
			WHERE m.need_line_id = n.need_line_id AND m.state IN ` + holding + `)`,
	"need lines that get more than they need": `SELECT count(*) FROM matcher.needs WHERE reserved > quantity`,
	"offer lines whose totals do not add up": `
		SELECT count(*) FROM offer.offer_lines l
		WHERE (reserved, used) <> (
			SELECT coalesce(sum(m.held), 0), coalesce(sum(m.used), 0) FROM offer.line_matches m WHERE m.offer_line_id = l.id)`,
	"pairs with several live matches": `
		SELECT count(*) FROM (
			SELECT FROM matcher.matches WHERE state IN ` + holding + ` AND state <> 'confirmed'
			GROUP BY request_id, offer_id HAVING count(*) > 1) twice`,
	"asks that are open where nobody asks": `
		SELECT count(*) FROM matcher.asks a LEFT JOIN matcher.waves w USING (need_line_id)
		WHERE a.state = 'asked' AND w.state IS DISTINCT FROM 'asking'`,
	"asks whose yes made no match": `
		SELECT count(*) FROM matcher.asks a LEFT JOIN matcher.matches m ON m.id = a.match_id
		WHERE (a.state = 'accepted') <> (m.id IS NOT NULL)`,
	"helpers asked beyond their budget": `SELECT count(*) FROM matcher.helper_load WHERE asked > budget`,
	"requests that wait otherwise than their matches": `
		SELECT count(*) FROM request.requests r LEFT JOIN (
			SELECT n.request_id, min(m.state_at) FILTER (WHERE m.state = 'proposed') AS awaiting_since,
				min(m.start_by) FILTER (WHERE m.state IN ('accepted', 'contact_released')) AS start_by
			FROM request.line_matches m JOIN request.need_lines n ON n.id = m.need_line_id GROUP BY n.request_id) m ON m.request_id = r.id
		WHERE (r.awaiting_since, r.start_by) IS DISTINCT FROM (m.awaiting_since, m.start_by)`,
	"requests that await an answer and are counted otherwise": `
		SELECT abs((SELECT count(*) FROM request.requests WHERE awaiting_since IS NOT NULL AND stage <> 'closed')
			- (SELECT coalesce(sum(n), 0) FROM request.tally WHERE state = 'awaiting'))::bigint`,
	"publications of what has ended": `
		SELECT count(*) FROM (
			SELECT subject_id FROM request.publications p JOIN request.requests r ON r.id = p.subject_id WHERE r.stage = 'closed'
			UNION ALL SELECT subject_id FROM offer.publications p JOIN offer.offers o ON o.id = p.subject_id
			WHERE o.stage IN ('expired', 'withdrawn', 'blocked')) ended`,
	"people who were erased and are still there": `
		SELECT count(*) FROM directory.erasure e
		WHERE e.subject_id IN (
			SELECT id FROM request.requests WHERE erased_at IS NULL UNION ALL SELECT id FROM offer.offers WHERE erased_at IS NULL
			UNION ALL SELECT subject_id FROM request.person_keys UNION ALL SELECT subject_id FROM offer.person_keys
			UNION ALL SELECT id FROM web.spool)`,
}

// selectViolations runs queries that count what should not be, in one statement,
// so that all see the same moment, and returns those that found something.
func selectViolations(ctx context.Context, db *pg.DB, queries map[string]string) ([]string, error) {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		parts = append(parts, fmt.Sprintf(`SELECT '%s' AS name, (%s) AS n`, name, queries[name]))
	}
	found := []string{}
	q := `SELECT n || ' ' || name FROM (` + strings.Join(parts, " UNION ALL ") + `) found WHERE n > 0 ORDER BY name`
	if err := db.SelectContext(ctx, &found, q); err != nil {
		return nil, fmt.Errorf("look for violations: %w", err)
	}
	return found, nil
}
