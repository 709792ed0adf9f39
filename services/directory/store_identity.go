package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

func identityStatements() []string {
	return slices.Concat([]string{
		insertPersonSQL, lockPersonSQL, updatePersonSQL, listPeopleSQL, selectPeopleSQL, revokePersonSQL, selectPersonSQL, findPersonSQL,
		findByNameSQL, updatePasswordSQL, enrolPersonSQL, notePersonSQL, selectFirstSQL, deleteEnrolmentSQL,
		insertLoginSQL, deleteOldLoginsSQL, deleteLoginsSQL, useLoginSQL,
		actorOfKeySQL, actorOfPersonSQL,
	}, apiKeyStatements(), roleStatements(), factorStatements())
}

type personRow struct {
	ID               string        `db:"id"`
	OrganisationID   string        `db:"organisation_id"`
	OrganisationCode string        `db:"organisation_code"`
	Path             string        `db:"path"`
	Name             string        `db:"name"`
	Role             contract.Role `db:"role"` // the first that is held; empty for none
	Language         string        `db:"language"`
	LoginName        string        `db:"login_name"`
	Password         string        `db:"password"` // hash; empty for none
	Demo             bool          `db:"demo"`
	CreatedAt        time.Time     `db:"created_at"`
	EnrolledAt       *time.Time    `db:"enrolled_at"`
	SignedInAt       *time.Time    `db:"signed_in_at"`
	RevokedAt        *time.Time    `db:"revoked_at"`
}

func (r personRow) message() contract.Person {
	return contract.Person{
		ID: contract.PersonID(r.ID), Name: r.Name, Role: r.Role, Organisation: r.OrganisationCode, Path: r.Path,
		Language: r.Language, Demo: r.Demo, Enrolled: r.EnrolledAt != nil,
	}
}

func (r personRow) state() contract.PersonState {
	switch {
	case r.RevokedAt != nil:
		return contract.PersonRevoked
	case r.EnrolledAt != nil:
		return contract.PersonActive
	case r.Demo:
		return contract.PersonDemo
	default:
		return contract.PersonInvited
	}
}

func (r personRow) record(roles []roleRow) contract.PersonRecord {
	record := contract.PersonRecord{
		ID: contract.PersonID(r.ID), Name: r.Name, LoginName: r.LoginName, Organisation: r.OrganisationCode, Path: r.Path,
		Language: r.Language, State: r.state(), Roles: []contract.HeldRole{}, CreatedAt: r.CreatedAt, SignedInAt: r.SignedInAt,
		Password: r.Password != "",
	}
	for _, role := range roles {
		record.Roles = append(record.Roles, role.message())
	}
	return record
}

const insertPersonSQL = `
	INSERT INTO person (id, organisation_id, name, language, demo, created_at) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO NOTHING`

// insertPerson reports whether the id was free.
func (s store) insertPerson(ctx context.Context, tx *sqlx.Tx, p personRow) (bool, error) {
	result, err := tx.ExecContext(ctx, insertPersonSQL, p.ID, p.OrganisationID, p.Name, p.Language, p.Demo, p.CreatedAt)
	return changed("insert person", result, err)
}

const personColumns = `p.id, p.organisation_id, o.code AS organisation_code, o.path, p.name, p.language,
	coalesce(p.login_name, '') AS login_name, coalesce(p.password, '') AS password, p.demo, p.created_at, p.enrolled_at,
	p.signed_in_at, p.revoked_at, coalesce((SELECT r.role FROM person_role r
		WHERE r.person_id = p.id AND r.withdrawn_at IS NULL ORDER BY r.granted_at, r.id LIMIT 1), '') AS role`

const selectPersonSQL = `
	SELECT ` + personColumns + `
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE p.id = $1`

func (s store) selectPerson(ctx context.Context, q sqlx.QueryerContext, id contract.PersonID) (personRow, error) {
	var row personRow
	err := sqlx.GetContext(ctx, q, &row, selectPersonSQL, id)
	return row, found("person", err)
}

// It joins nothing: a home that is out of sight does not hide who holds a role
// within it.
const findPersonSQL = `SELECT id FROM person WHERE id = $1`

// findPerson returns NotFound for a person whom who acts does not see.
func (s store) findPerson(ctx context.Context, id contract.PersonID) error {
	var known string
	return found("person", s.db.GetContext(ctx, &known, findPersonSQL, id))
}

const lockPersonSQL = selectPersonSQL + ` FOR UPDATE OF p`

func (s store) lockPerson(ctx context.Context, tx *sqlx.Tx, id contract.PersonID) (personRow, error) {
	var row personRow
	err := tx.GetContext(ctx, &row, lockPersonSQL, id)
	return row, found("person", err)
}

