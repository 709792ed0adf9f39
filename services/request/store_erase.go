package request

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
const eraseRequestSQL = `
	UPDATE requests SET title = '', description = '', lat = NULL, lon = NULL, languages = '{}', language = '', skills = '{}',
		safeguards = '{}', windows = '[]', vulnerability = '{}', on_behalf_of = '',
		facets = ARRAY(SELECT f FROM unnest(facets) f WHERE f NOT LIKE 'language:%'),
		consent_emergency = '', consent_guardian = '', erased_at = $2
	WHERE id = $1`

const eraseLinesSQL = `UPDATE need_lines SET specification = '', source_text = '' WHERE request_id = $1`

// The row stays: a request is read together with it.
const eraseContactSQL = `
	UPDATE contacts SET mail_bounced_at = NULL, name = NULL, phone = NULL, email = NULL, wechat = NULL, safe_hours = NULL, guardian = NULL, phone_index = NULL
	WHERE request_id = $1`

const eraseNotesSQL = `DELETE FROM notes WHERE request_id = $1`

const eraseHistorySQL = `UPDATE history SET reason = '' WHERE subject_id = $1 AND reason <> ''`

// A submission's answer repeats what was asked for, and the hash of its body may
// be guessed at. No answer is older than the request's first move.
const eraseAnswersSQL = `
	UPDATE idempotency SET body_hash = '', answer = jsonb_set(answer, '{need_lines}', (
		SELECT coalesce(jsonb_agg(l - 'specification' - 'source_text'), '[]')
		FROM jsonb_array_elements(answer -> 'need_lines') l))
	WHERE created_at >= (SELECT min(at) FROM history WHERE subject_id = $1::uuid)
		AND answer ->> 'id' = $1::uuid::text AND jsonb_typeof(answer -> 'need_lines') = 'array'`

// erase deletes everything personal of a request, and the key of its contact.
func (s *store) erase(ctx context.Context, tx *sqlx.Tx, id contract.RequestID, now time.Time) error {
	if _, err := tx.ExecContext(ctx, eraseRequestSQL, id, now); err != nil {
		return fmt.Errorf("erase request: %w", err)
	}
	for _, q := range []string{eraseLinesSQL, eraseContactSQL, eraseMentionsSQL, eraseNotesSQL, eraseAttachmentKeysSQL, eraseAttachmentsSQL,
		eraseHistorySQL, eraseAnswersSQL, eraseComplaintsSQL, erasePlacesSQL} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return fmt.Errorf("erase what belongs to a request: %w", err)
		}
	}
	return vault.DestroyKey(ctx, tx, string(id))
}

const updateConsentSQL = `UPDATE requests SET consent_purposes = $2 WHERE id = $1`

func (s *store) updateConsent(ctx context.Context, tx *sqlx.Tx, r requestRow) error {
	if _, err := tx.ExecContext(ctx, updateConsentSQL, r.ID, r.ConsentPurposes); err != nil {
		return fmt.Errorf("update consent: %w", err)
	}
	return nil
}
