package offer

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

const updateBouncedSQL = `UPDATE contacts SET mail_bounced_at = $2 WHERE offer_id = $1`

func (s *store) updateBounced(ctx context.Context, tx *sqlx.Tx, id contract.OfferID, at time.Time) error {
	if _, err := tx.ExecContext(ctx, updateBouncedSQL, id, at); err != nil {
		return fmt.Errorf("update bounced: %w", err)
	}
	return nil
}
