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

// Who only wrote a phone down chooses nothing for whose it is.
const updateDigestSQL = `
	WITH own AS (UPDATE offers SET digest = $2 WHERE id = $1 AND erased_at IS NULL RETURNING id, helper_id, phone_verified),
	helper AS (UPDATE helpers SET digest = $2 WHERE id = (SELECT helper_id FROM own WHERE phone_verified))
	SELECT id FROM own`

// updateDigest writes how the helper of an offer is told of what may wait, in all their
// offers; sql.ErrNoRows for one that is not there or erased.
func (s *store) updateDigest(ctx context.Context, id contract.OfferID, digest contract.Digest) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &id, updateDigestSQL, id, digest); err != nil {
			return fmt.Errorf("update digest: %w", err)
		}
		return nil
	})
}
