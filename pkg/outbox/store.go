package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// letterConsumer is the consumer's name in dead_letters of what could not be
// published.
const letterConsumer = "outbox"

func insertEvents(ctx context.Context, tx *sqlx.Tx, rows []row) error {
	const q = `
		INSERT INTO outbox (event_id, subject, payload)
		SELECT event_id, subject, payload
		FROM unnest($1::uuid[], $2::text[], $3::text[]) AS e (event_id, subject, payload)`
	ids, subjects, payloads := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		ids[i], subjects[i], payloads[i] = string(r.EventID), r.Subject, r.Payload
	}
	if _, err := tx.ExecContext(ctx, q, pq.Array(ids), pq.Array(subjects), pq.Array(payloads)); err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	return nil
}

// waiting is a row that is to be published.
type waiting struct {
	ID      int64            `db:"id"`
	EventID contract.EventID `db:"event_id"`
	Subject string           `db:"subject"`
	Payload []byte           `db:"payload"`
	Tries   int              `db:"tries"`
}

// existWaiting spares an idle relay the transaction.
func existWaiting(ctx context.Context, db *pg.DB) (bool, error) {
	const q = `
		SELECT EXISTS (SELECT FROM outbox
		WHERE published_at IS NULL AND (next_try_at IS NULL OR next_try_at <= clock_timestamp()))`
	var exist bool
	if err := db.GetContext(ctx, &exist, q); err != nil {
		return false, fmt.Errorf("look for waiting events: %w", err)
	}
	return exist, nil
}

// lockWaiting skips what another relay has in hand. It asks for what is
// unpublished and not for what follows a greatest id: ids are given before the
// commit, so a smaller one may appear after a greater one.
func lockWaiting(ctx context.Context, tx *sqlx.Tx, limit int) ([]waiting, error) {
	const q = `
		SELECT id, event_id, subject, payload, tries
		FROM outbox
		WHERE published_at IS NULL AND (next_try_at IS NULL OR next_try_at <= clock_timestamp())
		ORDER BY id
		LIMIT $1
		FOR UPDATE SKIP LOCKED`
	var rows []waiting
	if err := tx.SelectContext(ctx, &rows, q, limit); err != nil {
		return nil, fmt.Errorf("lock waiting events: %w", err)
	}
	return rows, nil
}

// markPublished marks rows with their sequences, unless the stream that was
// published to is no longer the one that is known: then it reports false.
func markPublished(ctx context.Context, tx *sqlx.Tx, created time.Time, ids, seqs []int64) (bool, error) {
	const q = `
		WITH published AS (
			UPDATE outbox AS o
			SET published_at = clock_timestamp(), stream_seq = p.seq, next_try_at = NULL, last_error = NULL
			FROM unnest($1::bigint[], $2::bigint[]) AS p (id, seq)
			WHERE o.id = p.id)
		UPDATE outbox_stream
		SET last_seq = greatest(last_seq, $4), last_published_at = clock_timestamp()
		WHERE stream_created = $3`
	result, err := tx.ExecContext(ctx, q, pq.Array(ids), pq.Array(seqs), created, slices.Max(seqs))
	if err != nil {
		return false, fmt.Errorf("mark events published: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count marked streams: %w", err)
	}
	return n == 1, nil
}

// delayWaiting notes a failed try and doubles the wait with each, from a second.
func delayWaiting(ctx context.Context, tx *sqlx.Tx, ids []int64, reasons []string) error {
	const q = `
		UPDATE outbox AS o
		SET tries = o.tries + 1, last_error = f.reason,
			next_try_at = clock_timestamp() + make_interval(secs => least(power(2, o.tries), 600))
		FROM unnest($1::bigint[], $2::text[]) AS f (id, reason)
		WHERE o.id = f.id`
	if _, err := tx.ExecContext(ctx, q, pq.Array(ids), pq.Array(reasons)); err != nil {
		return fmt.Errorf("delay events: %w", err)
	}
	return nil
}

