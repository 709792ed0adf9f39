package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/cmd/heli/bench/scenario"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/services/matcher/rank"
)

// rowsOf are rows of one table, to be copied.
type rowsOf struct {
	table   string
	columns []string
	rows    [][]any
}

// batch is copied in one transaction, so that it is there whole or not at all.
type batch []rowsOf

// offerBatch makes the offers of some numbers, with their lines and what past
// matches hold of them.
func offerBatch(world *scenario.Scenario, from, to int, then time.Time) (batch, error) {
	offers := rowsOf{"offers", []string{"offer_id", "version", "available", "org_path", "document", "changed_at"}, nil}
	lines := rowsOf{"offer_lines", []string{"offer_line_id", "offer_id", "capacity", "per"}, nil}
	used := rowsOf{"capacity", []string{"offer_line_id", "period_start", "capacity", "reserved"}, nil}
	matches := rowsOf{"matches", matchColumns(), nil}
	for i := from; i < to; i++ {
		o := placed(world.Offer(i), i)
		p := projectedOffer(o)
		document, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode offer: %w", err)
		}
		offers.rows = append(offers.rows, []any{p.OfferID, p.Version, p.Available, p.Path, string(document), then})
		lines.rows = append(lines.rows, []any{o.ID, o.OfferID, *o.Free, o.Per})
		if i%usedEvery == usedAt {
			used.rows = append(used.rows, []any{o.ID, time.Unix(0, 0).UTC(), *o.Free, 1})
			matches.rows = append(matches.rows, pastMatch(o, i, then))
		}
	}
	return batch{offers, lines, used, matches}, nil
}

// needBatch makes the open requests of some numbers.
func needBatch(world *scenario.Scenario, from, to int, then time.Time) (batch, error) {
	requests := rowsOf{"requests", []string{"request_id", "version", "open", "suggestable", "org_path", "document", "changed_at"}, nil}
	needs := rowsOf{"needs", []string{"need_line_id", "request_id", "quantity", "reserved"}, nil}
	for i := from; i < to; i++ {
		n := world.Need(i)
		p := projectedRequest(n)
		document, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		requests.rows = append(requests.rows, []any{p.RequestID, p.Version, p.Open, p.Suggestable, p.Path, string(document), then})
		needs.rows = append(needs.rows, []any{n.ID, n.RequestID, *n.Remaining, 0})
	}
	return batch{requests, needs}, nil
}

func matchColumns() []string {
	return []string{
		"id", "code", "state", "version", "request_id", "need_line_id", "offer_id", "offer_line_id", "request_org", "request_path",
		"offer_org", "offer_path", "category", "region_code", "urgency", "quantity", "unit", "offer_quantity", "period_start",
		"policy_version", "score", "factors", "created_at", "updated_at",
	}
}

// pastMatch is a match of one unit that was confirmed by a request that ended.
func pastMatch(o rank.Offer, i int, then time.Time) []any {
	ended := contract.NewID[contract.RequestID]()
	return []any{
		contract.NewID[contract.MatchID](), fmt.Sprintf("bench-%d", i), "confirmed", 1, ended, contract.NewID[contract.NeedLineID](),
		o.OfferID, o.ID, codeOf(askerPath), askerPath, codeOf(o.Path), o.Path, o.Category, o.Region, string(contract.Routine), 1, o.Unit, 1,
		time.Unix(0, 0).UTC(), 1, 0.5, "[]", then, then,
	}
}

// copyBatch writes a batch in one transaction.
func copyBatch(ctx context.Context, db *pg.DB, all batch) error {
	return db.InTx(ctx, func(tx *sqlx.Tx) error {
		for _, one := range all {
			if err := copyRows(ctx, tx, one); err != nil {
				return fmt.Errorf("copy into %s: %w", one.table, err)
			}
		}
		return nil
	})
}

func copyRows(ctx context.Context, tx *sqlx.Tx, all rowsOf) (err error) {
	if len(all.rows) == 0 {
		return nil
	}
	copying, err := tx.PrepareContext(ctx, fmt.Sprintf("COPY matcher.%s (%s) FROM STDIN", all.table, strings.Join(all.columns, ", ")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copying.Close()) }()
	for _, row := range all.rows {
		if _, err := copying.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	_, err = copying.ExecContext(ctx)
	return err
}

// beginFilling notes what a database is filled with, and adds the categories and
// regions of the scenario; it is an error when something else is in it.
func beginFilling(ctx context.Context, db *pg.DB, what string, at rank.Moment) error {
	return db.InTx(ctx, func(tx *sqlx.Tx) error {
		const note = `
			CREATE SCHEMA IF NOT EXISTS bench;
			CREATE TABLE IF NOT EXISTS bench.filling (one boolean PRIMARY KEY DEFAULT true CHECK (one), what text NOT NULL)`
		if _, err := tx.ExecContext(ctx, note); err != nil {
			return fmt.Errorf("make table of what is filled in: %w", err)
		}
		var there string
		err := tx.GetContext(ctx, &there, `SELECT what FROM bench.filling`)
		if err == nil && there != what {
			return errors.New("--data holds another scenario: name another folder")
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO bench.filling (what) VALUES ($1)`, what); err != nil {
			return fmt.Errorf("note what is filled in: %w", err)
		}
		return insertReference(ctx, tx, at)
	})
}

// insertReference adds what the scenario's rows refer to.
func insertReference(ctx context.Context, tx *sqlx.Tx, at rank.Moment) error {
	const region = `INSERT INTO directory.region (code, level, names) VALUES ($1, $2, '{}') ON CONFLICT DO NOTHING`
	for _, r := range at.Reference.Regions() {
		if _, err := tx.ExecContext(ctx, region, r.Code, r.Level); err != nil {
			return fmt.Errorf("insert region: %w", err)
		}
	}
	const category = `INSERT INTO directory.category (code, names, units, modes, credential, sensitive, matching, hsds, position)
		VALUES ($1, '{}', $2, '{}', false, false, 'assisted', '', 1000) ON CONFLICT DO NOTHING`
	for _, c := range at.Reference.Categories() {
		units := make([]string, len(c.Units))
		for i, u := range c.Units {
			units[i] = string(u)
		}
		if _, err := tx.ExecContext(ctx, category, c.Code, pq.Array(units)); err != nil {
			return fmt.Errorf("insert category: %w", err)
		}
	}
	document, err := json.Marshal(rank.Default())
	if err != nil {
		return fmt.Errorf("encode policy: %w", err)
	}
	const policy = `INSERT INTO matcher.policies (document, created_at) SELECT $1, now() WHERE NOT EXISTS (SELECT FROM matcher.policies)`
	if _, err := tx.ExecContext(ctx, policy, document); err != nil {
		return fmt.Errorf("insert policy: %w", err)
	}
	return nil
}

// countRows returns how many rows of a table the scenario's batches have filled.
func countRows(ctx context.Context, db *pg.DB, table string) (int, error) {
	var n int
	if err := db.GetContext(ctx, &n, `SELECT count(*) FROM `+table); err != nil {
		return 0, fmt.Errorf("count rows of %s: %w", table, err)
	}
	return n, nil
}

// settleTables lets PostgreSQL know what is in the tables, as autovacuum would
// have by now.
func settleTables(ctx context.Context, db *pg.DB) error {
	const q = `VACUUM ANALYZE matcher.offers, matcher.offer_lines, matcher.capacity, matcher.matches, matcher.requests, matcher.needs`
	if _, err := db.ExecContext(ctx, q); err != nil {
		return fmt.Errorf("settle tables: %w", err)
	}
	return nil
}
