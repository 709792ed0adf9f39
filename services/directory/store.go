package directory

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// store holds the SQL of the directory's schema: organisations here; the
// registry's lists, reference data, identities and the audit chain in the files
// named after them.
type store struct{ db *pg.DB }

// statements returns every statement, for the test that prepares them all.
func statements() []string {
	return slices.Concat([]string{
		selectOrganisationSQL, selectOrganisationForUpdateSQL, selectOrganisationByPathSQL,
		insertOrganisationSQL, updateOrganisationSQL,
	}, registryStatements(), referenceStatements(), identityStatements(), auditStatements(), deskStatements(), erasureStatements(),
		alertStatements(), safeguardStatements(), administrationStatements(), ownStatements(), noticeStatements())
}

// jsonColumn is a jsonb column that holds a T.
type jsonColumn[T any] struct{ value T }

// Scan reads the column.
func (c *jsonColumn[T]) Scan(source any) error {
	data, ok := source.([]byte)
	if !ok {
		return fmt.Errorf("read json column: unexpected %T", source)
	}
	return json.Unmarshal(data, &c.value)
}

// Value writes the column.
func (c jsonColumn[T]) Value() (driver.Value, error) {
	data, err := json.Marshal(c.value)
	return string(data), err
}

type organisationRow struct {
	ID          string         `db:"id"`
	Code        string         `db:"code"`
	Name        string         `db:"name"`
	Kind        string         `db:"kind"`
	Level       string         `db:"level"`
	RegionCode  string         `db:"region_code"`
	ParentID    sql.NullString `db:"parent_id"`
	ParentCode  string         `db:"parent_code"`
	Path        string         `db:"path"`
	Coordinates bool           `db:"coordinates"`
	Verified    bool           `db:"verified"`
	Specialties pq.StringArray `db:"specialties"`
	Contact     string         `db:"contact_person"`
	SafeguardID sql.NullString `db:"safeguard_id"`
	Safeguard   string         `db:"safeguard"`
	Version     int64          `db:"version"`
	CreatedAt   time.Time      `db:"created_at"`
	UpdatedAt   time.Time      `db:"updated_at"`
	EndedAt     *time.Time     `db:"ended_at"`
}

func (r organisationRow) message() contract.Organisation {
	return contract.Organisation{
		ID: contract.OrganisationID(r.ID), Code: r.Code, Name: r.Name, Kind: r.Kind, Level: r.Level,
		RegionCode: r.RegionCode, ParentCode: r.ParentCode, Path: r.Path, Coordinates: r.Coordinates,
		Verified: r.Verified, Specialties: r.Specialties, ContactPerson: r.Contact, Safeguard: r.Safeguard, Version: r.Version, CreatedAt: r.CreatedAt,
		EndedAt: r.EndedAt,
	}
}

func (r organisationRow) ref() contract.OrganisationRef {
	return contract.OrganisationRef{ID: contract.OrganisationID(r.ID), Code: r.Code, Path: r.Path, Name: r.Name}
}

const organisationColumns = `
	SELECT o.id, o.code, o.name, o.kind, o.level, o.region_code, o.parent_id,
		coalesce(substring(o.path FROM '([^/]+)/[^/]+/$'), '') AS parent_code,
		o.path, o.coordinates, o.verified, o.specialties, o.contact_person, o.safeguard_id,
		coalesce((SELECT p.name FROM person p WHERE p.id = o.safeguard_id AND p.revoked_at IS NULL), '') AS safeguard,
		o.version, o.created_at, o.updated_at, o.ended_at
	FROM organisation o`

const selectOrganisationSQL = organisationColumns + ` WHERE lower(o.code) = lower($1)`

// selectOrganisation returns the organisation of a code, whatever its case, or NotFound.
func (s store) selectOrganisation(ctx context.Context, q sqlx.QueryerContext, code string) (organisationRow, error) {
	return getOrganisation(ctx, q, selectOrganisationSQL, code)
}

const selectOrganisationForUpdateSQL = selectOrganisationSQL + ` FOR UPDATE OF o`

// lockOrganisation is selectOrganisation that keeps others from changing it.
func (s store) lockOrganisation(ctx context.Context, tx *sqlx.Tx, code string) (organisationRow, error) {
	return getOrganisation(ctx, tx, selectOrganisationForUpdateSQL, code)
}

const selectOrganisationByPathSQL = organisationColumns + ` WHERE o.path = $1`

func (s store) selectOrganisationByPath(ctx context.Context, q sqlx.QueryerContext, path string) (organisationRow, error) {
	return getOrganisation(ctx, q, selectOrganisationByPathSQL, path)
}

func getOrganisation(ctx context.Context, q sqlx.QueryerContext, statement, arg string) (organisationRow, error) {
	var row organisationRow
	err := sqlx.GetContext(ctx, q, &row, statement, arg)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.NewNotFound("organisation")
	}
	if err != nil {
		return row, fmt.Errorf("select organisation: %w", err)
	}
	return row, nil
}

const insertOrganisationSQL = `
	INSERT INTO organisation (id, code, name, kind, level, region_code, parent_id, path, coordinates, verified,
		specialties, contact_person, version, created_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)`

func (s store) insertOrganisation(ctx context.Context, tx *sqlx.Tx, r organisationRow) error {
	_, err := tx.ExecContext(ctx, insertOrganisationSQL, r.ID, r.Code, r.Name, r.Kind, r.Level, r.RegionCode,
		r.ParentID, r.Path, r.Coordinates, r.Verified, r.Specialties, r.Contact, r.Version, r.CreatedAt)
	if err != nil {
		return organisationConflict(fmt.Errorf("insert organisation: %w", err))
	}
	return nil
}

const updateOrganisationSQL = `
	UPDATE organisation SET name = $2, kind = $3, level = $4, region_code = $5, coordinates = $6, verified = $7,
		specialties = $8, contact_person = $9, version = $10, updated_at = $11
	WHERE id = $1`

// updateOrganisation changes all but code and parent, which are in the path.
func (s store) updateOrganisation(ctx context.Context, tx *sqlx.Tx, r organisationRow) error {
	_, err := tx.ExecContext(ctx, updateOrganisationSQL, r.ID, r.Name, r.Kind, r.Level, r.RegionCode,
		r.Coordinates, r.Verified, r.Specialties, r.Contact, r.Version, r.UpdatedAt)
	if err != nil {
		return organisationConflict(fmt.Errorf("update organisation: %w", err))
	}
	return nil
}

func organisationConflict(err error) error {
	switch pg.Constraint(err) {
	case "organisation_coordinates":
		return errCoordinatorTaken.Because(err)
	case "organisation_pkey":
		return errIDTaken.Because(err)
	case "organisation_code", "organisation_path_key":
		return errCodeTaken.Because(err)
	default:
		return err
	}
}
