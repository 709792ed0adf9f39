package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

func erasureStatements() []string {
	return []string{lockErasureHeadSQL, selectErasedSQL, insertErasureSQL, updateErasureHeadSQL, listErasuresSQL}
}

// erasureHead is the last entry of the journal.
type erasureHead struct {
	Seq  int64  `db:"seq"`
	Hash []byte `db:"hash"`
}

const lockErasureHeadSQL = `SELECT seq, hash FROM erasure_head FOR UPDATE`

// lockErasureHead keeps the journal for this transaction.
func (s store) lockErasureHead(ctx context.Context, tx *sqlx.Tx) (erasureHead, error) {
	var head erasureHead
	if err := tx.GetContext(ctx, &head, lockErasureHeadSQL); err != nil {
		return erasureHead{}, fmt.Errorf("lock erasure head: %w", err)
	}
	return head, nil
}

const selectErasedSQL = `SELECT EXISTS (SELECT FROM erasure WHERE subject_id = $1)`

func (s store) selectErased(ctx context.Context, tx *sqlx.Tx, subject string) (known bool, err error) {
	if err := tx.GetContext(ctx, &known, selectErasedSQL, subject); err != nil {
		return false, fmt.Errorf("select erasure: %w", err)
	}
	return known, nil
}

const insertErasureSQL = `INSERT INTO erasure (seq, thing, subject_id, at, hash) VALUES ($1, $2, $3, $4, $5)`

const updateErasureHeadSQL = `UPDATE erasure_head SET seq = $1, hash = $2`

// insertErasure adds the entry and moves the head to it.
func (s store) insertErasure(ctx context.Context, tx *sqlx.Tx, e contract.Erasure) error {
	if _, err := tx.ExecContext(ctx, insertErasureSQL, e.Seq, e.Thing, e.SubjectID, e.At, e.Hash); err != nil {
		return fmt.Errorf("insert erasure: %w", err)
	}
	if _, err := tx.ExecContext(ctx, updateErasureHeadSQL, e.Seq, e.Hash); err != nil {
		return fmt.Errorf("update erasure head: %w", err)
	}
	return nil
}

const listErasuresSQL = `
	SELECT seq, thing, subject_id, at, hash FROM erasure WHERE seq > $1 ORDER BY seq LIMIT $2`

// listErasures returns entries after a number, in order.
func (s store) listErasures(ctx context.Context, after int64, limit int) ([]contract.Erasure, error) {
	var rows []struct {
		Seq       int64          `db:"seq"`
		Thing     contract.Thing `db:"thing"`
		SubjectID string         `db:"subject_id"`
		At        time.Time      `db:"at"`
		Hash      []byte         `db:"hash"`
	}
	if err := s.db.SelectContext(ctx, &rows, listErasuresSQL, after, limit); err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	entries := make([]contract.Erasure, len(rows))
	for i, row := range rows {
		row.At = row.At.UTC()
		entries[i] = contract.Erasure(row)
	}
	return entries, nil
}
