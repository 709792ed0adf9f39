package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

func roleStatements() []string {
	return []string{insertRoleSQL, selectRoleSQL, listRolesSQL, withdrawRoleSQL, lockRootSQL, countAdministratorsSQL, listEventsSQL}
}

// roleRow is a role that is held.
type roleRow struct {
	ID               string        `db:"id"`
	PersonID         string        `db:"person_id"`
	OrganisationID   string        `db:"organisation_id"`
	OrganisationCode string        `db:"organisation_code"`
	OrganisationName string        `db:"organisation_name"`
	Path             string        `db:"path"`
	Role             contract.Role `db:"role"`
	GrantedAt        time.Time     `db:"granted_at"`
}

func (r roleRow) message() contract.HeldRole {
	return contract.HeldRole{
		ID: contract.RoleID(r.ID), Role: r.Role, Organisation: r.OrganisationCode, OrganisationName: r.OrganisationName,
		Path: r.Path, GrantedAt: r.GrantedAt,
	}
}

const insertRoleSQL = `
	INSERT INTO person_role (id, person_id, organisation_id, role, granted_at) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (person_id, organisation_id, role) WHERE withdrawn_at IS NULL DO NOTHING`

// insertRole reports whether the person did not hold the role.
func (s store) insertRole(ctx context.Context, tx *sqlx.Tx, r roleRow) (bool, error) {
	result, err := tx.ExecContext(ctx, insertRoleSQL, r.ID, r.PersonID, r.OrganisationID, r.Role, r.GrantedAt)
	return changed("insert role", result, err)
}

const roleColumns = `
	SELECT r.id, r.person_id, r.organisation_id, o.code AS organisation_code, o.name AS organisation_name, o.path,
		r.role, r.granted_at
	FROM person_role r JOIN organisation o ON o.id = r.organisation_id`

const selectRoleSQL = roleColumns + `
	WHERE r.person_id = $1 AND r.organisation_id = $2 AND r.role = $3 AND r.withdrawn_at IS NULL`

// selectRole returns a role that is held, and false when it is not.
func (s store) selectRole(ctx context.Context, tx *sqlx.Tx, person, organisation string, role contract.Role) (roleRow, bool, error) {
	var row roleRow
	err := tx.GetContext(ctx, &row, selectRoleSQL, person, organisation, role)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("select role: %w", err)
	}
	return row, true, nil
}

const listRolesSQL = roleColumns + `
	WHERE r.person_id = ANY ($1::uuid[]) AND r.withdrawn_at IS NULL ORDER BY r.granted_at, r.id`

// listRoles returns the roles that people hold, by person, the oldest first.
func (s store) listRoles(ctx context.Context, q sqlx.QueryerContext, people ...string) (map[string][]roleRow, error) {
	var rows []roleRow
	if err := sqlx.SelectContext(ctx, q, &rows, listRolesSQL, pq.Array(people)); err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	held := make(map[string][]roleRow, len(people))
	for _, row := range rows {
		held[row.PersonID] = append(held[row.PersonID], row)
	}
	return held, nil
}

const withdrawRoleSQL = `UPDATE person_role SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL`

func (s store) withdrawRole(ctx context.Context, tx *sqlx.Tx, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, withdrawRoleSQL, id, now); err != nil {
		return fmt.Errorf("withdraw role: %w", err)
	}
	return nil
}

const lockRootSQL = `SELECT id FROM organisation WHERE path = $1 FOR UPDATE`

// lockRoot makes those wait who change the administrators of the top organisation.
func (s store) lockRoot(ctx context.Context, tx *sqlx.Tx) error {
	var id string
	if err := tx.GetContext(ctx, &id, lockRootSQL, contract.RootPath); err != nil {
		return fmt.Errorf("lock top organisation: %w", err)
	}
	return nil
}

const countAdministratorsSQL = `
	SELECT count(DISTINCT p.id)
	FROM person p JOIN person_role r ON r.person_id = p.id JOIN organisation o ON o.id = r.organisation_id
	WHERE o.path = $1 AND r.role = $2 AND r.withdrawn_at IS NULL AND p.revoked_at IS NULL
		AND (p.demo OR p.enrolled_at IS NOT NULL) AND ($3 = '' OR p.id <> nullif($3, '')::uuid)`

// countAdministrators counts those of the top organisation who can sign in,
// without one of them.
func (s store) countAdministrators(ctx context.Context, tx *sqlx.Tx, without string) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, countAdministratorsSQL, contract.RootPath, contract.RoleAdministrator, without)
	if err != nil {
		return 0, fmt.Errorf("count administrators: %w", err)
	}
	return n, nil
}

type eventRow struct {
	At     time.Time     `db:"at"`
	Action string        `db:"action"`
	Role   contract.Role `db:"role"`
	Actor  string        `db:"actor_name"`
	Reason string        `db:"reason"`
}

// maxEvents bounds the history that is shown of one person or key.
const maxEvents = 100

const listEventsSQL = `
	SELECT at, action, role, actor_name, reason FROM audit WHERE subject_id = $1 ORDER BY at DESC, seq DESC LIMIT $2`

// listEvents returns what the audit chains say of a subject, the newest first.
func (s store) listEvents(ctx context.Context, subject string) ([]eventRow, error) {
	rows := []eventRow{}
	if err := s.db.SelectContext(ctx, &rows, listEventsSQL, subject, maxEvents); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return rows, nil
}
