package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

func safeguardStatements() []string {
	return []string{selectSafeguardSQL, updateSafeguardSQL, answersForSQL}
}

// The path of an organisation begins with those above it.
const selectSafeguardSQL = `
	SELECT p.id, p.name, o.code FROM organisation o JOIN person p ON p.id = o.safeguard_id
	WHERE starts_with($1, o.path) AND p.revoked_at IS NULL ORDER BY length(o.path) DESC LIMIT 1`

// selectSafeguard returns whom the organisation at a path named, else the nearest
// above; nobody when none did.
func (s store) selectSafeguard(ctx context.Context, path string) (contract.Safeguard, error) {
	var row struct {
		ID   contract.PersonID `db:"id"`
		Name string            `db:"name"`
		Code string            `db:"code"`
	}
	err := s.db.GetContext(ctx, &row, selectSafeguardSQL, path)
	if errors.Is(err, sql.ErrNoRows) {
		return contract.Safeguard{}, nil
	}
	if err != nil {
		return contract.Safeguard{}, fmt.Errorf("select safeguard: %w", err)
	}
	return contract.Safeguard{PersonID: row.ID, Name: row.Name, Organisation: row.Code}, nil
}

const updateSafeguardSQL = `UPDATE organisation SET safeguard_id = $2, version = $3, updated_at = $4 WHERE id = $1`

func (s store) updateSafeguard(ctx context.Context, tx *sqlx.Tx, o organisationRow) error {
	if _, err := tx.ExecContext(ctx, updateSafeguardSQL, o.ID, o.SafeguardID, o.Version, o.UpdatedAt); err != nil {
		return fmt.Errorf("update safeguard: %w", err)
	}
	return nil
}

const answersForSQL = `
	SELECT EXISTS (SELECT FROM person p JOIN person_role r ON r.person_id = p.id JOIN organisation o ON o.id = r.organisation_id
		WHERE p.id = $1 AND p.revoked_at IS NULL AND r.withdrawn_at IS NULL AND r.role IN ('administrator', 'coordinator')
		AND starts_with($2, o.path))`

// answersFor reports whether somebody may handle complaints of the organisation at
// a path: by a role there or above.
func (s store) answersFor(ctx context.Context, tx *sqlx.Tx, person contract.PersonID, path string) (ok bool, err error) {
	if err := tx.GetContext(ctx, &ok, answersForSQL, person, path); err != nil {
		return false, fmt.Errorf("look who answers for complaints: %w", err)
	}
	return ok, nil
}
