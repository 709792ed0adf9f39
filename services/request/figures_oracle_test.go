package request

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/check"
	"heli/pkg/contract"
)

// The counts as statements, by which the census is judged. figuresSQL begins each: requests in a range of paths, in regions, of a
// campaign, with a need in categories; null and empty ones are all.
const figuresSQL = `
	FROM requests r
	WHERE r.org_path >= $1 AND r.org_path < $2
		AND ($3::text[] IS NULL OR r.region_code = ANY ($3))
		AND ($4 = '' OR r.campaign = $4)
		AND ($5::text[] IS NULL OR EXISTS (SELECT FROM need_lines l WHERE l.request_id = r.id AND l.category = ANY ($5)))`

const countDaysSQL = `SELECT to_char(r.created_at AT TIME ZONE $8, 'YYYY-MM-DD') AS day, count(*) AS count` + figuresSQL + `
		AND r.created_at >= $6 AND r.created_at < $7
	GROUP BY 1 ORDER BY 1`

const countOpenSQL = `SELECT (array['critical', 'urgent', 'soon', 'routine', 'planned'])[r.urgency_rank + 1] AS urgency,
		width_bucket(extract(epoch FROM $6::timestamptz - r.created_at)::float8, $7::float8[]) AS age, count(*) AS count` + figuresSQL + `
		AND r.stage <> 'closed'
	GROUP BY 1, 2 ORDER BY 1, 2`

const countClosedSQL = `SELECT r.closed_reason AS key, count(*) AS count` + figuresSQL + `
		AND r.stage = 'closed' AND r.updated_at >= $6 AND r.updated_at < $7
	GROUP BY 1 ORDER BY 2 DESC, 1`

const countRegionsSQL = `SELECT r.region_code, count(*) AS count,
		count(*) FILTER (WHERE r.state IN ('submitted', 'triaged', 'open', 'reopened')) AS unserved` + figuresSQL + `
		AND r.stage <> 'closed'
	GROUP BY 1 ORDER BY 1`

const countCellsSQL = `SELECT (floor(r.lat / $6) + 0.5) * $6 AS lat, (floor(r.lon / $6) + 0.5) * $6 AS lon, count(*) AS count` + figuresSQL + `
		AND r.stage <> 'closed' AND r.lat IS NOT NULL
	GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT $7`

// ageSeconds are the ages that open requests are counted by.
func ageSeconds() []float64 {
	var bounds []float64
	for _, bound := range contract.AgeBounds() {
		bounds = append(bounds, bound.Seconds())
	}
	return bounds
}

// selectFigures counts, at one moment.
func (s *store) selectFigures(ctx context.Context, scope check.FigureScope, q contract.AskFigures, now time.Time) (contract.RequestFigures, error) {
	figures := contract.RequestFigures{
		Days: []contract.DayCount{}, Open: []contract.AgeCount{}, Closed: []contract.KeyCount{}, Regions: []contract.RegionCount{},
		Cells: []contract.CellCount{},
	}
	args := []any{scope.Path, contract.PathEnd(scope.Path), array(scope.Regions), q.Campaign, array(scope.Categories)}
	counts := []struct {
		into  any
		query string
		more  []any
	}{
		{&figures.Days, countDaysSQL, []any{q.From, q.Until, q.TimeZone}},
		{&figures.Open, countOpenSQL, []any{now, pq.Array(ageSeconds())}},
		{&figures.Closed, countClosedSQL, []any{q.From, q.Until}},
		{&figures.Regions, countRegionsSQL, nil},
	}
	if q.CellDegrees > 0 {
		counts = append(counts, struct {
			into  any
			query string
			more  []any
		}{&figures.Cells, countCellsSQL, []any{q.CellDegrees, maxCells}})
	}
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, planWithValuesSQL); err != nil {
			return fmt.Errorf("set plan mode: %w", err)
		}
		for _, one := range counts {
			if err := tx.SelectContext(ctx, one.into, one.query, append(args[:len(args):len(args)], one.more...)...); err != nil {
				return fmt.Errorf("count requests: %w", err)
			}
		}
		return nil
	})
	return figures, err
}