// buryWaiting moves rows to the dead letters.
func buryWaiting(ctx context.Context, tx *sqlx.Tx, ids []int64, reasons []string) error {
	const q = `
		WITH buried AS (
			DELETE FROM outbox AS o
			USING unnest($1::bigint[], $2::text[]) AS f (id, reason)
			WHERE o.id = f.id
			RETURNING o.event_id, o.subject, o.payload, o.tries + 1 AS tries, f.reason)
		INSERT INTO dead_letters (consumer, event_id, subject, payload, reason, tries)
		SELECT $3, event_id, subject, convert_to(payload, 'UTF8'), reason, tries
		FROM buried
		ON CONFLICT (consumer, event_id) DO UPDATE
		SET reason = excluded.reason, tries = excluded.tries, replayed_at = NULL`
	if _, err := tx.ExecContext(ctx, q, pq.Array(ids), pq.Array(reasons), letterConsumer); err != nil {
		return fmt.Errorf("bury events: %w", err)
	}
	return nil
}

// exhumeLetter puts a dead letter back as a waiting event and reports whether
// there was one.
func exhumeLetter(ctx context.Context, tx *sqlx.Tx, id int64) (bool, error) {
	const q = `
		WITH letter AS (
			UPDATE dead_letters
			SET replayed_at = clock_timestamp()
			WHERE id = $1 AND consumer = $2 AND replayed_at IS NULL
			RETURNING event_id, subject, payload)
		INSERT INTO outbox (event_id, subject, payload)
		SELECT event_id, subject, convert_from(payload, 'UTF8')
		FROM letter`
	result, err := tx.ExecContext(ctx, q, id, letterConsumer)
	if err != nil {
		return false, fmt.Errorf("exhume event: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count exhumed events: %w", err)
	}
	return n == 1, nil
}

// deletePublished removes what was published long enough ago that the stream
// has forgotten it too.
func deletePublished(ctx context.Context, db *pg.DB) error {
	const q = `DELETE FROM outbox WHERE published_at < now() - interval '7 days'`
	if _, err := db.ExecContext(ctx, q); err != nil {
		return fmt.Errorf("delete published events: %w", err)
	}
	return nil
}

func selectLag(ctx context.Context, db *pg.DB) (count int64, seconds float64, err error) {
	const q = `
		SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
		FROM outbox
		WHERE published_at IS NULL`
	if err := db.QueryRowContext(ctx, q).Scan(&count, &seconds); err != nil {
		return 0, 0, fmt.Errorf("measure outbox lag: %w", err)
	}
	return count, seconds, nil
}

// seenStream is the stream as a relay of this service last saw it.
type seenStream struct {
	Created sql.NullTime `db:"stream_created"`
	LastSeq uint64       `db:"last_seq"`
}

// lockStream keeps two relays from drawing the same conclusion twice.
func lockStream(ctx context.Context, tx *sqlx.Tx) (seenStream, error) {
	const q = `SELECT stream_created, last_seq FROM outbox_stream FOR UPDATE`
	var seen seenStream
	if err := tx.GetContext(ctx, &seen, q); err != nil {
		return seenStream{}, fmt.Errorf("lock stream: %w", err)
	}
	return seen, nil
}

func updateStream(ctx context.Context, tx *sqlx.Tx, created time.Time, lastSeq uint64) error {
	const q = `UPDATE outbox_stream SET stream_created = $1, last_seq = $2, checked_at = clock_timestamp()`
	if _, err := tx.ExecContext(ctx, q, created, lastSeq); err != nil {
		return fmt.Errorf("update stream: %w", err)
	}
	return nil
}

// republishAfter makes the published rows beyond a sequence wait again; a
// negative one means all of them. It returns how many.
func republishAfter(ctx context.Context, tx *sqlx.Tx, seq int64) (int64, error) {
	const q = `
		UPDATE outbox
		SET published_at = NULL, stream_seq = NULL
		WHERE published_at IS NOT NULL AND stream_seq > $1`
	return republish(ctx, tx, q, seq)
}

// republishRecent makes the rows wait again that were published within the
// seconds before the last one.
func republishRecent(ctx context.Context, tx *sqlx.Tx, seconds float64) (int64, error) {
	const q = `
		UPDATE outbox
		SET published_at = NULL, stream_seq = NULL
		WHERE published_at > (SELECT last_published_at FROM outbox_stream) - make_interval(secs => $1)`
	return republish(ctx, tx, q, seconds)
}

func republish(ctx context.Context, tx *sqlx.Tx, q string, bound any) (int64, error) {
	result, err := tx.ExecContext(ctx, q, bound)
	if err != nil {
		return 0, fmt.Errorf("make published events wait again: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("count events that wait again: %w", err)
	}
	return n, nil
}
