package offer

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

// lockHelpedSQL takes the offers in the order of their ids, so that two who change
// the terms of one helper do not wait for each other.
const lockHelpedSQL = `SELECT ` + fullColumns + `
	FROM offers o LEFT JOIN contacts c ON c.offer_id = o.id
	WHERE (o.id = $1 OR o.helper_id = (SELECT helper_id FROM offers WHERE id = $1))
		AND o.stage IN ('submitted', 'vetting', 'available', 'paused') AND o.erased_at IS NULL
	ORDER BY o.id FOR UPDATE OF o`

// lockHelped returns an offer and the others of its helper, those that have not
// ended.
func (s *store) lockHelped(ctx context.Context, tx *sqlx.Tx, id contract.OfferID) ([]fullRow, error) {
	var rows []fullRow
	if err := tx.SelectContext(ctx, &rows, lockHelpedSQL, id); err != nil {
		return nil, fmt.Errorf("lock a helper's offers: %w", err)
	}
	return rows, nil
}

const updateLimitsSQL = `UPDATE helpers SET weekly_budget = $2, weekly_hours = $3, rest_days = $4, heavy_hours = $5 WHERE id = $1`

func (s *store) updateLimits(ctx context.Context, tx *sqlx.Tx, id contract.HelperID, t contract.HelperTerms) error {
	if _, err := tx.ExecContext(ctx, updateLimitsSQL, id, t.WeeklyBudget, t.WeeklyHours, t.RestDays, t.HeavyHours); err != nil {
		return fmt.Errorf("update a helper's limits: %w", err)
	}
	return nil
}
