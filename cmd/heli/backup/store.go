package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

func serverMajor(ctx context.Context, db *pg.DB) (int, error) {
	const q = `SELECT current_setting('server_version_num')::int / 10000`
	var major int
	if err := db.GetContext(ctx, &major, q); err != nil {
		return 0, fmt.Errorf("ask the server for its version: %w", err)
	}
	return major, nil
}

// moment is a transaction that sees the database as it is now, which others join
// by its snapshot.
type moment struct {
	tx       *sqlx.Tx
	snapshot string
}

// beginMoment returns a moment and how to end it.
func beginMoment(ctx context.Context, db *pg.DB) (moment, func() error, error) {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return moment{}, nil, fmt.Errorf("begin backup: %w", err)
	}
	end := func() error {
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			return fmt.Errorf("end backup: %w", err)
		}
		return nil
	}
	const patient, export = `SET LOCAL idle_in_transaction_session_timeout = 0`, `SELECT pg_export_snapshot()`
	m := moment{tx: tx}
	if _, err := tx.ExecContext(ctx, patient); err != nil {
		return m, nil, errors.Join(fmt.Errorf("begin backup: %w", err), end())
	}
	if err := tx.GetContext(ctx, &m.snapshot, export); err != nil {
		return m, nil, errors.Join(fmt.Errorf("hold the moment of the backup: %w", err), end())
	}
	return m, end, nil
}

// counted are the tables that tell how much is there.
var counted = []string{"request.requests", "offer.offers", "matcher.matches", "directory.organisation", "directory.audit",
	"request.person_keys", "offer.person_keys", "directory.erasure"}

func (m moment) count(ctx context.Context) (map[string]int64, error) { return countRows(ctx, m.tx) }

func countRows(ctx context.Context, q sqlx.QueryerContext) (map[string]int64, error) {
	rows := map[string]int64{}
	for _, table := range counted {
		var n int64
		if err := sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM `+table); err != nil {
			return nil, fmt.Errorf("count %s: %w", table, err)
		}
		rows[table] = n
	}
	return rows, nil
}

// selectHolds reports whether one of our schemas holds a table.
func selectHolds(ctx context.Context, db *pg.DB) (bool, error) {
	const q = `SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = ANY ($1))`
	var holds bool
	if err := db.GetContext(ctx, &holds, q, pq.Array(schema)); err != nil {
		return false, fmt.Errorf("look at the database: %w", err)
	}
	return holds, nil
}

// ensureTextSearch makes the extension that indexes stand on: it belongs to none
// of the schemas that are saved.
func ensureTextSearch(ctx context.Context, db *pg.DB) error {
	const q = `CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public`
	if _, err := db.ExecContext(ctx, q); err != nil {
		return fmt.Errorf("make extension pg_trgm: %w", err)
	}
	return nil
}

// dropAll removes what a restore that failed has begun.
func dropAll(ctx context.Context, db *pg.DB) error {
	for _, name := range schema {
		if _, err := db.ExecContext(ctx, `DROP SCHEMA IF EXISTS `+pq.QuoteIdentifier(name)+` CASCADE`); err != nil {
			return fmt.Errorf("remove what was begun: %w", err)
		}
	}
	return nil
}

func selectJournal(ctx context.Context, q sqlx.QueryerContext) ([]contract.Erasure, error) {
	const statement = `SELECT seq, thing, subject_id, at, hash FROM directory.erasure ORDER BY seq`
	var rows []struct {
		Seq       int64          `db:"seq"`
		Thing     contract.Thing `db:"thing"`
		SubjectID string         `db:"subject_id"`
		At        time.Time      `db:"at"`
		Hash      []byte         `db:"hash"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, statement); err != nil {
		return nil, fmt.Errorf("read the journal of the backup: %w", err)
	}
	entries := make([]contract.Erasure, len(rows))
	for i, row := range rows {
		entries[i] = contract.Erasure(row)
	}
	return entries, nil
}

// appendJournal adds entries and puts the head on the last one, also where the
// backup knows none.
func appendJournal(ctx context.Context, tx *sqlx.Tx, entries []contract.Erasure) error {
	const add = `INSERT INTO directory.erasure (seq, thing, subject_id, at, hash) VALUES ($1, $2, $3, $4, $5)`
	for _, e := range entries {
		if _, err := tx.ExecContext(ctx, add, e.Seq, e.Thing, e.SubjectID, e.At, e.Hash); err != nil {
			return fmt.Errorf("bring the journal up to date: %w", err)
		}
	}
	const head = `
		INSERT INTO directory.erasure_head (seq, hash)
		SELECT coalesce(max(seq), 0), coalesce((SELECT hash FROM directory.erasure ORDER BY seq DESC LIMIT 1), '')
		FROM directory.erasure
		ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`
	if _, err := tx.ExecContext(ctx, head); err != nil {
		return fmt.Errorf("set the head of the journal: %w", err)
	}
	return nil
}

// deleteSpooled keeps submissions that waited in the spool from coming again
// after they were erased.
func deleteSpooled(ctx context.Context, tx *sqlx.Tx) error {
	const q = `
		DELETE FROM web.spool s USING directory.erasure e
		WHERE s.id = e.subject_id
			OR s.id IN (SELECT a.id FROM web.spool_alias a WHERE a.first_id = e.subject_id)`
	if _, err := tx.ExecContext(ctx, q); err != nil {
		return fmt.Errorf("erase from the spool: %w", err)
	}
	return nil
}
