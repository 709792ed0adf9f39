package console

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/fault"
	"heli/pkg/pg"
)

// store holds the statements on saved views. The row policies say whose are seen
// and changed.
type store struct{ db *pg.DB }

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string {
	return []string{selectFirstSQL, listViewsSQL, insertViewSQL, countViewsSQL, deleteViewSQL, clearFirstSQL, setFirstSQL}
}

// viewRow is a row of saved_view, and whether the reader opens it first.
type viewRow struct {
	ID         string    `db:"id"`
	PersonID   string    `db:"person_id"`
	PersonName string    `db:"person_name"`
	OrgPath    string    `db:"org_path"`
	Shared     bool      `db:"shared"`
	Name       string    `db:"name"`
	Query      string    `db:"query"`
	CreatedAt  time.Time `db:"created_at"`
	First      bool      `db:"first"`
}

const selectFirstSQL = `SELECT v.query FROM first_view f JOIN saved_view v ON v.id = f.view_id`

// selectFirst returns the query of the view that who acts opens first; empty for none.
func (s *store) selectFirst(ctx context.Context) (query string, err error) {
	err = s.db.GetContext(ctx, &query, selectFirstSQL)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("select first view: %w", pg.MapContext(ctx, err))
	}
	return query, nil
}

const listViewsSQL = `
	SELECT v.id, v.person_id, v.person_name, v.org_path, v.shared, v.name, v.query, v.created_at,
		EXISTS (SELECT FROM first_view f WHERE f.view_id = v.id) AS first
	FROM saved_view v ORDER BY v.name, v.id`

// listViews returns the views that who acts may open.
func (s *store) listViews(ctx context.Context) ([]viewRow, error) {
	var rows []viewRow
	if err := s.db.SelectContext(ctx, &rows, listViewsSQL); err != nil {
		return nil, fmt.Errorf("list views: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

const countViewsSQL = `SELECT count(*) FROM saved_view WHERE person_id = $1`

const insertViewSQL = `
	INSERT INTO saved_view (id, person_id, person_name, org_path, shared, name, query, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`

// insertView keeps a view, and opens it first where that is wanted. A repeat of
// its id changes nothing; too many of one person's are a Conflict.
func (s *store) insertView(ctx context.Context, v viewRow, first bool) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var n int
		if err := tx.GetContext(ctx, &n, countViewsSQL, v.PersonID); err != nil {
			return fmt.Errorf("count views: %w", err)
		}
		if n >= maxViews {
			return fault.NewConflict("too_many_views", "remove a view first")
		}
		if _, err := tx.ExecContext(ctx, insertViewSQL, v.ID, v.PersonID, v.PersonName, v.OrgPath, v.Shared, v.Name, v.Query, v.CreatedAt); err != nil {
			return fmt.Errorf("insert view: %w", err)
		}
		if !first {
			return nil
		}
		return setFirst(ctx, tx, v.PersonID, v.ID)
	})
}

const deleteViewSQL = `DELETE FROM saved_view WHERE id = $1`

// deleteView removes a view of who acts; one that is not theirs is NotFound.
func (s *store) deleteView(ctx context.Context, id string) error {
	result, err := s.db.ExecContext(ctx, deleteViewSQL, id)
	if err != nil {
		return fmt.Errorf("delete view: %w", pg.MapContext(ctx, err))
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fault.NewNotFound("view"), err)
	}
	return nil
}

const clearFirstSQL = `DELETE FROM first_view WHERE person_id = $1`

// setFirstSQL takes only a view that who acts may open.
const setFirstSQL = `
	INSERT INTO first_view (person_id, view_id) SELECT $1::uuid, id FROM saved_view WHERE id = $2
	ON CONFLICT (person_id) DO UPDATE SET view_id = excluded.view_id`

// setFirst makes a view the first that a person opens; none for an empty id, and
// NotFound for one that they may not open.
func (s *store) setFirst(ctx context.Context, person, id string) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error { return setFirst(ctx, tx, person, id) })
}

func setFirst(ctx context.Context, tx *sqlx.Tx, person, id string) error {
	if id == "" {
		if _, err := tx.ExecContext(ctx, clearFirstSQL, person); err != nil {
			return fmt.Errorf("clear first view: %w", err)
		}
		return nil
	}
	result, err := tx.ExecContext(ctx, setFirstSQL, person, id)
	if err != nil {
		return fmt.Errorf("set first view: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fault.NewNotFound("view"), err)
	}
	return nil
}
