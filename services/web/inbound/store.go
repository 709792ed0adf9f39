package inbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/importer"
	"heli/pkg/pg"
)

// store holds the statements. Those of people run over the pool whose row policies
// show what they see; those of a post, which nobody sends by name, as the worker.
type store struct{ db *pg.DB }

// formRow is a row of inbound_form.
type formRow struct {
	ID         string        `db:"id"`
	OrgPath    string        `db:"org_path"`
	Kind       importer.Kind `db:"kind"`
	Settings   []byte        `db:"settings"`
	Secrets    []byte        `db:"secrets"`
	Version    int64         `db:"version"`
	DisabledAt *time.Time    `db:"disabled_at"`
	CreatedAt  time.Time     `db:"created_at"`
	Waiting    int           `db:"waiting"`
	LastAt     *time.Time    `db:"last_at"`
}

// postRow is a row of inbound_post.
type postRow struct {
	ID         string    `db:"id"`
	FormID     string    `db:"form_id"`
	Name       string    `db:"name"`
	State      PostState `db:"state"`
	Content    []byte    `db:"content"`
	Reasons    []byte    `db:"reasons"`
	ThingID    *string   `db:"thing_id"`
	Code       string    `db:"code"`
	ReceivedAt time.Time `db:"received_at"`
	DueAt      time.Time `db:"due_at"`
}

const (
	formColumns = `id, org_path, kind, settings, secrets, version, disabled_at, created_at`
	postColumns = `id, form_id, name, state, content, reasons, thing_id, code, received_at, due_at`
)

