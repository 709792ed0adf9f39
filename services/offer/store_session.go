package offer

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// sessionRow is a session as stored; its day is a text, which no zone can move.
type sessionRow struct {
	ID         contract.SessionID `db:"id"`
	OrgCode    string             `db:"org_code"`
	OrgPath    string             `db:"org_path"`
	HeldOn     string             `db:"held_on"`
	Minutes    int64              `db:"minutes"`
	People     int64              `db:"people"`
	Helpers    int64              `db:"helpers"`
	Mode       contract.Mode      `db:"mode"`
	Group      bool               `db:"is_group"`
	Category   string             `db:"category"`
	RegionCode string             `db:"region_code"`
	Campaign   string             `db:"campaign"`
	MatchID    *contract.MatchID  `db:"match_id"`
	Source     string             `db:"source"`
	SourceID   string             `db:"source_id"`
	Flags      pq.StringArray     `db:"flags"`
	Roster     int                `db:"roster"`
	VoidReason *string            `db:"void_reason"`
	RecordedBy string             `db:"recorded_by"`
	RecordedAt time.Time          `db:"recorded_at"`
}

func (r sessionRow) view() contract.ServiceSession {
	v := contract.ServiceSession{
		ID: r.ID, Organisation: r.OrgCode, HeldOn: r.HeldOn, Minutes: r.Minutes, People: r.People, Helpers: r.Helpers, Mode: r.Mode,
		Group: r.Group, Category: r.Category, RegionCode: r.RegionCode, Campaign: r.Campaign, Flags: r.Flags,
		Roster: r.Roster, VoidReason: r.VoidReason, RecordedBy: r.RecordedBy, RecordedAt: r.RecordedAt,
	}
	if r.MatchID != nil {
		v.MatchID = *r.MatchID
	}
	return v
}

const sessionColumns = `id, org_code, org_path, to_char(held_on, 'YYYY-MM-DD') AS held_on, minutes, people, helpers, mode, is_group,
	category, region_code, campaign, match_id, source, source_id, flags, void_reason, recorded_by, recorded_at,
	coalesce((SELECT r.count FROM rosters r WHERE r.session_id = sessions.id), 0) AS roster`

const insertSessionSQL = `
	INSERT INTO sessions (id, org_code, org_path, held_on, minutes, people, helpers, mode, is_group, category, region_code, campaign,
		match_id, source, source_id, flags, recorded_by, recorded_at)
	VALUES ($1, $2, $3, $4::date, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
	ON CONFLICT DO NOTHING`

// insertSession reports false when its id or source is there.
func (s *store) insertSession(ctx context.Context, tx *sqlx.Tx, r sessionRow) (bool, error) {
	result, err := tx.ExecContext(ctx, insertSessionSQL, r.ID, r.OrgCode, r.OrgPath, r.HeldOn, r.Minutes, r.People, r.Helpers,
		r.Mode, r.Group, r.Category, r.RegionCode, r.Campaign, r.MatchID, r.Source, r.SourceID, r.Flags, r.RecordedBy, r.RecordedAt)
	if err != nil {
		return false, fmt.Errorf("insert session: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

const selectRecordedSQL = `SELECT ` + sessionColumns + ` FROM sessions
	WHERE org_path = $1 AND (id = $2 OR source_id <> '' AND source = $3 AND source_id = $4)`

// selectRecorded returns the session that has the row's id or source.
func (s *store) selectRecorded(ctx context.Context, tx *sqlx.Tx, r sessionRow) (row sessionRow, err error) {
	if err := tx.GetContext(ctx, &row, selectRecordedSQL, r.OrgPath, r.ID, r.Source, r.SourceID); err != nil {
		return row, fmt.Errorf("select recorded session: %w", err)
	}
	return row, nil
}

// sessionFilter narrows sessions; empty fields match all.
type sessionFilter struct {
	path               string
	category, campaign string
	regions            []string
	from, to           string
}

const sessionsWhere = `
	org_path >= $1 AND org_path < $2 AND ($3 = '' OR category = $3) AND ($4 = '' OR campaign = $4)
	AND ($5::text[] IS NULL OR region_code = ANY ($5))
	AND ($6 = '' OR held_on >= $6::date) AND ($7 = '' OR held_on <= $7::date)`

func (f sessionFilter) values() []any {
	return []any{f.path, contract.PathEnd(f.path), f.category, f.campaign, array(f.regions), f.from, f.to}
}

const listSessionsSQL = `SELECT ` + sessionColumns + ` FROM sessions WHERE ` + sessionsWhere + `
	AND ($8 = '' OR (held_on, id) < ($8::date, $9::uuid))
	ORDER BY sessions.held_on DESC, id DESC LIMIT $10`

func (s *store) listSessions(ctx context.Context, f sessionFilter, after sessionPlace, limit int) (rows []sessionRow, err error) {
	var id *contract.SessionID
	if after.HeldOn != "" {
		id = &after.ID
	}
	if err := s.db.SelectContext(ctx, &rows, listSessionsSQL, append(f.values(), after.HeldOn, id, limit)...); err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return rows, nil
}

const sumSessionsSQL = `
	SELECT CASE $8 WHEN 'organisation' THEN org_code WHEN 'category' THEN category WHEN 'campaign' THEN campaign
			WHEN 'region' THEN region_code ELSE to_char(held_on, 'YYYY-MM') END AS key,
		count(*) AS sessions, sum(people) AS person_times, sum(minutes) AS minutes, sum(helpers) AS helpers
	FROM sessions WHERE ` + sessionsWhere + ` AND void_reason IS NULL AND held_on <= $9::date
	GROUP BY 1 ORDER BY person_times DESC, key`

// sumSessions sums the sessions until a day, that day included.
func (s *store) sumSessions(ctx context.Context, f sessionFilter, by contract.SessionGrouping, until string) (rows []contract.SessionTotal, err error) {
	if err := s.db.SelectContext(ctx, &rows, sumSessionsSQL, append(f.values(), by, until)...); err != nil {
		return nil, fmt.Errorf("sum sessions: %w", err)
	}
	return rows, nil
}

const voidSessionSQL = `
	UPDATE sessions SET void_reason = coalesce(void_reason, $2), source_id = CASE WHEN $3::boolean THEN '' ELSE source_id END
	WHERE id = $1 RETURNING ` + sessionColumns

// voidSession keeps the first reason; one that is unknown again frees its source.
func (s *store) voidSession(ctx context.Context, tx *sqlx.Tx, id contract.SessionID, reason string, unknown bool) (row sessionRow, err error) {
	if err := tx.GetContext(ctx, &row, voidSessionSQL, id, reason, unknown); err != nil {
		return row, fmt.Errorf("void session: %w", err)
	}
	return row, nil
}

var sessionStatements = []string{insertSessionSQL, selectRecordedSQL, listSessionsSQL, sumSessionsSQL, voidSessionSQL}
