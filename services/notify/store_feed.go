package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

// eventRow is a row of events.
type eventRow struct {
	ID        contract.EventID `json:"event_id"`
	Type      string           `json:"type"`
	Document  string           `json:"document"`
	Sight     []string         `json:"sight"`
	Numbered  bool             `json:"numbered"`
	CreatedAt time.Time        `json:"created_at"`
	Patterns  []string         `json:"patterns"` // those that match it; not stored
}

const insertEventsSQL = `
	WITH given AS (
		SELECT event_id, type, document, sight, patterns, numbered, created_at, n
		FROM ROWS FROM (json_to_recordset($1) AS (event_id uuid, type text, document text, sight text[], patterns text[],
			numbered boolean, created_at timestamptz)) WITH ORDINALITY
			AS g (event_id, type, document, sight, patterns, numbered, created_at, n)
	), stored AS (
		INSERT INTO events (event_id, type, document, sight, numbered, created_at)
		SELECT event_id, type, document, sight, numbered, created_at FROM given ORDER BY n
		ON CONFLICT DO NOTHING
	)
	SELECT g.event_id, e.id AS endpoint_id, g.type, e.kind, e.language, e.digest, e.quiet_from, e.quiet_to, e.time_zone
	FROM given g JOIN endpoints e ON e.org_path = ANY (g.sight) AND e.patterns && g.patterns
	WHERE e.state = 'active' OR (e.state = 'unverified' AND e.moved)
	ORDER BY g.n, e.id`

// insertEvents stores events, leaving out those whose id is there, and returns
// which active endpoints of organisations that see them want which, and which that
// prove another address.
func (s *store) insertEvents(ctx context.Context, tx *sqlx.Tx, rows ...eventRow) ([]wanted, error) {
	given, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode events: %w", err)
	}
	var found []wanted
	if err := tx.SelectContext(ctx, &found, insertEventsSQL, given); err != nil {
		return nil, fmt.Errorf("insert events: %w", err)
	}
	return found, nil
}

// The lock ends with the transaction, after its rows can be seen.
const lockFeedSQL = `SELECT pg_try_advisory_xact_lock(hashtextextended('heli.notify.feed', 0))`

const numberEventsSQL = `
	WITH batch AS (
		SELECT event_id, arrival, sight FROM events WHERE NOT numbered ORDER BY arrival LIMIT $1
	), placed AS (
		INSERT INTO feed (org_path, feed_seq, event_id)
		SELECT s.path, coalesce(h.last_seq, 0) + row_number() OVER (PARTITION BY s.path ORDER BY b.arrival), b.event_id
		FROM batch b CROSS JOIN LATERAL unnest(b.sight) AS s (path) LEFT JOIN feed_heads h ON h.org_path = s.path
		RETURNING org_path, feed_seq
	), moved AS (
		INSERT INTO feed_heads (org_path, last_seq)
		SELECT org_path, max(feed_seq) FROM placed GROUP BY org_path
		ON CONFLICT (org_path) DO UPDATE SET last_seq = excluded.last_seq
	)
	UPDATE events e SET numbered = true FROM batch b WHERE e.event_id = b.event_id`

// numberEvents gives up to limit events their places in the feeds, in the order
// in which they came, and returns how many. While another process does so, it
// does nothing.
func (s *store) numberEvents(ctx context.Context, limit int) (int64, error) {
	var n int64
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var alone bool
		if err := tx.GetContext(ctx, &alone, lockFeedSQL); err != nil {
			return fmt.Errorf("lock feed: %w", err)
		}
		if !alone {
			n = 0
			return nil
		}
		result, err := tx.ExecContext(ctx, numberEventsSQL, limit)
		if err != nil {
			return fmt.Errorf("number events: %w", err)
		}
		if n, err = result.RowsAffected(); err != nil {
			return fmt.Errorf("count numbered events: %w", err)
		}
		return nil
	})
	return n, err
}

// feedRow is an event in an organisation's feed.
type feedRow struct {
	Seq      int64  `db:"feed_seq"`
	Document string `db:"document"`
}

const selectFeedSQL = `
	SELECT f.feed_seq, v.document FROM feed f JOIN events v ON v.event_id = f.event_id
	WHERE f.org_path = $1 AND f.feed_seq > $2 ORDER BY f.feed_seq LIMIT $3`

// selectFeed returns up to limit events of an organisation's feed after a place.
func (s *store) selectFeed(ctx context.Context, path string, after int64, limit int) ([]feedRow, error) {
	var rows []feedRow
	if err := s.db.SelectContext(ctx, &rows, selectFeedSQL, path, after, limit); err != nil {
		return nil, fmt.Errorf("select feed: %w", err)
	}
	return rows, nil
}

var feedStatements = []string{insertEventsSQL, lockFeedSQL, numberEventsSQL, selectFeedSQL}