const findByNameSQL = `
	SELECT ` + personColumns + `
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE (p.login_name = $1 OR p.name = $2) AND p.password IS NOT NULL AND p.enrolled_at IS NOT NULL AND p.revoked_at IS NULL
	ORDER BY p.login_name = $1 DESC LIMIT 2`

// findByName returns whom a typed name belongs to: as what they sign in by, else
// as the name of one person alone. Nobody is a row without an id.
func (s store) findByName(ctx context.Context, typed string) (personRow, error) {
	if !utf8.ValidString(typed) || strings.ContainsRune(typed, 0) {
		typed = "" // no name is stored so: nobody's, and looked for like any other
	}
	var rows []personRow
	login := loginName(typed)
	if err := s.db.SelectContext(ctx, &rows, findByNameSQL, login, strings.TrimSpace(typed)); err != nil {
		return personRow{}, fmt.Errorf("find person: %w", err)
	}
	if len(rows) == 1 || len(rows) > 1 && rows[0].LoginName == login {
		return rows[0], nil
	}
	return personRow{}, nil
}

const updatePersonSQL = `UPDATE person SET name = $2, language = $3 WHERE id = $1`

func (s store) updatePerson(ctx context.Context, tx *sqlx.Tx, p personRow) error {
	if _, err := tx.ExecContext(ctx, updatePersonSQL, p.ID, p.Name, p.Language); err != nil {
		return fmt.Errorf("update person: %w", err)
	}
	return nil
}

const updatePasswordSQL = `UPDATE person SET name = $2, login_name = $3, password = $4 WHERE id = $1`

func (s store) updatePassword(ctx context.Context, tx *sqlx.Tx, p personRow) error {
	_, err := tx.ExecContext(ctx, updatePasswordSQL, p.ID, p.Name, p.LoginName, p.Password)
	if pg.Constraint(err) == "person_login_name" {
		return errNameTaken.Because(err)
	}
	if err != nil {
		return fmt.Errorf("update password: %w", err)
	}
	return nil
}

const enrolPersonSQL = `
	UPDATE person SET enrolled_at = $2
	WHERE id = $1 AND enrolled_at IS NULL AND EXISTS (
		SELECT FROM factor f WHERE f.person_id = person.id AND f.confirmed_at IS NOT NULL)`

// enrolPerson notes that somebody has a second factor, once they do.
func (s store) enrolPerson(ctx context.Context, tx *sqlx.Tx, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, enrolPersonSQL, id, now); err != nil {
		return fmt.Errorf("enrol person: %w", err)
	}
	return nil
}

const deleteEnrolmentSQL = `UPDATE person SET enrolled_at = NULL WHERE id = $1`

// deleteEnrolment makes somebody enrol anew.
func (s store) deleteEnrolment(ctx context.Context, tx *sqlx.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, deleteEnrolmentSQL, id); err != nil {
		return fmt.Errorf("end enrolment: %w", err)
	}
	return nil
}

const notePersonSQL = `UPDATE person SET signed_in_at = $2 WHERE id = $1`

func (s store) noteSignIn(ctx context.Context, tx *sqlx.Tx, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, notePersonSQL, id, now); err != nil {
		return fmt.Errorf("note sign-in: %w", err)
	}
	return nil
}

const selectFirstSQL = `
	SELECT ` + personColumns + `
	FROM person p JOIN organisation o ON o.id = p.organisation_id
		JOIN person_role a ON a.person_id = p.id AND a.organisation_id = o.id
	WHERE o.path = $1 AND a.role = $2 AND a.withdrawn_at IS NULL AND p.revoked_at IS NULL
	ORDER BY p.created_at, p.id LIMIT 1`

// selectFirst returns the oldest administrator of the top organisation, enrolled
// or not; NotFound when there is none.
func (s store) selectFirst(ctx context.Context, tx *sqlx.Tx) (personRow, error) {
	var row personRow
	err := tx.GetContext(ctx, &row, selectFirstSQL, contract.RootPath, contract.RoleAdministrator)
	return row, found("person", err)
}

// A home that is out of sight does not hide who holds a role within it.
const listPeopleSQL = `
	SELECT p.id
	FROM person p LEFT JOIN organisation o ON o.id = p.organisation_id
	WHERE p.revoked_at IS NULL AND ($3 = '' OR p.id > nullif($3, '')::uuid)
		AND (o.path >= $1 AND o.path < $2 OR EXISTS (
			SELECT FROM person_role r JOIN organisation h ON h.id = r.organisation_id
			WHERE r.person_id = p.id AND r.withdrawn_at IS NULL AND h.path >= $1 AND h.path < $2))
	ORDER BY p.id LIMIT $4`

