package offer

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
)

// figuresSQL begins every count: available offers in a range of paths, in regions.
const figuresSQL = `
	WHERE o.org_path >= $1 AND o.org_path < $2 AND o.state = 'available'
		AND ($3::text[] IS NULL OR o.region_code = ANY ($3))`

const countCapacitySQL = `SELECT l.category, l.unit, count(DISTINCT l.offer_id) AS offers,
		coalesce(sum(l.quantity), 0)::bigint AS capacity,
		coalesce(sum(greatest(l.quantity - l.reserved, 0)), 0)::bigint AS free,
		count(DISTINCT l.offer_id) FILTER (WHERE l.quantity IS NULL) AS unstated
	FROM offers o JOIN offer_lines l ON l.offer_id = o.id` + figuresSQL + `
		AND ($4::text[] IS NULL OR l.category = ANY ($4))
	GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`

const ofCategorySQL = ` AND ($4::text[] IS NULL OR EXISTS (
			SELECT FROM offer_lines l WHERE l.offer_id = o.id AND l.category = ANY ($4)))`

const countRegionsSQL = `SELECT o.region_code, count(*) AS count FROM offers o` + figuresSQL + ofCategorySQL + `
	GROUP BY 1 ORDER BY 1`

const countPlacesSQL = `SELECT o.region_code, l.category, l.unit, sum(greatest(l.quantity - l.reserved, 0))::bigint AS free
	FROM offers o JOIN offer_lines l ON l.offer_id = o.id` + figuresSQL + `
		AND ($4::text[] IS NULL OR l.category = ANY ($4)) AND l.quantity IS NOT NULL
	GROUP BY 1, 2, 3`

const countCellsSQL = `SELECT (floor(o.lat / $5) + 0.5) * $5 AS lat, (floor(o.lon / $5) + 0.5) * $5 AS lon, count(*) AS count
	FROM offers o` + figuresSQL + ofCategorySQL + ` AND o.lat IS NOT NULL
	GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT $6`

// maxCells is how many cells a map shows; those with the most come first.
const maxCells = 150

// selectFigures counts, at one moment.
func (s *store) selectFigures(ctx context.Context, scope check.FigureScope, q contract.AskFigures) (contract.OfferFigures, error) {
	figures := contract.OfferFigures{Capacities: []contract.CapacityCount{}, Regions: []contract.RegionCount{}, Places: []contract.PlaceCapacity{}, Cells: []contract.CellCount{}}
	args := []any{scope.Path, contract.PathEnd(scope.Path), array(scope.Regions), array(scope.Categories)}
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, planWithValuesSQL); err != nil {
			return fmt.Errorf("set plan mode: %w", err)
		}
		if err := tx.SelectContext(ctx, &figures.Capacities, countCapacitySQL, args...); err != nil {
			return fmt.Errorf("count capacities: %w", err)
		}
		if err := tx.SelectContext(ctx, &figures.Regions, countRegionsSQL, args...); err != nil {
			return fmt.Errorf("count offers by region: %w", err)
		}
		if err := tx.SelectContext(ctx, &figures.Places, countPlacesSQL, args...); err != nil {
			return fmt.Errorf("count capacities by region: %w", err)
		}
		if q.CellDegrees == 0 {
			return nil
		}
		if err := tx.SelectContext(ctx, &figures.Cells, countCellsSQL, append(args, q.CellDegrees, maxCells)...); err != nil {
			return fmt.Errorf("count offers by cell: %w", err)
		}
		return nil
	})
	return figures, err
}
