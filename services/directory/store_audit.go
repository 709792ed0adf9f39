package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

func auditStatements() []string {
	return []string{insertAuditHeadSQL, lockAuditHeadSQL, selectAuditSQL, insertAuditSQL, updateAuditHeadSQL,
		listAuditHeadsSQL, listAuditSQL}
}

type auditRow struct {
	OrganisationID string    `db:"organisation_id"`
	Seq            int64     `db:"seq"`
	Key            string    `db:"key"`
	At             time.Time `db:"at"`
	Action         string    `db:"action"`
	SubjectID      string    `db:"subject_id"`
	Role           string    `db:"role"`
	ActorID        string    `db:"actor_id"`
	ActorName      string    `db:"actor_name"`
	Reason         string    `db:"reason"`
	Previous       []byte    `db:"previous"`
	Hash           []byte    `db:"hash"`
}

// auditHead is the last row of a chain.
type auditHead struct {
	OrganisationID string `db:"organisation_id"`
	Seq            int64  `db:"seq"`
	Hash           []byte `db:"hash"`
}

const insertAuditHeadSQL = `
	INSERT INTO audit_head (organisation_id, seq, hash) VALUES ($1, 0, '') ON CONFLICT DO NOTHING`

const lockAuditHeadSQL = `SELECT organisation_id, seq, hash FROM audit_head WHERE organisation_id = $1 FOR UPDATE`

// lockAuditHead keeps an organisation's chain for this transaction.
func (s store) lockAuditHead(ctx context.Context, tx *sqlx.Tx, organisation string) (auditHead, error) {
	if _, err := tx.ExecContext(ctx, insertAuditHeadSQL, organisation); err != nil {
		return auditHead{}, fmt.Errorf("insert audit head: %w", err)
	}
	var head auditHead
	if err := tx.GetContext(ctx, &head, lockAuditHeadSQL, organisation); err != nil {
		return auditHead{}, fmt.Errorf("lock audit head: %w", err)
	}
	return head, nil
}

const auditColumns = `organisation_id, seq, key, at, action, subject_id, role, actor_id, actor_name, reason, previous, hash`

const selectAuditSQL = `SELECT ` + auditColumns + ` FROM audit WHERE organisation_id = $1 AND key = $2`

// selectAudit returns the row of a key, and false when there is none yet.
func (s store) selectAudit(ctx context.Context, tx *sqlx.Tx, organisation, key string) (auditRow, bool, error) {
	var row auditRow
	err := tx.GetContext(ctx, &row, selectAuditSQL, organisation, key)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("select audit row: %w", err)
	}
	return row, true, nil
}

const insertAuditSQL = `
	INSERT INTO audit (` + auditColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

const updateAuditHeadSQL = `UPDATE audit_head SET seq = $2, hash = $3 WHERE organisation_id = $1`

// insertAudit adds the row and moves the head to it.
func (s store) insertAudit(ctx context.Context, tx *sqlx.Tx, r auditRow) error {
	_, err := tx.ExecContext(ctx, insertAuditSQL, r.OrganisationID, r.Seq, r.Key, r.At, r.Action, r.SubjectID,
		r.Role, r.ActorID, r.ActorName, r.Reason, r.Previous, r.Hash)
	if err != nil {
		return fmt.Errorf("insert audit row: %w", err)
	}
	if _, err := tx.ExecContext(ctx, updateAuditHeadSQL, r.OrganisationID, r.Seq, r.Hash); err != nil {
		return fmt.Errorf("update audit head: %w", err)
	}
	return nil
}

const listAuditHeadsSQL = `SELECT organisation_id, seq, hash FROM audit_head`

func (s store) listAuditHeads(ctx context.Context) ([]auditHead, error) {
	return selectAuditHeads(ctx, s.db)
}

func selectAuditHeads(ctx context.Context, q sqlx.QueryerContext) ([]auditHead, error) {
	var heads []auditHead
	if err := sqlx.SelectContext(ctx, q, &heads, listAuditHeadsSQL); err != nil {
		return nil, fmt.Errorf("list audit heads: %w", err)
	}
	return heads, nil
}

const listAuditSQL = `SELECT ` + auditColumns + ` FROM audit ORDER BY organisation_id, seq`

// oneMoment makes a transaction see heads and rows as they were at one moment.
const oneMoment = `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`

// walkAudit calls begin with the heads of all chains, then see with every row,
// ordered by organisation and seq.
func (s store) walkAudit(ctx context.Context, tx *sqlx.Tx, begin func([]auditHead), see func(auditRow)) (err error) {
	if _, err := tx.ExecContext(ctx, oneMoment); err != nil {
		return fmt.Errorf("begin audit walk: %w", err)
	}
	heads, err := selectAuditHeads(ctx, tx)
	if err != nil {
		return err
	}
	begin(heads)
	rows, err := tx.QueryxContext(ctx, listAuditSQL)
	if err != nil {
		return fmt.Errorf("list audit rows: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row auditRow
		if err := rows.StructScan(&row); err != nil {
			return fmt.Errorf("read audit row: %w", err)
		}
		see(row)
	}
	return rows.Err()
}
