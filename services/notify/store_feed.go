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
	INSERT INTO events (event_id, type, document, sight, numbered, created_at)
	SELECT event_id, type, document, sight, numbered, created_at
	FROM json_to_recordset($1) AS e (event_id uuid, type text, document text, sight text[], numbered boolean, created_at timestamptz)
	ON CONFLICT (event_id) DO NOTHING`

// insertEvents leaves out those whose id is there.
func (s *store) insertEvents(ctx context.Context, tx *sqlx.Tx, rows ...eventRow) error {
	given, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	if _, err := tx.ExecContext(ctx, insertEventsSQL, given); err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	return nil
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
