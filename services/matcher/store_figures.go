package matcher

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/check"
	"heli/pkg/contract"
)

// figuresSQL begins every count: matches of requests in a range of paths, in
// regions, of a campaign, of categories; null and empty ones are all.
const figuresSQL = `
	FROM matches m
	WHERE m.request_path >= $1 AND m.request_path < $2
		AND ($3::text[] IS NULL OR m.region_code = ANY ($3))
		AND ($4 = '' OR m.campaign = $4)
		AND ($5::text[] IS NULL OR m.category = ANY ($5))`

const countProposedSQL = `SELECT to_char(m.created_at AT TIME ZONE $8, 'YYYY-MM-DD') AS day, count(*) AS count` + figuresSQL + `
		AND m.created_at >= $6 AND m.created_at < $7
	GROUP BY 1 ORDER BY 1`

const countConfirmedSQL = `SELECT to_char(m.updated_at AT TIME ZONE $8, 'YYYY-MM-DD') AS day, count(*) AS count` + figuresSQL + `
		AND m.state = 'confirmed' AND m.updated_at >= $6 AND m.updated_at < $7
	GROUP BY 1 ORDER BY 1`

const countWaitsSQL = `SELECT urgency, count(*) AS proposed,
		percentile_disc(0.5) WITHIN GROUP (ORDER BY proposed_s) AS proposed_median_s,
		percentile_disc(0.9) WITHIN GROUP (ORDER BY proposed_s) AS proposed_p90_s,
		count(confirmed_s) AS confirmed,
		percentile_disc(0.5) WITHIN GROUP (ORDER BY confirmed_s) AS confirmed_median_s,
		percentile_disc(0.9) WITHIN GROUP (ORDER BY confirmed_s) AS confirmed_p90_s
	FROM (SELECT m.urgency, m.request_id,
			extract(epoch FROM min(m.created_at) - min(m.asked_at))::bigint AS proposed_s,
			extract(epoch FROM min(m.updated_at) FILTER (WHERE m.state = 'confirmed') - min(m.asked_at))::bigint AS confirmed_s` + figuresSQL + `
		AND m.asked_at >= $6 AND m.asked_at < $7
		GROUP BY 1, 2) w
	GROUP BY 1`

// countLoadSQL counts helpers by how often the offers in the range were asked; one
// whose phone is not verified is told by the offer.
const countLoadSQL = `SELECT width_bucket(asked - 1, $4::bigint[]) AS asked, count(*) AS helpers
	FROM (SELECT coalesce(nullif(m.helper_key, ''), m.offer_id::text), count(*) AS asked
		FROM matches m
		WHERE m.offer_path >= $1 AND m.offer_path < $2 AND m.created_at >= $3
		GROUP BY 1) h
	GROUP BY 1 ORDER BY 1`

// loadSpan is how far back asks count as a helper's load.
const loadSpan = 7 * 24 * time.Hour

// selectFigures counts, at one moment.
func (s store) selectFigures(ctx context.Context, scope check.FigureScope, q contract.AskFigures, now time.Time) (contract.MatchFigures, error) {
	figures := contract.MatchFigures{
		Proposed: []contract.DayCount{}, Confirmed: []contract.DayCount{}, Waits: []contract.WaitCount{}, Load: []contract.LoadCount{},
		Missing: []contract.KeyCount{},
	}
	end := contract.PathEnd(scope.Path)
	days := []any{scope.Path, end, nullable(scope.Regions), q.Campaign, nullable(scope.Categories), q.From, q.Until, q.TimeZone}
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		for _, one := range []struct {
			into  any
			query string
			args  []any
		}{
			{&figures.Proposed, countProposedSQL, days},
			{&figures.Confirmed, countConfirmedSQL, days},
			{&figures.Waits, countWaitsSQL, days[:7]},
			{&figures.Load, countLoadSQL, []any{scope.Path, end, now.Add(-loadSpan), pq.Array(contract.LoadBounds())}},
		} {
			if err := tx.SelectContext(ctx, one.into, one.query, one.args...); err != nil {
				return fmt.Errorf("count matches: %w", err)
			}
		}
		return nil
	})
	return figures, err
}

// nullable is null for no values.
func nullable(values []string) any {
	if values == nil {
		return nil
	}
	return pq.StringArray(values)
}

var figureStatements = []string{countProposedSQL, countConfirmedSQL, countWaitsSQL, countLoadSQL}
