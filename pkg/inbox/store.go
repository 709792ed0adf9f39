package inbox

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// insertSeen returns which of the events are new to the consumer. Another
// transaction that handles one of them is waited for.
func insertSeen(ctx context.Context, tx *sqlx.Tx, consumer string, ids []contract.EventID) (map[contract.EventID]bool, error) {
	const q = `
		INSERT INTO inbox (consumer, event_id)
		SELECT $1, unnest($2::uuid[])
		ON CONFLICT DO NOTHING
		RETURNING event_id`
	var fresh []contract.EventID
	if err := tx.SelectContext(ctx, &fresh, q, consumer, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("insert seen events: %w", err)
	}
	seen := make(map[contract.EventID]bool, len(fresh))
	for _, id := range fresh {
		seen[id] = true
	}
	return seen, nil
}

func deleteSeen(ctx context.Context, db *pg.DB) (int64, error) {
	const q = `DELETE FROM inbox WHERE handled_at < now() - interval '14 days'`
	result, err := db.ExecContext(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("delete seen events: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("count deleted events: %w", err)
	}
	return n, nil
}

func upsertLetter(ctx context.Context, db *pg.DB, letter bus.DeadLetter) error {
	const q = `
		INSERT INTO dead_letters (consumer, event_id, subject, payload, reason, tries)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (consumer, event_id) DO UPDATE
		SET payload = excluded.payload, reason = excluded.reason, tries = excluded.tries, replayed_at = NULL`
	var id any // what is no id becomes null, since the message's sender chose it
	if contract.ValidID(letter.EventID) {
		id = string(letter.EventID)
	}
	_, err := db.ExecContext(ctx, q, letter.Consumer, id, letter.Subject, letter.Payload, letter.Reason, letter.Tries)
	if err != nil {
		return fmt.Errorf("upsert dead letter: %w", err)
	}
	return nil
}

func selectLetters(ctx context.Context, db *pg.DB, before int64, limit int) ([]DeadLetter, error) {
	const q = `
		SELECT id, consumer, coalesce(event_id::text, '') AS event_id, subject, payload, reason, tries, created_at, replayed_at
		FROM dead_letters
		WHERE replayed_at IS NULL AND ($1 = 0 OR id < $1)
		ORDER BY id DESC
		LIMIT $2`
	letters := []DeadLetter{}
	if err := db.SelectContext(ctx, &letters, q, before, limit); err != nil {
		return nil, fmt.Errorf("select dead letters: %w", err)
	}
	return letters, nil
}

func countLetters(ctx context.Context, db *pg.DB) (int64, error) {
	const q = `SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL`
	var n int64
	if err := db.GetContext(ctx, &n, q); err != nil {
		return 0, fmt.Errorf("count dead letters: %w", err)
	}
	return n, nil
}

func selectLetter(ctx context.Context, db *pg.DB, id int64) (DeadLetter, error) {
	const q = `
		SELECT id, consumer, coalesce(event_id::text, '') AS event_id, subject, payload, reason, tries, created_at, replayed_at
		FROM dead_letters
		WHERE id = $1 AND consumer <> 'outbox'`
	var letter DeadLetter
	if err := db.GetContext(ctx, &letter, q, id); err != nil {
		return DeadLetter{}, fmt.Errorf("select dead letter: %w", err)
	}
	return letter, nil
}

func updateReplayed(ctx context.Context, db *pg.DB, id int64) error {
	const q = `UPDATE dead_letters SET replayed_at = clock_timestamp() WHERE id = $1`
	if _, err := db.ExecContext(ctx, q, id); err != nil {
		return fmt.Errorf("update replayed letter: %w", err)
	}
	return nil
}

func deleteLetters(ctx context.Context, db *pg.DB, ids []int64) error {
	const q = `DELETE FROM dead_letters WHERE id = ANY ($1) AND replayed_at IS NULL`
	if _, err := db.ExecContext(ctx, q, pq.Array(ids)); err != nil {
		return fmt.Errorf("delete dead letters: %w", err)
	}
	return nil
}

func selectConsumers(ctx context.Context, db *pg.DB, ids []int64) (map[int64]string, error) {
	const q = `SELECT id, consumer FROM dead_letters WHERE id = ANY ($1) AND replayed_at IS NULL`
	var rows []struct {
		ID       int64  `db:"id"`
		Consumer string `db:"consumer"`
	}
	if err := db.SelectContext(ctx, &rows, q, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("select consumers of dead letters: %w", err)
	}
	consumers := make(map[int64]string, len(rows))
	for _, row := range rows {
		consumers[row.ID] = row.Consumer
	}
	return consumers, nil
}