// listPeople returns the ids of a page of the people whom who acts sees.
func (s store) listPeople(ctx context.Context, path, after string, limit int) ([]string, error) {
	ids := []string{}
	if err := s.db.SelectContext(ctx, &ids, listPeopleSQL, path, contract.PathEnd(path), after, limit); err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return ids, nil
}

const selectPeopleSQL = `
	SELECT ` + personColumns + `
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE p.id = ANY ($1::uuid[]) ORDER BY p.id`

func (s store) selectPeople(ctx context.Context, ids []string) ([]personRow, error) {
	rows := []personRow{}
	if err := s.db.SelectContext(ctx, &rows, selectPeopleSQL, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("select people: %w", err)
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
	INSERT INTO login (hash, person_id, expires_at, resets)
	SELECT $1, id, $3, $4 FROM person WHERE id = $2 AND revoked_at IS NULL`

// insertLogin reports false for a person who may not act any more.
func (s store) insertLogin(ctx context.Context, tx *sqlx.Tx, hash []byte, id contract.PersonID, expires time.Time, resets bool) (bool, error) {
	result, err := tx.ExecContext(ctx, insertLoginSQL, hash, id, expires, resets)
	return changed("insert login", result, err)
}

const deleteOldLoginsSQL = `DELETE FROM login WHERE expires_at < $1`

func (s store) deleteOldLogins(ctx context.Context, tx *sqlx.Tx, before time.Time) error {
	if _, err := tx.ExecContext(ctx, deleteOldLoginsSQL, before); err != nil {
		return fmt.Errorf("delete old logins: %w", err)
	}
	return nil
}

const deleteLoginsSQL = `DELETE FROM login WHERE person_id = $1 AND used_at IS NULL`

// deleteLogins ends the links that were made for somebody before.
func (s store) deleteLogins(ctx context.Context, tx *sqlx.Tx, person string) error {
	if _, err := tx.ExecContext(ctx, deleteLoginsSQL, person); err != nil {
		return fmt.Errorf("delete logins: %w", err)
	}
	return nil
}

// redeemedRow is a person with what the link does to their factors.
type redeemedRow struct {
	personRow
	Resets bool `db:"resets"`
}

const useLoginSQL = `
	UPDATE login l SET used_at = $2
	FROM person p JOIN organisation o ON o.id = p.organisation_id
	WHERE l.hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND p.id = l.person_id AND p.revoked_at IS NULL
	RETURNING ` + personColumns + `, l.resets`

// useLogin uses a secret up and returns whose it was. Unknown, used and expired
// ones are NotFound alike.
func (s store) useLogin(ctx context.Context, tx *sqlx.Tx, hash []byte, now time.Time) (redeemedRow, error) {
	var row redeemedRow
	err := tx.GetContext(ctx, &row, useLoginSQL, hash, now)
	return row, found("login", err)
}

// actorRow is who acts, as stored.
type actorRow struct {
	ID           string        `db:"id"`
	Role         contract.Role `db:"role"`
	Name         string        `db:"name"`
	Organisation string        `db:"organisation_id"`
	Path         string        `db:"path"`
	Scope        string        `db:"scope"`
	LastUsedAt   *time.Time    `db:"last_used_at"`
}

func (r actorRow) message() contract.Actor {
	return contract.Actor{
		Role: r.Role, Name: r.Name, Organisation: contract.OrganisationID(r.Organisation), Path: r.Path, Scope: r.Scope,
	}
}

const actorOfKeySQL = `
	SELECT k.id, k.role, k.name, k.organisation_id, o.path, k.scope, k.last_used_at
	FROM api_key k JOIN organisation o ON o.id = k.organisation_id
	WHERE k.hash = $1 AND k.revoked_at IS NULL AND k.expires_at > $2 AND o.ended_at IS NULL`

func (s store) actorOfKey(ctx context.Context, hash []byte, now time.Time) (actorRow, error) {
	var row actorRow
	err := s.db.GetContext(ctx, &row, actorOfKeySQL, hash, now)
	return row, found("identity", err)
}

const actorOfPersonSQL = `
	SELECT p.id, r.role, p.name, r.organisation_id, o.path, '' AS scope, NULL::timestamptz AS last_used_at
	FROM person p JOIN person_role r ON r.person_id = p.id AND r.withdrawn_at IS NULL
		JOIN organisation o ON o.id = r.organisation_id AND o.ended_at IS NULL
	WHERE p.id = $1 AND p.revoked_at IS NULL
	ORDER BY r.id::text = $2 DESC, r.granted_at, r.id LIMIT 1`

// actorOfPerson returns the person in the role of the id, else in the first one held.
func (s store) actorOfPerson(ctx context.Context, q sqlx.QueryerContext, id contract.PersonID, role contract.RoleID) (actorRow, error) {
	var row actorRow
	err := sqlx.GetContext(ctx, q, &row, actorOfPersonSQL, id, role)
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
