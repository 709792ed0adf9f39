package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/pg"
)

// store holds the statements. Those of people run over the pool whose row policies
// show each their own; the worker's over one that sees all.
type store struct{ db *pg.DB }

// row is a row of upload.
type row struct {
	ID        string        `db:"id"`
	PersonID  string        `db:"person_id"`
	Kind      importer.Kind `db:"kind"`
	State     State         `db:"state"`
	Head      []byte        `db:"head"`
	Content   []byte        `db:"content"`
	Things    int           `db:"things"`
	CreatedAt time.Time     `db:"created_at"`
	MovedAt   time.Time     `db:"moved_at"`
}

// thingRow is a row of upload_thing.
type thingRow struct {
	N       int              `db:"n" json:"n"`
	Outcome importer.Outcome `db:"outcome" json:"outcome"`
	ThingID *string          `db:"thing_id" json:"thing_id"`
	Version int64            `db:"version" json:"version"`
	Code    string           `db:"code" json:"code"` // of an organisation
	Undone  *string          `db:"undone" json:"-"`
}

// tally counts things of an upload.
type tally struct {
	UploadID string           `db:"upload_id"`
	Outcome  importer.Outcome `db:"outcome"`
	Undone   string           `db:"undone"`
	Count    int              `db:"count"`
}

const (
	headColumns   = `id, person_id, kind, state, head, things, created_at, moved_at`
	insertRowSQL  = `INSERT INTO upload (` + headColumns + `, content, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $7)`
	countDraftSQL = `SELECT count(*) FROM upload WHERE person_id = $1 AND state = 'draft'`
	selectRowSQL  = `SELECT ` + headColumns + `, content FROM upload WHERE id = $1`
	lockRowSQL    = selectRowSQL + ` FOR UPDATE`
	listRowsSQL   = `SELECT ` + headColumns + ` FROM upload ORDER BY created_at DESC, id DESC LIMIT $1`
	setHeadSQL    = `UPDATE upload SET head = $2 WHERE id = $1`
	moveRowSQL    = `UPDATE upload SET state = $2, things = $3, head = $4, content = $5, moved_at = $6, due_at = $6 WHERE id = $1`
	dropRowSQL    = `DELETE FROM upload WHERE id = $1 AND state = 'draft'`
	tallySQL      = `
		SELECT upload_id, outcome, coalesce(undone, '') AS undone, count(*) AS count
		FROM upload_thing WHERE upload_id = ANY ($1) GROUP BY 1, 2, 3`
	// Taking one puts its next try off, so that two processes seldom work on the
	// same; it would be harmless.
	takeDueSQL = `
		UPDATE upload SET due_at = $2 WHERE id = (
			SELECT id FROM upload WHERE state IN ('running', 'undoing') AND due_at <= $1
			ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING ` + headColumns + `, content`
	renewSQL        = `UPDATE upload SET due_at = $2 WHERE id = $1 AND due_at < $2`
	putOffSQL       = `UPDATE upload SET due_at = $2 WHERE id = $1`
	insertThingsSQL = `
		INSERT INTO upload_thing (upload_id, n, outcome, thing_id, version, code)
		SELECT $1, n, outcome, thing_id, version, code
		FROM json_to_recordset($2) AS t (n integer, outcome text, thing_id uuid, version bigint, code text)
		ON CONFLICT (upload_id, n) DO NOTHING`
	listCreatedSQL = `
		SELECT n, outcome, thing_id, version, code, undone FROM upload_thing
		WHERE upload_id = $1 AND outcome = 'created' AND undone IS NULL ORDER BY n`
	setUndoneSQL   = `UPDATE upload_thing SET undone = $3 WHERE upload_id = $1 AND n = $2`
	forgetRowsSQL  = `UPDATE upload SET content = NULL WHERE content IS NOT NULL AND state IN ('done', 'undone') AND moved_at < $1`
	dropDraftsSQL  = `DELETE FROM upload WHERE state = 'draft' AND created_at < $1`
	dropOldSQL     = `DELETE FROM upload WHERE state IN ('done', 'undone') AND moved_at < $1`
	listMappingSQL = `SELECT name, mapping FROM upload_mapping WHERE org_path = $1 AND kind = $2 ORDER BY name`
	countMapsSQL   = `SELECT count(*) FROM upload_mapping WHERE org_path = $1 AND kind = $2 AND name <> $3`
	keepMappingSQL = `
		INSERT INTO upload_mapping (org_path, kind, name, mapping, kept_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_path, kind, name) DO UPDATE SET mapping = excluded.mapping, kept_at = excluded.kept_at`
	dropMappingSQL = `DELETE FROM upload_mapping WHERE org_path = $1 AND kind = $2 AND name = $3`
)

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string {
	return []string{
		insertRowSQL, countDraftSQL, selectRowSQL, lockRowSQL, listRowsSQL, setHeadSQL, moveRowSQL, dropRowSQL, tallySQL, takeDueSQL,
		renewSQL, putOffSQL, insertThingsSQL, listCreatedSQL, setUndoneSQL, forgetRowsSQL, dropDraftsSQL, dropOldSQL, listMappingSQL, countMapsSQL,
		keepMappingSQL, dropMappingSQL,
	}
}

// insertRow stores a new upload; a Conflict when its person has too many drafts.
func (s store) insertRow(ctx context.Context, r row) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var drafts int
		if err := tx.GetContext(ctx, &drafts, countDraftSQL, r.PersonID); err != nil {
			return fmt.Errorf("count drafts: %w", err)
		}
		if drafts >= maxOpen {
			return errTooMany
		}
		if _, err := tx.ExecContext(ctx, insertRowSQL, r.ID, r.PersonID, r.Kind, r.State, r.Head, r.Things, r.CreatedAt, r.Content); err != nil {
			return fmt.Errorf("insert upload: %w", err)
		}
		return nil
	})
}

