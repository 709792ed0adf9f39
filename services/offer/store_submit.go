package offer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/outbox"
)

// insertOfferSQL stores a submission whole: offer, lines, contact, history,
// facts. When its id, code or source is taken it stores nothing; the answer
// names what was stored.
const insertOfferSQL = `
	WITH stored AS (
		INSERT INTO offers (id, code, org_code, org_path, stage, state, version, created_at, updated_at, title, description,
			helper_id, mode, region_code, lat, lon, radius_m, service_regions, languages, skills, safeguards, credentials,
			windows, time_zone, language, valid_until, sharing, consent_version, consent_purposes, source, source_id, submitted_by,
			phone_verified, suspended_by)
		SELECT id, code, org_code, org_path, stage, state, version, created_at, updated_at, title, description,
			helper_id, mode, region_code, lat, lon, radius_m, service_regions, languages, skills, safeguards, credentials,
			windows, time_zone, language, valid_until, sharing, consent_version, consent_purposes, source, source_id, submitted_by,
			phone_verified, suspended_by
		FROM json_populate_record(NULL::offers, $1)
		ON CONFLICT DO NOTHING
		RETURNING id
	), lines AS (
		INSERT INTO offer_lines (id, offer_id, position, category, item, specification, source_text, quantity, unit, per)
		SELECT id, offer_id, position, category, item, specification, source_text, quantity, unit, per
		FROM json_populate_recordset(NULL::offer_lines, $2)
		WHERE offer_id IN (SELECT id FROM stored)
	), person AS (
		INSERT INTO contacts (offer_id, name, phone, email, wechat, safe_hours, phone_index)
		SELECT s.id, decode(c.name, 'base64'), decode(c.phone, 'base64'), decode(c.email, 'base64'),
			decode(c.wechat, 'base64'), decode(c.safe_hours, 'base64'), c.phone_index
		FROM stored s, json_to_record($3) AS c (name text, phone text, email text, wechat text, safe_hours text,
			phone_index text)
	), keyed AS (
		INSERT INTO person_keys (subject_id, keyset, wrapped)
		SELECT s.id, k.keyset, decode(k.wrapped, 'base64')
		FROM stored s, json_to_record($3) AS k (keyset text, wrapped text)
		WHERE k.wrapped IS NOT NULL
	), moves AS (
		INSERT INTO history (subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason)
		SELECT subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason
		FROM json_populate_recordset(NULL::history, $4)
		WHERE subject_id IN (SELECT id FROM stored)
	), facts AS (
		INSERT INTO outbox (event_id, subject, payload)
		SELECT e.event_id, e.subject, e.payload
		FROM stored s, json_to_recordset($5) AS e (event_id uuid, subject text, payload text)
	)
	SELECT count(*) FROM stored`

// insertOffer reports whether the offer was stored.
func (s *store) insertOffer(ctx context.Context, tx *sqlx.Tx, r *record, c contact.Row) (bool, error) {
	var parameters []any
	for _, rows := range []any{r.row, r.lines, c, r.history} {
		document, err := json.Marshal(rows)
		if err != nil {
			return false, fmt.Errorf("encode offer: %w", err)
		}
		parameters = append(parameters, document)
	}
	events, err := outbox.Rows(r.events)
	if err != nil {
		return false, err
	}
	var stored int
	if err := tx.GetContext(ctx, &stored, insertOfferSQL, append(parameters, events)...); err != nil {
		return false, fmt.Errorf("insert offer: %w", err)
	}
	return stored == 1, nil
}

// notNil keeps an empty list from becoming a JSON null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

const selectSubmittedSQL = `
	SELECT o.id, o.code, o.state, o.version, o.generation, o.credentials,
		(SELECT coalesce(json_agg(l ORDER BY l.position), '[]') FROM offer_lines l WHERE l.offer_id = o.id) AS lines
	FROM offers o
	WHERE o.id = $1 OR ($4 <> '' AND o.org_path = $2 AND o.source = $3 AND o.source_id = $4)
	ORDER BY o.id = $1 DESC
	LIMIT 1`

// selectSubmitted finds the offer of the id, else that of the same source, and
// returns the answer to its submission as it would be now.
func (s *store) selectSubmitted(ctx context.Context, tx *sqlx.Tx, r offerRow) (contract.SubmittedOffer, error) {
	var row struct {
		ID          contract.OfferID      `db:"id"`
		Code        string                `db:"code"`
		State       State                 `db:"state"`
		Version     int64                 `db:"version"`
		Generation  int                   `db:"generation"`
		Credentials document[credentials] `db:"credentials"`
		Lines       document[[]lineRow]   `db:"lines"`
	}
	if err := tx.GetContext(ctx, &row, selectSubmittedSQL, r.ID, r.OrgPath, r.Source, r.SourceID); err != nil {
		return contract.SubmittedOffer{}, fmt.Errorf("select submitted: %w", err)
	}
	return contract.SubmittedOffer{
		ID: row.ID, Code: row.Code, State: string(row.State), Version: row.Version, Generation: row.Generation,
		OfferLines: plainLines(row.Lines.value), Credentials: row.Credentials.value,
	}, nil
}

// The update changes nothing: it has the row returned, also one that another
// transaction committed just now.
const upsertHelperSQL = `
	INSERT INTO helpers (id, org_path, phone_index, created_at) VALUES ($1, $2, $3, $4)
	ON CONFLICT (org_path, phone_index) DO UPDATE SET phone_index = excluded.phone_index
	RETURNING id`

// upsertHelper returns who helps under a phone within an organisation, who may
// be new to it.
func (s *store) upsertHelper(ctx context.Context, tx *sqlx.Tx, path, phoneIndex string, now time.Time) (contract.HelperID, error) {
	var id contract.HelperID
	err := tx.GetContext(ctx, &id, upsertHelperSQL, contract.NewID[contract.HelperID](), path, phoneIndex, now)
	if err != nil {
		return "", fmt.Errorf("upsert helper: %w", err)
	}
	return id, nil
}

const selectHelperSQL = `SELECT id FROM helpers WHERE id = $1 AND org_path = $2`

// selectHelper fails with "no rows" for a helper that the organisation does not know.
func (s *store) selectHelper(ctx context.Context, tx *sqlx.Tx, id contract.HelperID, path string) error {
	var found contract.HelperID
	if err := tx.GetContext(ctx, &found, selectHelperSQL, id, path); err != nil {
		return fmt.Errorf("select helper: %w", err)
	}
	return nil
}
