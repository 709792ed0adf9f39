package offer

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/vault"
)

// The source and its id stay: they keep a repeated import from bringing the
// person back.
const eraseOfferSQL = `
	UPDATE offers SET title = '', description = '', helper_id = NULL, lat = NULL, lon = NULL, languages = '{}',
		skills = '{}', safeguards = '{}', credentials = '[]', windows = '[]', erased_at = $2
	WHERE id = $1`

const eraseHelperSQL = `DELETE FROM helpers h WHERE id = $1 AND NOT EXISTS (SELECT FROM offers WHERE helper_id = h.id)`

const eraseLinesSQL = `UPDATE offer_lines SET specification = '', source_text = '' WHERE offer_id = $1`

// The row stays: an offer is read together with it.
const eraseContactSQL = `
	UPDATE contacts SET mail_bounced_at = NULL, name = NULL, phone = NULL, email = NULL, wechat = NULL, safe_hours = NULL, phone_index = NULL
	WHERE offer_id = $1`

const eraseNotesSQL = `DELETE FROM notes WHERE offer_id = $1`

const eraseHistorySQL = `UPDATE history SET reason = '' WHERE subject_id = $1 AND reason <> ''`

// A submission's answer repeats what was offered, and the hash of its body may
// be guessed at. No answer is older than the offer's first move.
const eraseAnswersSQL = `
	UPDATE idempotency SET body_hash = '', answer = answer || jsonb_build_object('credentials', '[]'::jsonb, 'offer_lines', (
		SELECT coalesce(jsonb_agg(l - 'specification' - 'source_text'), '[]')
		FROM jsonb_array_elements(answer -> 'offer_lines') l))
	WHERE created_at >= (SELECT min(at) FROM history WHERE subject_id = $1::uuid)
		AND answer ->> 'id' = $1::uuid::text AND jsonb_typeof(answer -> 'offer_lines') = 'array'`

// erase deletes everything personal of an offer, the key of its contact, and the
// helper who is known by no other offer.
func (s *store) erase(ctx context.Context, tx *sqlx.Tx, id contract.OfferID, helper *contract.HelperID, now time.Time) error {
	if _, err := tx.ExecContext(ctx, eraseOfferSQL, id, now); err != nil {
		return fmt.Errorf("erase offer: %w", err)
	}
	for _, q := range []string{eraseLinesSQL, eraseContactSQL, eraseNotesSQL, eraseHistorySQL, eraseAnswersSQL, eraseComplaintsSQL} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return fmt.Errorf("erase what belongs to an offer: %w", err)
		}
	}
	if helper != nil {
		if _, err := tx.ExecContext(ctx, eraseHelperSQL, *helper); err != nil {
			return fmt.Errorf("erase helper: %w", err)
		}
	}
	return vault.DestroyKey(ctx, tx, string(id))
}

const updateConsentSQL = `UPDATE offers SET consent_purposes = $2 WHERE id = $1`

func (s *store) updateConsent(ctx context.Context, tx *sqlx.Tx, r offerRow) error {
	if _, err := tx.ExecContext(ctx, updateConsentSQL, r.ID, r.ConsentPurposes); err != nil {
		return fmt.Errorf("update consent: %w", err)
	}
	return nil
}