func (s store) selectRow(ctx context.Context, id string) (row, error) {
	var r row
	if err := s.db.GetContext(ctx, &r, selectRowSQL, id); err != nil {
		return r, fmt.Errorf("select upload: %w", pg.MapContext(ctx, err))
	}
	return r, nil
}

func (s store) listRows(ctx context.Context, limit int) ([]row, error) {
	var rows []row
	if err := s.db.SelectContext(ctx, &rows, listRowsSQL, limit); err != nil {
		return nil, fmt.Errorf("list uploads: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

// tallies counts the things of uploads.
func (s store) tallies(ctx context.Context, ids []string) ([]tally, error) {
	var counts []tally
	if err := s.db.SelectContext(ctx, &counts, tallySQL, pq.StringArray(ids)); err != nil {
		return nil, fmt.Errorf("count things: %w", pg.MapContext(ctx, err))
	}
	return counts, nil
}

// change gives a locked row to fn and stores what fn makes of it: its head alone
// while the state stays, else all of it.
func (s store) change(ctx context.Context, id string, now time.Time, fn func(*row) error) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var r row
		if err := tx.GetContext(ctx, &r, lockRowSQL, id); err != nil {
			return fmt.Errorf("lock upload: %w", err)
		}
		before := r.State
		if err := fn(&r); err != nil {
			return err
		}
		var err error
		if r.State == before {
			_, err = tx.ExecContext(ctx, setHeadSQL, id, r.Head)
		} else {
			_, err = tx.ExecContext(ctx, moveRowSQL, id, r.State, r.Things, r.Head, r.Content, now)
		}
		if err != nil {
			return fmt.Errorf("update upload: %w", err)
		}
		return nil
	})
}

// dropDraft deletes an upload that was not taken in; a repeat is no error.
func (s store) dropDraft(ctx context.Context, id string) error { return s.exec(ctx, dropRowSQL, id) }

// takeDue returns an upload that a worker shall go on with, until when it is its
// own; NotFound when there is none.
func (s store) takeDue(ctx context.Context, now, until time.Time) (row, error) {
	var r row
	if err := s.db.GetContext(ctx, &r, takeDueSQL, now, until); err != nil {
		return r, fmt.Errorf("take due upload: %w", pg.MapContext(ctx, err))
	}
	return r, nil
}

// putOff leaves an upload alone until a time.
func (s store) putOff(ctx context.Context, id string, until time.Time) error {
	return s.exec(ctx, putOffSQL, id, until)
}

// insertThings notes what became of things, each once, and keeps the upload in hand.
func (s store) insertThings(ctx context.Context, id string, things []thingRow, until time.Time) error {
	document, err := json.Marshal(things)
	if err != nil {
		return fmt.Errorf("encode things: %w", err)
	}
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, insertThingsSQL, id, document); err != nil {
			return fmt.Errorf("insert things: %w", err)
		}
		if _, err := tx.ExecContext(ctx, renewSQL, id, until); err != nil {
			return fmt.Errorf("keep upload in hand: %w", err)
		}
		return nil
	})
}

// listCreated returns what an upload has created and nobody has taken back yet.
func (s store) listCreated(ctx context.Context, id string) ([]thingRow, error) {
	var rows []thingRow
	if err := s.db.SelectContext(ctx, &rows, listCreatedSQL, id); err != nil {
		return nil, fmt.Errorf("list created things: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

// setUndone notes what became of a created thing, and keeps the upload in hand.
func (s store) setUndone(ctx context.Context, id string, n int, undone string, until time.Time) error {
	return errors.Join(s.exec(ctx, setUndoneSQL, id, n, undone), s.exec(ctx, renewSQL, id, until))
}

// purge deletes what is kept no longer.
func (s store) purge(ctx context.Context, now time.Time) error {
	return errors.Join(
		s.exec(ctx, forgetRowsSQL, now.Add(-RowsKept)), s.exec(ctx, dropDraftsSQL, now.Add(-RowsKept)), s.exec(ctx, dropOldSQL, now.Add(-ThingsKept)))
}

func (s store) exec(ctx context.Context, q string, args ...any) error {
	if _, err := s.db.ExecContext(ctx, q, args...); err != nil {
		return fmt.Errorf("change uploads: %w", pg.MapContext(ctx, err))
	}
	return nil
}

// mappingRow is a row of upload_mapping.
type mappingRow struct {
	Name    string `db:"name"`
	Mapping []byte `db:"mapping"`
}

func (s store) listMappings(ctx context.Context, path string, kind importer.Kind) ([]mappingRow, error) {
	var rows []mappingRow
	if err := s.db.SelectContext(ctx, &rows, listMappingSQL, path, kind); err != nil {
		return nil, fmt.Errorf("list mappings: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

// keepMapping stores a mapping under its name, in place of one of that name.
func (s store) keepMapping(ctx context.Context, path string, kind importer.Kind, m mappingRow, now time.Time) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var others int
		if err := tx.GetContext(ctx, &others, countMapsSQL, path, kind, m.Name); err != nil {
			return fmt.Errorf("count mappings: %w", err)
		}
		if others >= maxMappings {
			return fault.NewConflict("upload_mappings", "remove a mapping first")
		}
		if _, err := tx.ExecContext(ctx, keepMappingSQL, path, kind, m.Name, m.Mapping, now); err != nil {
			return fmt.Errorf("keep mapping: %w", err)
		}
		return nil
	})
}

func (s store) dropMapping(ctx context.Context, path string, kind importer.Kind, name string) error {
	return s.exec(ctx, dropMappingSQL, path, kind, name)
}