const (
	insertFormSQL = `INSERT INTO inbound_form (` + formColumns + `) VALUES ($1, $2, $3, $4, $5, 1, NULL, $6)`
	countFormsSQL = `SELECT count(*) FROM inbound_form WHERE org_path = $1 AND disabled_at IS NULL`
	shownFormSQL  = `
		SELECT ` + formColumns + `,
			(SELECT count(*) FROM inbound_post p WHERE p.form_id = f.id AND p.state = 'look') AS waiting,
			(SELECT max(received_at) FROM inbound_post p WHERE p.form_id = f.id) AS last_at
		FROM inbound_form f`
	selectFormSQL = shownFormSQL + ` WHERE id = $1`
	listFormsSQL  = shownFormSQL + ` ORDER BY disabled_at IS NOT NULL, created_at DESC, id LIMIT $1`
	plainFormSQL  = `SELECT ` + formColumns + ` FROM inbound_form WHERE id = $1`
	lockFormSQL   = plainFormSQL + ` FOR UPDATE`
	updateFormSQL = `UPDATE inbound_form SET settings = $2, secrets = $3, version = $4, disabled_at = $5 WHERE id = $1`
	insertPostSQL = `
		INSERT INTO inbound_post (` + postColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (form_id, name) DO NOTHING`
	namedPostSQL  = `SELECT ` + postColumns + ` FROM inbound_post WHERE form_id = $1 AND name = $2`
	selectPostSQL = `SELECT ` + postColumns + ` FROM inbound_post WHERE form_id = $1 AND id = $2`
	listPostsSQL  = `
		SELECT ` + postColumns + ` FROM inbound_post WHERE form_id = $1 AND ($2 = '' OR state = $2)
		ORDER BY received_at DESC, id DESC LIMIT $3`
	// A post that was settled stays so, whoever is late.
	settlePostSQL = `
		UPDATE inbound_post SET state = $2, content = $3, reasons = $4, thing_id = $5, code = $6
		WHERE id = $1 AND state IN ('received', 'look')`
	takeDueSQL = `
		UPDATE inbound_post SET due_at = $2 WHERE id IN (
			SELECT id FROM inbound_post WHERE state = 'received' AND due_at <= $1
			ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
		RETURNING ` + postColumns
	dropWaitingSQL  = `DELETE FROM inbound_post WHERE state = 'look' AND received_at < $1`
	dropReceiptsSQL = `DELETE FROM inbound_post WHERE state IN ('taken', 'dropped') AND received_at < $1`
)

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string {
	return []string{
		insertFormSQL, countFormsSQL, selectFormSQL, listFormsSQL, plainFormSQL, lockFormSQL, updateFormSQL, insertPostSQL, namedPostSQL,
		selectPostSQL, listPostsSQL, settlePostSQL, takeDueSQL, dropWaitingSQL, dropReceiptsSQL,
	}
}

// insertForm stores a new form; a Conflict when its organisation has too many.
func (s store) insertForm(ctx context.Context, f formRow) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var others int
		if err := tx.GetContext(ctx, &others, countFormsSQL, f.OrgPath); err != nil {
			return fmt.Errorf("count forms: %w", err)
		}
		if others >= maxForms {
			return errForms
		}
		if _, err := tx.ExecContext(ctx, insertFormSQL, f.ID, f.OrgPath, f.Kind, f.Settings, f.Secrets, f.CreatedAt); err != nil {
			return fmt.Errorf("insert form: %w", err)
		}
		return nil
	})
}

// selectForm returns a form with its counts.
func (s store) selectForm(ctx context.Context, id string) (formRow, error) {
	return s.form(ctx, selectFormSQL, id)
}

// plainForm returns a form without its counts, for a post.
func (s store) plainForm(ctx context.Context, id string) (formRow, error) {
	return s.form(ctx, plainFormSQL, id)
}

func (s store) form(ctx context.Context, q, id string) (formRow, error) {
	var f formRow
	if err := s.db.GetContext(ctx, &f, q, id); err != nil {
		return f, fmt.Errorf("select form: %w", pg.MapContext(ctx, err))
	}
	return f, nil
}

func (s store) listForms(ctx context.Context, limit int) ([]formRow, error) {
	var rows []formRow
	if err := s.db.SelectContext(ctx, &rows, listFormsSQL, limit); err != nil {
		return nil, fmt.Errorf("list forms: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

// changeForm gives a locked form to fn and stores what fn makes of it.
func (s store) changeForm(ctx context.Context, id string, fn func(*formRow) error) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		var f formRow
		if err := tx.GetContext(ctx, &f, lockFormSQL, id); err != nil {
			return fmt.Errorf("lock form: %w", err)
		}
		if err := fn(&f); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, updateFormSQL, id, f.Settings, f.Secrets, f.Version, f.DisabledAt); err != nil {
			return fmt.Errorf("update form: %w", err)
		}
		return nil
	})
}

// insertPost stores a post, and reports false when its name was posted before.
func (s store) insertPost(ctx context.Context, p postRow) (bool, error) {
	result, err := s.db.ExecContext(ctx, insertPostSQL,
		p.ID, p.FormID, p.Name, p.State, p.Content, p.Reasons, p.ThingID, p.Code, p.ReceivedAt, p.DueAt)
	if err != nil {
		return false, fmt.Errorf("insert post: %w", pg.MapContext(ctx, err))
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("insert post: %w", err)
	}
	return n == 1, nil
}

func (s store) namedPost(ctx context.Context, form, name string) (postRow, error) {
	return s.post(ctx, namedPostSQL, form, name)
}

func (s store) selectPost(ctx context.Context, form, id string) (postRow, error) {
	return s.post(ctx, selectPostSQL, form, id)
}

func (s store) post(ctx context.Context, q, form, key string) (postRow, error) {
	var p postRow
	if err := s.db.GetContext(ctx, &p, q, form, key); err != nil {
		return p, fmt.Errorf("select post: %w", pg.MapContext(ctx, err))
	}
	return p, nil
}

// listPosts lists the posts of a form in a state, or in any, the latest first.
func (s store) listPosts(ctx context.Context, form string, state PostState, limit int) ([]postRow, error) {
	var rows []postRow
	if err := s.db.SelectContext(ctx, &rows, listPostsSQL, form, state, limit); err != nil {
		return nil, fmt.Errorf("list posts: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

// settlePost stores what became of a post; nothing when it was settled already.
func (s store) settlePost(ctx context.Context, p postRow) error {
	if _, err := s.db.ExecContext(ctx, settlePostSQL, p.ID, p.State, p.Content, p.Reasons, p.ThingID, p.Code); err != nil {
		return fmt.Errorf("settle post: %w", pg.MapContext(ctx, err))
	}
	return nil
}

// takeDue returns posts that were received and not looked at, and leaves them alone
// until a time.
func (s store) takeDue(ctx context.Context, now, until time.Time, limit int) ([]postRow, error) {
	var rows []postRow
	if err := s.db.SelectContext(ctx, &rows, takeDueSQL, now, until, limit); err != nil {
		return nil, fmt.Errorf("take due posts: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

// purge forgets posts that nobody looked at, and the names of those taken in.
func (s store) purge(ctx context.Context, now time.Time) error {
	_, waiting := s.db.ExecContext(ctx, dropWaitingSQL, now.Add(-WaitingKept))
	_, receipts := s.db.ExecContext(ctx, dropReceiptsSQL, now.Add(-receiptsKept))
	if err := errors.Join(waiting, receipts); err != nil {
		return fmt.Errorf("purge posts: %w", pg.MapContext(ctx, err))
	}
	return nil
}
