package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

func identityStatements() []string {
	return []string{
		insertPersonSQL, lockPersonSQL, updatePersonSQL, listPeopleSQL, revokePersonSQL,
		insertLoginSQL, deleteOldLoginsSQL, useLoginSQL,
		insertAPIKeySQL, selectAPIKeySQL, revokeAPIKeySQL,
		actorOfKeySQL, actorOfPersonSQL,
	}
}

type personRow struct {
	ID               string        `db:"id"`
	OrganisationID   string        `db:"organisation_id"`
	OrganisationCode string        `db:"organisation_code"`
	Path             string        `db:"path"`
	Name             string        `db:"name"`
	Role             contract.Role `db:"role"`
	Language         string        `db:"language"`
	CreatedAt        time.Time     `db:"created_at"`
}

func (r personRow) message() contract.Person {
	return contract.Person{
		ID: contract.PersonID(r.ID), Name: r.Name, Role: r.Role,
		Organisation: r.OrganisationCode, Path: r.Path, Language: r.Language,
	}
}

const insertPersonSQL = `
	INSERT INTO person (id, organisation_id, name, role, language, created_at) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO NOTHING`

// insertPerson reports whether the id was free.
func (s store) insertPerson(ctx context.Context, tx *sqlx.Tx, p personRow) (bool, error) {
	result, err := tx.ExecContext(ctx, insertPersonSQL, p.ID, p.OrganisationID, p.Name, p.Role, p.Language, p.CreatedAt)
	return changed("insert person", result, err)
}

const personColumns = `p.id, p.organisation_id, o.code AS organisation_code, o.path, p.name, p.role, p.language, p.created_at`

const lockPersonSQL = `
	SELECT ` + personColumns + `
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE p.id = $1 FOR UPDATE OF p`

func (s store) lockPerson(ctx context.Context, tx *sqlx.Tx, id contract.PersonID) (personRow, error) {
	var row personRow
	err := tx.GetContext(ctx, &row, lockPersonSQL, id)
	return row, found("person", err)
}

const updatePersonSQL = `UPDATE person SET organisation_id = $2, name = $3, role = $4, language = $5 WHERE id = $1`

func (s store) updatePerson(ctx context.Context, tx *sqlx.Tx, p personRow) error {
	if _, err := tx.ExecContext(ctx, updatePersonSQL, p.ID, p.OrganisationID, p.Name, p.Role, p.Language); err != nil {
		return fmt.Errorf("update person: %w", err)
	}
	return nil
}

const listPeopleSQL = `
	SELECT ` + personColumns + `
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE o.path >= $1 AND o.path < $2 AND p.revoked_at IS NULL AND ($3 = '' OR p.id > nullif($3, '')::uuid)
	ORDER BY p.id LIMIT $4`

func (s store) listPeople(ctx context.Context, path, after string, limit int) ([]personRow, error) {
	rows := []personRow{}
	if err := s.db.SelectContext(ctx, &rows, listPeopleSQL, path, contract.PathEnd(path), after, limit); err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return rows, nil
}

const revokePersonSQL = `UPDATE person SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`

// revokePerson reports whether the person could act until now.
func (s store) revokePerson(ctx context.Context, tx *sqlx.Tx, id contract.PersonID, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, revokePersonSQL, id, now)
	return changed("revoke person", result, err)
}

const insertLoginSQL = `
	INSERT INTO login (hash, person_id, expires_at)
	SELECT $1, id, $3 FROM person WHERE id = $2 AND revoked_at IS NULL`

// insertLogin reports false for a person who may not act any more.
func (s store) insertLogin(ctx context.Context, tx *sqlx.Tx, hash []byte, id contract.PersonID, expires time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, insertLoginSQL, hash, id, expires)
	return changed("insert login", result, err)
}

const deleteOldLoginsSQL = `DELETE FROM login WHERE expires_at < $1`

func (s store) deleteOldLogins(ctx context.Context, tx *sqlx.Tx, before time.Time) error {
	if _, err := tx.ExecContext(ctx, deleteOldLoginsSQL, before); err != nil {
		return fmt.Errorf("delete old logins: %w", err)
	}
	return nil
}

