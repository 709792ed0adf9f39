package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

func administrationStatements() []string {
	return []string{livesBelowSQL, endOrganisationSQL, upsertCategorySQL, listTrailSQL, selectCodesSQL}
}

const livesBelowSQL = `
	SELECT EXISTS (SELECT FROM organisation WHERE path > $1 AND path < $2 AND ended_at IS NULL)`

// livesBelow reports whether an organisation below has not ended.
func (s store) livesBelow(ctx context.Context, tx *sqlx.Tx, r organisationRow) (bool, error) {
	var lives bool
	if err := tx.GetContext(ctx, &lives, livesBelowSQL, r.Path, contract.PathEnd(r.Path)); err != nil {
		return false, fmt.Errorf("look below organisation: %w", err)
	}
	return lives, nil
}

const endOrganisationSQL = `UPDATE organisation SET ended_at = $2 WHERE id = $1`

func (s store) endOrganisation(ctx context.Context, tx *sqlx.Tx, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, endOrganisationSQL, id, now); err != nil {
		return fmt.Errorf("end organisation: %w", err)
	}
	return nil
}

const upsertCategorySQL = `
	INSERT INTO category (code, parent, names, units, modes, credential, sensitive, matching, hsds, position, edited_at, retired_at)
	VALUES ($1, nullif($2, ''), $3, $4, $5, $6, $7, $8, $9, $10, $11, CASE WHEN $12::boolean THEN $11::timestamptz END)
	ON CONFLICT (code) DO UPDATE SET names = excluded.names, units = excluded.units, modes = excluded.modes,
		credential = excluded.credential, sensitive = excluded.sensitive, matching = excluded.matching,
		hsds = excluded.hsds, position = excluded.position, edited_at = excluded.edited_at,
		retired_at = CASE WHEN $12::boolean THEN coalesce(category.retired_at, excluded.retired_at) END`

// upsertCategory stores a category as people want it.
func (s store) upsertCategory(ctx context.Context, tx *sqlx.Tx, c contract.Category, now time.Time) error {
	_, err := tx.ExecContext(ctx, upsertCategorySQL, c.Code, c.Parent, jsonColumn[map[string]string]{c.Names},
		texts(c.Units), texts(c.Modes), c.Credential, c.Sensitive, c.Matching, c.HSDS, c.Order, now, c.Retired)
	if err != nil {
		return fmt.Errorf("upsert category: %w", err)
	}
	return nil
}

func texts[T ~string](values []T) pq.StringArray {
	all := make(pq.StringArray, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}

// trailFilter asks for audit rows in a range of organisation paths, those after a
// row when begun. What is empty or null narrows nothing.
type trailFilter struct {
	path, actor, action, subject string
	from, until                  *time.Time
	begun                        bool
	after                        trailPlace
	limit                        int
}

type trailRow struct {
	auditRow
	Code string `db:"code"` // of the organisation
}

func (r trailRow) message() contract.AuditRecord {
	return contract.AuditRecord{
		Organisation: r.Code, Seq: r.Seq, At: r.At.UTC(), Action: r.Action, SubjectID: r.SubjectID, Role: contract.Role(r.Role),
		ActorID: r.ActorID, ActorName: r.ActorName, Reason: r.Reason,
	}
}

const listTrailSQL = `
	SELECT a.organisation_id, a.seq, a.at, a.action, a.subject_id, a.role, a.actor_id, a.actor_name, a.reason, o.code
	FROM audit a JOIN organisation o ON o.id = a.organisation_id
	WHERE o.path >= $1 AND o.path < $2
		AND ($3 = '' OR a.actor_id = $3 OR a.actor_name = $3)
		AND ($4 = '' OR starts_with(a.action, $4))
		AND ($5 = '' OR a.subject_id = $5)
		AND ($6::timestamptz IS NULL OR a.at >= $6)
		AND ($7::timestamptz IS NULL OR a.at < $7)
		AND (NOT $8::boolean OR (a.at, a.organisation_id, a.seq) < ($9::timestamptz, nullif($10, '')::uuid, $11::bigint))
	ORDER BY a.at DESC, a.organisation_id DESC, a.seq DESC LIMIT $12`

func (s store) listTrail(ctx context.Context, f trailFilter) ([]trailRow, error) {
	rows := []trailRow{}
	err := s.db.SelectContext(ctx, &rows, listTrailSQL, f.path, contract.PathEnd(f.path), f.actor, f.action, f.subject,
		f.from, f.until, f.begun, f.after.At, f.after.Organisation, f.after.Seq, f.limit)
	if err != nil {
		return nil, fmt.Errorf("list audit trail: %w", err)
	}
	return rows, nil
}

const selectCodesSQL = `SELECT id, code FROM organisation`

// selectCodes returns the codes of the organisations in sight by their ids.
func (s store) selectCodes(ctx context.Context, tx *sqlx.Tx) (map[string]string, error) {
	var rows []struct {
		ID   string `db:"id"`
		Code string `db:"code"`
	}
	if err := tx.SelectContext(ctx, &rows, selectCodesSQL); err != nil {
		return nil, fmt.Errorf("select organisation codes: %w", err)
	}
	codes := make(map[string]string, len(rows))
	for _, row := range rows {
		codes[row.ID] = row.Code
	}
	return codes, nil
}
