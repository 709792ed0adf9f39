package directory

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/services/directory/seed"
)

func referenceStatements() []string {
	return []string{
		selectVersionSQL, lockReferenceSQL, updateSeedSQL, bumpVersionSQL,
		upsertRegionsSQL, upsertCategoriesSQL, upsertItemsSQL, upsertCampaignsSQL,
		listRegionsSQL, listCategoriesSQL, listItemsSQL, listCampaignsSQL, listCoordinatorsSQL,
	}
}

const selectVersionSQL = `SELECT version FROM reference`

func (s store) selectVersion(ctx context.Context) (int64, error) {
	var version int64
	if err := s.db.GetContext(ctx, &version, selectVersionSQL); err != nil {
		return 0, fmt.Errorf("select reference version: %w", err)
	}
	return version, nil
}

const lockReferenceSQL = `SELECT seed FROM reference FOR UPDATE`

// lockReference lets one change of organisations or reference data go on at a
// time, and returns the hash of what was loaded. Readers do not wait.
func (s store) lockReference(ctx context.Context, tx *sqlx.Tx) (string, error) {
	var hash string
	if err := tx.GetContext(ctx, &hash, lockReferenceSQL); err != nil {
		return "", fmt.Errorf("lock reference: %w", err)
	}
	return hash, nil
}

const updateSeedSQL = `UPDATE reference SET seed = $1`

func (s store) updateSeed(ctx context.Context, tx *sqlx.Tx, hash string) error {
	if _, err := tx.ExecContext(ctx, updateSeedSQL, hash); err != nil {
		return fmt.Errorf("update seed: %w", err)
	}
	return nil
}

const bumpVersionSQL = `UPDATE reference SET version = version + 1`

func (s store) bumpVersion(ctx context.Context, tx *sqlx.Tx) error {
	if _, err := tx.ExecContext(ctx, bumpVersionSQL); err != nil {
		return fmt.Errorf("bump reference version: %w", err)
	}
	return nil
}

const upsertRegionsSQL = `
	INSERT INTO region (code, parent, level, names, lat, lon)
	SELECT code, parent, level, names, (point->>'lat')::float8, (point->>'lon')::float8
	FROM jsonb_to_recordset($1::jsonb) AS r (code text, parent text, level text, names jsonb, point jsonb)
	ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, level = excluded.level, names = excluded.names,
		lat = excluded.lat, lon = excluded.lon`

const upsertCategoriesSQL = `
	INSERT INTO category (code, parent, names, units, modes, credential, sensitive, matching, hsds, position)
	SELECT code, parent, names, units, modes, credential, sensitive, matching, coalesce(hsds, ''), "order"
	FROM jsonb_to_recordset($1::jsonb) AS c (code text, parent text, names jsonb, units text[], modes text[],
		credential boolean, sensitive boolean, matching text, hsds text, "order" integer)
	ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, names = excluded.names, units = excluded.units,
		modes = excluded.modes, credential = excluded.credential, sensitive = excluded.sensitive,
		matching = excluded.matching, hsds = excluded.hsds, position = excluded.position
	WHERE category.edited_at IS NULL`

const upsertItemsSQL = `
	INSERT INTO item (code, category, names, aliases, unit, per)
	SELECT code, category, names, coalesce(aliases, '{}'), unit, coalesce(per, '{}')
	FROM jsonb_to_recordset($1::jsonb) AS i (code text, category text, names jsonb, aliases text[], unit text, per jsonb)
	ON CONFLICT (code) DO UPDATE SET category = excluded.category, names = excluded.names,
		aliases = excluded.aliases, unit = excluded.unit, per = excluded.per`

const upsertCampaignsSQL = `
	INSERT INTO campaign (code, names)
	SELECT code, names FROM jsonb_to_recordset($1::jsonb) AS c (code text, names jsonb)
	ON CONFLICT (code) DO UPDATE SET names = excluded.names`

// upsertSeed stores the embedded data; rows that it does not name stay.
func (s store) upsertSeed(ctx context.Context, tx *sqlx.Tx, doc seed.Document) error {
	tables := []struct {
		name, statement string
		rows            any
	}{
		{"regions", upsertRegionsSQL, doc.Regions},
		{"categories", upsertCategoriesSQL, doc.Categories},
		{"items", upsertItemsSQL, doc.Items},
		{"campaigns", upsertCampaignsSQL, doc.Campaigns},
	}
	for _, table := range tables {
		rows, err := json.Marshal(table.rows)
		if err != nil {
			return fmt.Errorf("encode %s: %w", table.name, err)
		}
		if _, err := tx.ExecContext(ctx, table.statement, string(rows)); err != nil {
			return fmt.Errorf("upsert %s: %w", table.name, err)
		}
	}
	return nil
}

