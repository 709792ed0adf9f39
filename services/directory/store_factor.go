package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

func factorStatements() []string {
	return []string{
		insertFactorSQL, listFactorsSQL, listAuthenticatorsSQL, confirmFactorSQL, deleteUnconfirmedSQL, deleteFactorSQL, deleteFactorsSQL,
		useStepSQL, usePasskeySQL, selectPasskeyOwnerSQL,
		deleteCodesSQL, insertCodeSQL, useCodeSQL, countCodesSQL,
		insertSubjectSQL, deleteSubjectSQL, deleteSubjectsSQL, listSubjectsSQL, personOfSubjectSQL,
	}
}

// factorRow is a second factor with its secret.
type factorRow struct {
	ID           string              `db:"id"`
	PersonID     string              `db:"person_id"`
	Kind         contract.FactorKind `db:"kind"`
	Name         string              `db:"name"`
	Secret       []byte              `db:"secret"`
	LastStep     int64               `db:"last_step"`
	CredentialID []byte              `db:"credential_id"`
	Credential   []byte              `db:"credential"`
	CreatedAt    time.Time           `db:"created_at"`
	ConfirmedAt  *time.Time          `db:"confirmed_at"`
	UsedAt       *time.Time          `db:"used_at"`
}

func (r factorRow) message() contract.SecondFactor {
	return contract.SecondFactor{
		ID: contract.FactorID(r.ID), Kind: r.Kind, Name: r.Name, CreatedAt: r.CreatedAt, UsedAt: r.UsedAt,
	}
}

const insertFactorSQL = `
	INSERT INTO factor (id, person_id, kind, name, secret, credential_id, credential, created_at, confirmed_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
	ON CONFLICT (credential_id) DO NOTHING`

// insertFactor reports whether the passkey was not known yet.
func (s store) insertFactor(ctx context.Context, tx *sqlx.Tx, f factorRow) (bool, error) {
	var credential any
	if f.Credential != nil {
		credential = string(f.Credential)
	}
	result, err := tx.ExecContext(ctx, insertFactorSQL, f.ID, f.PersonID, f.Kind, f.Name, f.Secret, f.CredentialID,
		credential, f.CreatedAt, f.ConfirmedAt)
	return changed("insert factor", result, err)
}

const listFactorsSQL = `
	SELECT id, person_id, kind, name, secret, last_step, credential_id, credential, created_at, confirmed_at, used_at
	FROM factor WHERE person_id = $1 ORDER BY created_at, id`

// listFactors returns somebody's factors, also those that no code has confirmed.
func (s store) listFactors(ctx context.Context, q sqlx.QueryerContext, person string) ([]factorRow, error) {
	rows := []factorRow{}
	if err := sqlx.SelectContext(ctx, q, &rows, listFactorsSQL, person); err != nil {
		return nil, fmt.Errorf("list factors: %w", err)
	}
	return rows, nil
}

const listAuthenticatorsSQL = `
	SELECT id, secret FROM factor WHERE person_id = $1 AND kind = 'totp' AND confirmed_at IS NOT NULL
	UNION ALL SELECT $2::uuid, $3::bytea
	WHERE NOT EXISTS (SELECT FROM factor WHERE person_id = $1 AND kind = 'totp' AND confirmed_at IS NOT NULL)`

// listAuthenticators returns somebody's authenticators, and another one for who has
// none.
func (s store) listAuthenticators(ctx context.Context, q sqlx.QueryerContext, person string, otherwise factorRow) ([]factorRow, error) {
	rows := []factorRow{}
	if err := sqlx.SelectContext(ctx, q, &rows, listAuthenticatorsSQL, person, otherwise.ID, otherwise.Secret); err != nil {
		return nil, fmt.Errorf("list authenticators: %w", err)
	}
	return rows, nil
}

const confirmFactorSQL = `UPDATE factor SET name = $2, confirmed_at = $3, last_step = $4 WHERE id = $1`

func (s store) confirmFactor(ctx context.Context, tx *sqlx.Tx, id, name string, now time.Time, step int64) error {
	if _, err := tx.ExecContext(ctx, confirmFactorSQL, id, name, now, step); err != nil {
		return fmt.Errorf("confirm factor: %w", err)
	}
	return nil
}

const deleteUnconfirmedSQL = `DELETE FROM factor WHERE person_id = $1 AND confirmed_at IS NULL`

// deleteUnconfirmed forgets secrets that no code was made from.
func (s store) deleteUnconfirmed(ctx context.Context, tx *sqlx.Tx, person string) error {
	if _, err := tx.ExecContext(ctx, deleteUnconfirmedSQL, person); err != nil {
		return fmt.Errorf("delete unconfirmed factors: %w", err)
	}
	return nil
}

const deleteFactorSQL = `DELETE FROM factor WHERE id = $1`

func (s store) deleteFactor(ctx context.Context, tx *sqlx.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, deleteFactorSQL, id); err != nil {
		return fmt.Errorf("delete factor: %w", err)
	}
	return nil
}

const deleteFactorsSQL = `DELETE FROM factor WHERE person_id = $1`