const useLoginSQL = `
	UPDATE login l SET used_at = $2
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE l.hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND p.id = l.person_id AND p.revoked_at IS NULL
	RETURNING ` + personColumns

// useLogin uses a secret up and returns whose it was. Unknown, used and expired
// ones are NotFound alike.
func (s store) useLogin(ctx context.Context, hash []byte, now time.Time) (personRow, error) {
	var row personRow
	err := s.db.GetContext(ctx, &row, useLoginSQL, hash, now)
	return row, found("login", err)
}

type apiKeyRow struct {
	ID             string        `db:"id"`
	OrganisationID string        `db:"organisation_id"`
	Path           string        `db:"path"`
	Name           string        `db:"name"`
	Role           contract.Role `db:"role"`
	Hash           []byte        `db:"hash"`
	CreatedAt      time.Time     `db:"created_at"`
}

const insertAPIKeySQL = `
	INSERT INTO api_key (id, organisation_id, name, role, hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)`

func (s store) insertAPIKey(ctx context.Context, tx *sqlx.Tx, k apiKeyRow) error {
	_, err := tx.ExecContext(ctx, insertAPIKeySQL, k.ID, k.OrganisationID, k.Name, k.Role, k.Hash, k.CreatedAt)
	if pg.Constraint(err) == "api_key_pkey" {
		return errKeyMade.Because(err)
	}
	if err != nil {
		return fmt.Errorf("insert api key: %w", err)
	}
	return nil
}

const selectAPIKeySQL = `
	SELECT k.id, k.organisation_id, o.path, k.name, k.role, k.hash, k.created_at
	FROM api_key k JOIN organisation o ON o.id = k.organisation_id
	WHERE k.id = $1`

func (s store) selectAPIKey(ctx context.Context, tx *sqlx.Tx, id contract.APIKeyID) (apiKeyRow, error) {
	var row apiKeyRow
	err := tx.GetContext(ctx, &row, selectAPIKeySQL, id)
	return row, found("api key", err)
}

const revokeAPIKeySQL = `UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`

// revokeAPIKey reports whether the key was good until now.
func (s store) revokeAPIKey(ctx context.Context, tx *sqlx.Tx, id contract.APIKeyID, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, revokeAPIKeySQL, id, now)
	return changed("revoke api key", result, err)
}

// actorRow is who acts, as stored.
type actorRow struct {
	ID           string        `db:"id"`
	Role         contract.Role `db:"role"`
	Name         string        `db:"name"`
	Organisation string        `db:"organisation_id"`
	Path         string        `db:"path"`
}

func (r actorRow) message() contract.Actor {
	return contract.Actor{
		Role: r.Role, Name: r.Name, Organisation: contract.OrganisationID(r.Organisation), Path: r.Path,
	}
}

const actorOfKeySQL = `
	SELECT k.id, k.role, k.name, k.organisation_id, o.path
	FROM api_key k JOIN organisation o ON o.id = k.organisation_id
	WHERE k.hash = $1 AND k.revoked_at IS NULL`

func (s store) actorOfKey(ctx context.Context, hash []byte) (actorRow, error) {
	var row actorRow
	err := s.db.GetContext(ctx, &row, actorOfKeySQL, hash)
	return row, found("identity", err)
}

const actorOfPersonSQL = `
	SELECT p.id, p.role, p.name, p.organisation_id, o.path
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE p.id = $1 AND p.revoked_at IS NULL`

func (s store) actorOfPerson(ctx context.Context, id contract.PersonID) (actorRow, error) {
	var row actorRow
	err := s.db.GetContext(ctx, &row, actorOfPersonSQL, id)
	return row, found("identity", err)
}

// found turns a missing row into NotFound for the thing.
func found(thing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return fault.NewNotFound(thing)
	default:
		return pg.Map(fmt.Errorf("select %s: %w", thing, err))
	}
}

// changed reports whether a statement changed a row.
func changed(doing string, result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("%s: count rows: %w", doing, err)
	}
	return n > 0, nil
}
