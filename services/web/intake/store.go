package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

type store struct{ db *pg.DB }

// row is a row of the spool.
type row struct {
	ID       string         `db:"id"`
	Thing    contract.Thing `db:"thing"`
	Code     string         `db:"code"`
	Key      string         `db:"key"`
	BodyHash string         `db:"body_hash"`
	Sealed   []byte         `db:"sealed"`
	TakenAt  time.Time      `db:"taken_at"`
	Refused  *string        `db:"refused"`
}

func (r row) spooled() Spooled {
	return Spooled{ID: r.ID, Thing: r.Thing, Code: r.Code, TakenAt: r.TakenAt.UTC(), Refused: r.Refused != nil}
}

const columns = `id, thing, code, key, body_hash, sealed, taken_at, refused`

const (
	insertSpooledSQL = `
		INSERT INTO spool (id, thing, code, key, body_hash, sealed, taken_at, next_try_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (key) DO NOTHING`
	selectByKeySQL   = `SELECT ` + columns + ` FROM spool WHERE key = $1`
	selectByCodeSQL  = `SELECT ` + columns + ` FROM spool WHERE code = $1 LIMIT 1`
	selectSpooledSQL = `SELECT ` + columns + ` FROM spool WHERE id = $1`
	selectFirstSQL   = `SELECT first_id FROM spool_alias WHERE id = $1`
	countSpooledSQL  = `SELECT count(*) FROM spool`
	// Taking a row puts its next try off, twice as long each time, so that two
	// processes seldom pass on the same one; it would be harmless.
	takeDueSQL = `
		UPDATE spool SET tries = tries + 1, next_try_at = $1 + least(power(2, tries), $3::float8) * interval '1 second'
		WHERE id IN (
			SELECT id FROM spool WHERE refused IS NULL AND next_try_at <= $1
			ORDER BY next_try_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED)
		RETURNING ` + columns
	deleteSpooledSQL = `DELETE FROM spool WHERE id = $1`
	insertAliasSQL   = `INSERT INTO spool_alias (id, first_id, made_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	refuseSpooledSQL = `UPDATE spool SET refused = $2 WHERE id = $1`
	purgeAliasesSQL  = `DELETE FROM spool_alias WHERE made_at < $1`
	purgeRefusedSQL  = `DELETE FROM spool WHERE refused IS NOT NULL AND taken_at < $1`
)

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string {
	return []string{
		insertSpooledSQL, selectByKeySQL, selectByCodeSQL, selectSpooledSQL, selectFirstSQL, countSpooledSQL,
		takeDueSQL, deleteSpooledSQL, insertAliasSQL, refuseSpooledSQL, purgeAliasesSQL, purgeRefusedSQL,
	}
}

// insertSpooled stores a row, and reports false when its key is taken.
func (s store) insertSpooled(ctx context.Context, r row) (bool, error) {
	result, err := s.db.ExecContext(ctx, insertSpooledSQL, r.ID, r.Thing, r.Code, r.Key, r.BodyHash, r.Sealed, r.TakenAt)
	if err != nil {
		return false, fmt.Errorf("insert submission: %w", pg.MapContext(ctx, err))
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("insert submission: %w", err)
	}
	return n == 1, nil
}

func (s store) selectByKey(ctx context.Context, key string) (row, error) {
	return s.selectRow(ctx, selectByKeySQL, key)
}

func (s store) selectByCode(ctx context.Context, code string) (row, error) {
	return s.selectRow(ctx, selectByCodeSQL, code)
}

func (s store) selectSpooled(ctx context.Context, id string) (row, error) {
	return s.selectRow(ctx, selectSpooledSQL, id)
}

func (s store) selectRow(ctx context.Context, q, value string) (row, error) {
	var r row
	if err := s.db.GetContext(ctx, &r, q, value); err != nil {
		return r, fmt.Errorf("select submission: %w", pg.MapContext(ctx, err))
	}
	return r, nil
}

func (s store) selectFirst(ctx context.Context, id string) (string, error) {
	var first string
	if err := s.db.GetContext(ctx, &first, selectFirstSQL, id); err != nil {
		return "", fmt.Errorf("select first id: %w", pg.MapContext(ctx, err))
	}
	return first, nil
}

func (s store) countSpooled(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.GetContext(ctx, &n, countSpooledSQL); err != nil {
		return 0, fmt.Errorf("count submissions: %w", pg.MapContext(ctx, err))
	}
	return n, nil
}

// takeDue returns up to limit rows that are due; their next try is then at most
// longest away.
func (s store) takeDue(ctx context.Context, now time.Time, limit int, longest time.Duration) ([]row, error) {
	var rows []row
	if err := s.db.SelectContext(ctx, &rows, takeDueSQL, now, limit, longest.Seconds()); err != nil {
		return nil, fmt.Errorf("take due submissions: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

// deleteSpooled deletes an acknowledged row. When its service knew it under
// another id, that one is kept to find it by.
func (s store) deleteSpooled(ctx context.Context, id, first string, now time.Time) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if first != id {
			if _, err := tx.ExecContext(ctx, insertAliasSQL, id, first, now); err != nil {
				return fmt.Errorf("insert alias: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, deleteSpooledSQL, id); err != nil {
			return fmt.Errorf("delete submission: %w", err)
		}
		return nil
	})
}

func (s store) refuseSpooled(ctx context.Context, id, code string) error {
	if _, err := s.db.ExecContext(ctx, refuseSpooledSQL, id, code); err != nil {
		return fmt.Errorf("mark submission as refused: %w", pg.MapContext(ctx, err))
	}
	return nil
}

// purge deletes rows of before a time.
func (s store) purge(ctx context.Context, q string, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, q, before); err != nil {
		return fmt.Errorf("purge the spool: %w", pg.MapContext(ctx, err))
	}
	return nil
}
