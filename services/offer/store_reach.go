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

const updateDigestSQL = `UPDATE offers SET digest = $2 WHERE id = $1 AND erased_at IS NULL RETURNING id`

// updateDigest writes how the person of an offer is told of what may wait;
// sql.ErrNoRows for one that is not there or erased.
func (s *store) updateDigest(ctx context.Context, id contract.OfferID, digest contract.Digest) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &id, updateDigestSQL, id, digest); err != nil {
			return fmt.Errorf("update digest: %w", err)
		}
		return nil
	})
}