func (s store) deleteFactors(ctx context.Context, tx *sqlx.Tx, person string) error {
	if _, err := tx.ExecContext(ctx, deleteFactorsSQL, person); err != nil {
		return fmt.Errorf("delete factors: %w", err)
	}
	return nil
}

const useStepSQL = `UPDATE factor SET last_step = $2, used_at = $3 WHERE id = $1 AND last_step < $2`

// useStep reports whether the code of the step was not used yet.
func (s store) useStep(ctx context.Context, tx *sqlx.Tx, id string, step int64, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, useStepSQL, id, step, now)
	return changed("use factor", result, err)
}

const usePasskeySQL = `
	UPDATE factor SET credential = $3, used_at = $4
	WHERE person_id = $1 AND credential_id = $2 AND confirmed_at IS NOT NULL`

// usePasskey reports whether the person has the passkey.
func (s store) usePasskey(ctx context.Context, tx *sqlx.Tx, p contract.Passkey, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, usePasskeySQL, p.PersonID, p.CredentialID, string(p.Credential), now)
	return changed("use passkey", result, err)
}

const selectPasskeyOwnerSQL = `SELECT person_id FROM factor WHERE credential_id = $1`

// selectPasskeyOwner returns whose passkey it is.
func (s store) selectPasskeyOwner(ctx context.Context, tx *sqlx.Tx, credential []byte) (string, error) {
	var person string
	err := tx.GetContext(ctx, &person, selectPasskeyOwnerSQL, credential)
	return person, found("passkey", err)
}

const deleteCodesSQL = `DELETE FROM recovery_code WHERE person_id = $1`

func (s store) deleteCodes(ctx context.Context, tx *sqlx.Tx, person string) error {
	if _, err := tx.ExecContext(ctx, deleteCodesSQL, person); err != nil {
		return fmt.Errorf("delete recovery codes: %w", err)
	}
	return nil
}

const insertCodeSQL = `INSERT INTO recovery_code (person_id, hash) VALUES ($1, $2)`

func (s store) insertCode(ctx context.Context, tx *sqlx.Tx, person string, hash []byte) error {
	if _, err := tx.ExecContext(ctx, insertCodeSQL, person, hash); err != nil {
		return fmt.Errorf("insert recovery code: %w", err)
	}
	return nil
}

const useCodeSQL = `
	UPDATE recovery_code SET used_at = $3
	WHERE person_id = $1 AND hash = $2 AND used_at IS NULL`

// useCode reports whether the code was good until now.
func (s store) useCode(ctx context.Context, tx *sqlx.Tx, person string, hash []byte, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, useCodeSQL, person, hash, now)
	return changed("use recovery code", result, err)
}

const countCodesSQL = `SELECT count(*) FROM recovery_code WHERE person_id = $1 AND used_at IS NULL`

func (s store) countCodes(ctx context.Context, q sqlx.QueryerContext, person string) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, countCodesSQL, person); err != nil {
		return 0, fmt.Errorf("count recovery codes: %w", err)
	}
	return n, nil
}

const insertSubjectSQL = `
	INSERT INTO subject (issuer, subject, person_id, linked_at) VALUES ($1, $2, $3, $4)
	ON CONFLICT (issuer, subject) DO NOTHING`

// insertSubject reports whether the account was linked to nobody.
func (s store) insertSubject(ctx context.Context, tx *sqlx.Tx, q contract.LinkSubject, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, insertSubjectSQL, q.Issuer, q.Subject.Subject, q.PersonID, now)
	return changed("insert subject", result, err)
}

const deleteSubjectSQL = `DELETE FROM subject WHERE person_id = $1 AND issuer = $2`

func (s store) deleteSubject(ctx context.Context, tx *sqlx.Tx, person, issuer string) (bool, error) {
	result, err := tx.ExecContext(ctx, deleteSubjectSQL, person, issuer)
	return changed("delete subject", result, err)
}

const deleteSubjectsSQL = `DELETE FROM subject WHERE person_id = $1`

func (s store) deleteSubjects(ctx context.Context, tx *sqlx.Tx, person string) error {
	if _, err := tx.ExecContext(ctx, deleteSubjectsSQL, person); err != nil {
		return fmt.Errorf("delete subjects: %w", err)
	}
	return nil
}

const listSubjectsSQL = `SELECT DISTINCT issuer FROM subject WHERE person_id = $1 ORDER BY issuer`

func (s store) listSubjects(ctx context.Context, q sqlx.QueryerContext, person string) ([]string, error) {
	var issuers []string
	if err := sqlx.SelectContext(ctx, q, &issuers, listSubjectsSQL, person); err != nil {
		return nil, fmt.Errorf("list subjects: %w", err)
	}
	return issuers, nil
}

const personOfSubjectSQL = `SELECT person_id FROM subject WHERE issuer = $1 AND subject = $2`

// personOfSubject returns whom an account is linked to, and false for nobody.
func (s store) personOfSubject(ctx context.Context, q sqlx.QueryerContext, account contract.Subject) (contract.PersonID, bool, error) {
	var id contract.PersonID
	err := sqlx.GetContext(ctx, q, &id, personOfSubjectSQL, account.Issuer, account.Subject)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, pg.MapContext(ctx, fmt.Errorf("select subject: %w", err))
	}
	return id, true, nil
}
