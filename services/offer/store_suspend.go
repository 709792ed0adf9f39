package offer

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

// Who suspends a phone waits for offers of it that are being stored, and these
// for it: so that none is missed.
const (
	lockPhoneSQL       = `SELECT pg_advisory_xact_lock(hashtextextended('heli.offer.phone ' || $1, 0))`
	lockPhoneSharedSQL = `SELECT pg_advisory_xact_lock_shared(hashtextextended('heli.offer.phone ' || $1, 0))`
)

const upsertSuspensionSQL = `INSERT INTO suspensions AS s (complaint_id, phone_index, lifted, at) VALUES ($1, $2, $3, $4)
	ON CONFLICT (complaint_id) DO UPDATE SET lifted = EXCLUDED.lifted, at = EXCLUDED.at WHERE s.lifted <> EXCLUDED.lifted`

// suspendPhone has offers of a phone that come later rest, or no longer.
func (s *store) suspendPhone(ctx context.Context, tx *sqlx.Tx, q contract.SuspendHelper, now time.Time) error {
	if _, err := tx.ExecContext(ctx, lockPhoneSQL, q.HelperKey); err != nil {
		return fmt.Errorf("lock phone: %w", err)
	}
	if _, err := tx.ExecContext(ctx, upsertSuspensionSQL, q.ComplaintID, q.HelperKey, q.Lift, now); err != nil {
		return fmt.Errorf("suspend phone: %w", err)
	}
	return nil
}

const selectSuspensionsSQL = `SELECT complaint_id FROM suspensions WHERE phone_index = $1 AND NOT lifted ORDER BY complaint_id`

// suspensionsOf returns the complaints that a phone is suspended by.
func (s *store) suspensionsOf(ctx context.Context, tx *sqlx.Tx, phoneIndex string) ([]string, error) {
	if _, err := tx.ExecContext(ctx, lockPhoneSharedSQL, phoneIndex); err != nil {
		return nil, fmt.Errorf("lock phone: %w", err)
	}
	var ids []string
	if err := tx.SelectContext(ctx, &ids, selectSuspensionsSQL, phoneIndex); err != nil {
		return nil, fmt.Errorf("select suspensions: %w", err)
	}
	return ids, nil
}

// What ended and was erased rests anyway.
const selectSuspendedSQL = `SELECT o.id FROM offers o LEFT JOIN contacts c ON c.offer_id = o.id
	WHERE o.stage IN ('submitted', 'vetting', 'available', 'paused', 'blocked') AND o.erased_at IS NULL AND CASE WHEN $4
		THEN o.suspended_by @> ARRAY[$1::uuid]
		ELSE (c.phone_index = $2 OR o.id = $3) AND NOT o.suspended_by @> ARRAY[$1::uuid] END
	ORDER BY o.id`

// toSuspend returns the offers that are to rest because of a complaint and do not
// yet, or with lift those that do.
func (s *store) toSuspend(ctx context.Context, tx *sqlx.Tx, q contract.SuspendHelper) ([]contract.OfferID, error) {
	var ids []contract.OfferID
	key := sql.NullString{String: q.HelperKey, Valid: q.HelperKey != ""}
	if err := tx.SelectContext(ctx, &ids, selectSuspendedSQL, q.ComplaintID, key, q.OfferID, q.Lift); err != nil {
		return nil, fmt.Errorf("select offers to suspend: %w", err)
	}
	return ids, nil
}
