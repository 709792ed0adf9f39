package offer

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

const listEndedSQL = `
	SELECT id FROM offers WHERE stage IN ('expired', 'withdrawn', 'blocked') AND erased_at IS NULL AND updated_at < $1
	ORDER BY updated_at LIMIT $2`

// listEnded returns offers that ended before a time and are not erased.
func (s *store) listEnded(ctx context.Context, before time.Time, limit int) ([]string, error) {
	var ids []string
	if err := s.db.SelectContext(ctx, &ids, listEndedSQL, before, limit); err != nil {
		return nil, fmt.Errorf("list ended offers: %w", err)
	}
	return ids, nil
}

const dropKeysSQL = `
	DELETE FROM person_keys WHERE subject_id IN (
		SELECT r.id FROM offers r JOIN person_keys k ON k.subject_id = r.id
		WHERE r.stage IN ('expired', 'withdrawn', 'blocked') AND r.erased_at IS NULL AND r.updated_at < $1
		LIMIT $2 FOR UPDATE OF k SKIP LOCKED)
	RETURNING subject_id`

const dropContactsSQL = `
	UPDATE contacts SET mail_bounced_at = NULL, name = NULL, phone = NULL, email = NULL, wechat = NULL, safe_hours = NULL, phone_index = NULL
	WHERE offer_id = ANY ($1::uuid[])`

// dropContacts deletes contacts of offers that ended before a time, keys and all,
// and returns how many.
func (s *store) dropContacts(ctx context.Context, tx *sqlx.Tx, before time.Time, limit int) (int, error) {
	var ids []string
	if err := tx.SelectContext(ctx, &ids, dropKeysSQL, before, limit); err != nil {
		return 0, fmt.Errorf("drop keys of contacts: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	if _, err := tx.ExecContext(ctx, dropContactsSQL, pq.Array(ids)); err != nil {
		return 0, fmt.Errorf("drop contacts: %w", err)
	}
	return len(ids), nil
}
