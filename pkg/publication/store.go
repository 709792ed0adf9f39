package publication

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

const upsertSQL = `
	INSERT INTO publications (subject_id, code, at, shown, title, summary, categories, lines, urgency, mode, region_code, lat, lon)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
	ON CONFLICT (subject_id) DO UPDATE SET shown = excluded.shown, title = excluded.title, summary = excluded.summary,
		categories = excluded.categories, lines = excluded.lines, urgency = excluded.urgency, mode = excluded.mode,
		region_code = excluded.region_code, lat = excluded.lat, lon = excluded.lon`

// Put stores what is published of a thing, in the transaction that changes the
// thing. What is there keeps the time at which it was first published.
func Put(ctx context.Context, tx *sqlx.Tx, p contract.Published) error {
	lines, err := json.Marshal(p.Lines)
	if err != nil {
		return fmt.Errorf("encode published lines: %w", err)
	}
	var lat, lon *float64
	if p.Point != nil {
		lat, lon = &p.Point.Lat, &p.Point.Lon
	}
	_, err = tx.ExecContext(ctx, upsertSQL, p.ID, p.Code, p.At, p.Shown, p.Title, p.Summary, pq.Array(categories(p.Lines)),
		lines, p.Urgency, p.Mode, p.RegionCode, lat, lon)
	if err != nil {
		return fmt.Errorf("upsert publication: %w", err)
	}
	return nil
}

const followSQL = `UPDATE publications SET shown = $2, urgency = $3 WHERE subject_id = $1`

// Follow shows or hides what is published of a thing, after the thing changed.
func Follow(ctx context.Context, tx *sqlx.Tx, id string, shown bool, urgency contract.Urgency) error {
	if _, err := tx.ExecContext(ctx, followSQL, id, shown, urgency); err != nil {
		return fmt.Errorf("update publication: %w", err)
	}
	return nil
}

const deleteSQL = `DELETE FROM publications WHERE subject_id = $1`

// Remove takes a thing off the board. Without a row it does nothing.
func Remove(ctx context.Context, tx *sqlx.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, deleteSQL, id); err != nil {
		return fmt.Errorf("delete publication: %w", err)
	}
	return nil
}

// row is a row of publications.
type row struct {
	ID         string           `db:"subject_id"`
	Code       string           `db:"code"`
	At         time.Time        `db:"at"`
	Shown      bool             `db:"shown"`
	Title      string           `db:"title"`
	Summary    string           `db:"summary"`
	Lines      []byte           `db:"lines"`
	Urgency    contract.Urgency `db:"urgency"`
	Mode       contract.Mode    `db:"mode"`
	RegionCode string           `db:"region_code"`
	Lat        *float64         `db:"lat"`
	Lon        *float64         `db:"lon"`
}

func (r row) published(thing contract.Thing) (contract.Published, error) {
	p := contract.Published{
		Thing: thing, ID: r.ID, Code: r.Code, At: r.At.UTC(), Title: r.Title, Summary: r.Summary, Urgency: r.Urgency,
		Mode: r.Mode, RegionCode: r.RegionCode, Shown: r.Shown,
	}
	if r.Lat != nil && r.Lon != nil {
		p.Point = &contract.Point{Lat: *r.Lat, Lon: *r.Lon}
	}
	if err := json.Unmarshal(r.Lines, &p.Lines); err != nil {
		return p, fmt.Errorf("decode published lines: %w", err)
	}
	return p, nil
}

const columns = `SELECT subject_id, code, at, shown, title, summary, lines, urgency, mode, region_code, lat, lon FROM publications `

const selectSQL = columns + `WHERE subject_id = $1`

// Get returns what is published of a thing, shown or not; nil for nothing.
func Get(ctx context.Context, db *pg.DB, thing contract.Thing, id string) (*contract.Published, error) {
	rows := []row{}
	if err := db.SelectContext(ctx, &rows, selectSQL, id); err != nil {
		return nil, fmt.Errorf("select publication: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	p, err := rows[0].published(thing)
	return &p, err
}

const listSQL = columns + `
	WHERE shown
		AND ($1 = '' OR code = $1)
		AND ($2::text[] IS NULL OR categories && $2)
		AND ($3::text[] IS NULL OR region_code = ANY ($3))
		AND ($4::text[] IS NULL OR urgency = ANY ($4))
		AND ($5::timestamptz IS NULL OR (at, subject_id) < ($5, $6::uuid))
	ORDER BY at DESC, subject_id DESC
	LIMIT $7`

// list returns what is shown and fits, the newest first.
func list(ctx context.Context, db *pg.DB, thing contract.Thing, f filter) ([]contract.Published, error) {
	var at *time.Time
	var id *string
	if f.before != nil {
		at, id = &f.before.At, &f.before.ID
	}
	rows := []row{}
	err := db.SelectContext(ctx, &rows, listSQL, f.code, array(f.categories), array(f.regions), array(f.urgencies), at, id, f.limit)
	if err != nil {
		return nil, fmt.Errorf("list publications: %w", err)
	}
	found := make([]contract.Published, len(rows))
	for n, r := range rows {
		if found[n], err = r.published(thing); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// array is null for no values.
func array(values []string) any {
	if values == nil {
		return nil
	}
	return pq.StringArray(values)
}

// Statements lists every statement of the package, so that a test can prepare all.
func Statements() []string {
	return []string{upsertSQL, followSQL, deleteSQL, selectSQL, listSQL}
}
