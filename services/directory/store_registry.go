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
	"heli/pkg/fault"
)

func registryStatements() []string {
	return []string{listOrganisationsSQL, rollUpSQL, listHonoursSQL, upsertCampaignSQL, insertParticipantsSQL, selectCampaignSQL}
}

// organisationFilter asks for organisations in a range of paths, after one of
// them. What is empty or null narrows nothing.
type organisationFilter struct {
	path, after, text, region, level, campaign string
	specialties                                []string // any of them
	verified                                   *bool
	limit                                      int
}

const listOrganisationsSQL = organisationColumns + `
	WHERE o.path >= $1 AND o.path < $2 AND o.path > $3
		AND ($4 = '' OR position(lower($4) IN lower(o.name)) > 0 OR position(lower($4) IN lower(o.code)) > 0)
		AND ($5 = '' OR o.region_code IN (
			WITH RECURSIVE within AS (
				SELECT code FROM region WHERE code = $5
				UNION SELECT r.code FROM region r JOIN within w ON r.parent = w.code)
			SELECT code FROM within))
		AND ($6 = '' OR o.level = $6)
		AND ($7::text[] IS NULL OR o.specialties && $7)
		AND ($8 = '' OR EXISTS (SELECT FROM campaign_organisation c WHERE c.campaign = $8 AND c.organisation_id = o.id))
		AND ($9::boolean IS NULL OR o.verified = $9)
	ORDER BY o.path LIMIT $10`

func (s store) listOrganisations(ctx context.Context, f organisationFilter) ([]organisationRow, error) {
	rows := []organisationRow{}
	err := s.db.SelectContext(ctx, &rows, listOrganisationsSQL, f.path, contract.PathEnd(f.path), f.after,
		f.text, f.region, f.level, pq.StringArray(f.specialties), f.campaign, f.verified, f.limit)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	return rows, nil
}

const rollUpSQL = `
	WITH RECURSIVE below AS (
		SELECT code, code AS top FROM region WHERE parent = $3
		UNION ALL SELECT r.code, b.top FROM region r JOIN below b ON r.parent = b.code
	), placed AS (
		SELECT code, top FROM below UNION ALL SELECT $3, $3
	)
	SELECT p.top AS region_code, o.level, count(*) AS count, count(*) FILTER (WHERE o.verified) AS verified,
		count(*) FILTER (WHERE o.coordinates) AS coordinates
	FROM organisation o JOIN placed p ON p.code = o.region_code
	WHERE o.path >= $1 AND o.path < $2
	GROUP BY p.top, o.level
	ORDER BY p.top, array_position(ARRAY['country', 'province', 'city', 'county', 'community'], o.level)`

// rollUp counts the organisations at or below a path by the regions directly
// below one.
func (s store) rollUp(ctx context.Context, path, region string) ([]contract.RollUpRow, error) {
	rows := []contract.RollUpRow{}
	if err := s.db.SelectContext(ctx, &rows, rollUpSQL, path, contract.PathEnd(path), region); err != nil {
		return nil, fmt.Errorf("roll up organisations: %w", err)
	}
	return rows, nil
}

type honourRow struct {
	Rank        int            `db:"rank"`
	Code        string         `db:"code"`
	Name        string         `db:"name"`
	Level       string         `db:"level"`
	RegionCode  string         `db:"region_code"`
	Specialties pq.StringArray `db:"specialties"`
}

const listHonoursSQL = `
	SELECT * FROM (
		SELECT array_position(ARRAY['province', 'city', 'county', 'community'], level) AS rank,
			code, name COLLATE "C" AS name, level, region_code, specialties
		FROM organisation
		WHERE lower(code) IN (SELECT lower(unnest($1::text[]))) AND parent_id IS NOT NULL
	) o
	WHERE (rank, name, code) > ($2, $3, $4)
	ORDER BY rank, name, code LIMIT $5`

func (s store) listHonours(ctx context.Context, codes []string, after honourPlace, limit int) ([]honourRow, error) {
	var rows []honourRow
	err := s.db.SelectContext(ctx, &rows, listHonoursSQL, pq.StringArray(codes), after.Rank, after.Name, after.Code, limit)
	if err != nil {
		return nil, fmt.Errorf("list honours: %w", err)
	}
	return rows, nil
}

const upsertCampaignSQL = `
	INSERT INTO campaign (code, names) VALUES ($1, $2)
	ON CONFLICT (code) DO UPDATE SET names = excluded.names`

func (s store) upsertCampaign(ctx context.Context, tx *sqlx.Tx, code string, names map[string]string) error {
	if _, err := tx.ExecContext(ctx, upsertCampaignSQL, code, jsonColumn[map[string]string]{names}); err != nil {
		return fmt.Errorf("upsert campaign: %w", err)
	}
	return nil
}

const insertParticipantsSQL = `
	INSERT INTO campaign_organisation (campaign, organisation_id, joined_at)
	SELECT $1, unnest($2::uuid[]), $3
	ON CONFLICT DO NOTHING`

func (s store) insertParticipants(ctx context.Context, tx *sqlx.Tx, campaign string, organisations []string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, insertParticipantsSQL, campaign, pq.StringArray(organisations), at); err != nil {
		return fmt.Errorf("insert participants: %w", err)
	}
	return nil
}

const selectCampaignSQL = campaignColumns + ` WHERE c.code = $1`

func (s store) selectCampaign(ctx context.Context, q sqlx.QueryerContext, code string) (contract.Campaign, error) {
	var row campaignRow
	err := sqlx.GetContext(ctx, q, &row, selectCampaignSQL, code)
	if errors.Is(err, sql.ErrNoRows) {
		return contract.Campaign{}, fault.NewNotFound("campaign")
	}
	if err != nil {
		return contract.Campaign{}, fmt.Errorf("select campaign: %w", err)
	}
	return row.message(), nil
}