type regionRow struct {
	Code   string                        `db:"code"`
	Parent string                        `db:"parent"`
	Level  string                        `db:"level"`
	Names  jsonColumn[map[string]string] `db:"names"`
	Lat    *float64                      `db:"lat"`
	Lon    *float64                      `db:"lon"`
}

func (r regionRow) message() contract.Region {
	region := contract.Region{Code: r.Code, Parent: r.Parent, Level: r.Level, Names: r.Names.value}
	if r.Lat != nil && r.Lon != nil {
		region.Point = &contract.Point{Lat: *r.Lat, Lon: *r.Lon}
	}
	return region
}

const listRegionsSQL = `SELECT code, coalesce(parent, '') AS parent, level, names, lat, lon FROM region ORDER BY code`

func (s store) listRegions(ctx context.Context) ([]contract.Region, error) {
	return list(ctx, s, "regions", listRegionsSQL, regionRow.message)
}

type categoryRow struct {
	Code       string                        `db:"code"`
	Parent     string                        `db:"parent"`
	Names      jsonColumn[map[string]string] `db:"names"`
	Units      pq.StringArray                `db:"units"`
	Modes      pq.StringArray                `db:"modes"`
	Credential bool                          `db:"credential"`
	Sensitive  bool                          `db:"sensitive"`
	Matching   string                        `db:"matching"`
	HSDS       string                        `db:"hsds"`
	Position   int                           `db:"position"`
	Retired    bool                          `db:"retired"`
}

func (r categoryRow) message() contract.Category {
	return contract.Category{
		Code: r.Code, Parent: r.Parent, Names: r.Names.value,
		Units: convert[contract.Unit](r.Units), Modes: convert[contract.Mode](r.Modes),
		Credential: r.Credential, Sensitive: r.Sensitive, Matching: r.Matching, HSDS: r.HSDS, Order: r.Position, Retired: r.Retired,
	}
}

const listCategoriesSQL = `
	SELECT code, coalesce(parent, '') AS parent, names, units, modes, credential, sensitive, matching, hsds, position,
		retired_at IS NOT NULL AS retired
	FROM category ORDER BY position, code`

func (s store) listCategories(ctx context.Context) ([]contract.Category, error) {
	return list(ctx, s, "categories", listCategoriesSQL, categoryRow.message)
}

type itemRow struct {
	Code     string                              `db:"code"`
	Category string                              `db:"category"`
	Names    jsonColumn[map[string]string]       `db:"names"`
	Aliases  pq.StringArray                      `db:"aliases"`
	Unit     contract.Unit                       `db:"unit"`
	Per      jsonColumn[map[contract.Unit]int64] `db:"per"`
}

func (r itemRow) message() contract.Item {
	return contract.Item{
		Code: r.Code, Category: r.Category, Names: r.Names.value,
		Aliases: r.Aliases, Unit: r.Unit, Per: r.Per.value,
	}
}

const listItemsSQL = `SELECT code, category, names, aliases, unit, per FROM item ORDER BY code`

func (s store) listItems(ctx context.Context) ([]contract.Item, error) {
	return list(ctx, s, "items", listItemsSQL, itemRow.message)
}

type campaignRow struct {
	Code          string                        `db:"code"`
	Names         jsonColumn[map[string]string] `db:"names"`
	Organisations int64                         `db:"organisations"`
}

func (r campaignRow) message() contract.Campaign {
	return contract.Campaign{Code: r.Code, Name: r.Names.value, Organisations: r.Organisations}
}

const campaignColumns = `
	SELECT c.code, c.names,
		(SELECT count(*) FROM campaign_organisation o WHERE o.campaign = c.code) AS organisations
	FROM campaign c`

const listCampaignsSQL = campaignColumns + ` ORDER BY c.code`

func (s store) listCampaigns(ctx context.Context) ([]contract.Campaign, error) {
	return list(ctx, s, "campaigns", listCampaignsSQL, campaignRow.message)
}

const listCoordinatorsSQL = organisationColumns + ` WHERE o.coordinates ORDER BY o.path`

func (s store) listCoordinators(ctx context.Context) ([]organisationRow, error) {
	return list(ctx, s, "coordinators", listCoordinatorsSQL, func(r organisationRow) organisationRow { return r })
}

// list reads all rows of a statement without arguments.
func list[R, M any](ctx context.Context, s store, what, statement string, message func(R) M) ([]M, error) {
	var rows []R
	if err := s.db.SelectContext(ctx, &rows, statement); err != nil {
		return nil, fmt.Errorf("list %s: %w", what, err)
	}
	messages := make([]M, len(rows))
	for i, row := range rows {
		messages[i] = message(row)
	}
	return messages, nil
}

func convert[T ~string](texts []string) []T {
	values := make([]T, len(texts))
	for i, text := range texts {
		values[i] = T(text)
	}
	return values
}
