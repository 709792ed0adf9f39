package request

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/outbox"
)

// insertBatchSQL stores submissions whole: key, request, lines, contact,
// history, facts. A request whose key, id, code or source is taken is left out
// with all that belongs to it; the answer names those that were stored.
const insertBatchSQL = `
	WITH given AS (
		SELECT key, body_hash, answer, created_at, request_id
		FROM json_to_recordset($1) AS g (key text, body_hash text, answer jsonb, created_at timestamptz, request_id uuid)
	), taken AS (
		INSERT INTO idempotency (key, body_hash, answer, created_at)
		SELECT key, body_hash, answer, created_at FROM given
		ON CONFLICT DO NOTHING
		RETURNING key
	), stored AS (
		INSERT INTO requests (id, code, org_code, org_path, stage, state, closed_reason, version, created_at, updated_at,
			title, description, urgency, urgency_rank, mode, region_code, lat, lon, languages, skills, safeguards, windows,
			needed_by, vulnerability, at_organisation, campaign, incident, time_zone, language, on_behalf_of, sharing,
			consent_version, consent_purposes, consent_emergency, consent_guardian, source, source_id, source_path, submitted_by, opened_by_staff, phone_verified,
			facets)
		SELECT id, code, org_code, org_path, stage, state, closed_reason, version, created_at, updated_at,
			title, description, urgency, urgency_rank, mode, region_code, lat, lon, languages, skills, safeguards, windows,
			needed_by, vulnerability, at_organisation, campaign, incident, time_zone, language, on_behalf_of, sharing,
			consent_version, consent_purposes, consent_emergency, consent_guardian, source, source_id, source_path, submitted_by, opened_by_staff, phone_verified,
			facets
		FROM json_populate_recordset(NULL::requests, $2) r
		WHERE NOT EXISTS (SELECT FROM given g WHERE g.request_id = r.id AND g.key NOT IN (SELECT key FROM taken))
		ON CONFLICT DO NOTHING
		RETURNING id
	), lines AS (
		INSERT INTO need_lines (id, request_id, position, category, item, specification, source_text, quantity, unit)
		SELECT id, request_id, position, category, item, specification, source_text, quantity, unit
		FROM json_populate_recordset(NULL::need_lines, $3)
		WHERE request_id IN (SELECT id FROM stored)
	), persons AS (
		INSERT INTO contacts (request_id, name, phone, email, wechat, safe_hours, guardian, phone_index)
		SELECT request_id, decode(name, 'base64'), decode(phone, 'base64'), decode(email, 'base64'),
			decode(wechat, 'base64'), decode(safe_hours, 'base64'), decode(guardian, 'base64'), phone_index
		FROM json_to_recordset($4) AS c (request_id uuid, name text, phone text, email text, wechat text,
			safe_hours text, guardian text, phone_index text)
		WHERE request_id IN (SELECT id FROM stored)
	), keyed AS (
		INSERT INTO person_keys (subject_id, keyset, wrapped)
		SELECT request_id, keyset, decode(wrapped, 'base64')
		FROM json_to_recordset($4) AS k (request_id uuid, keyset text, wrapped text)
		WHERE wrapped IS NOT NULL AND request_id IN (SELECT id FROM stored)
	), moves AS (
		INSERT INTO history (subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason)
		SELECT subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason
		FROM json_populate_recordset(NULL::history, $5)
		WHERE subject_id IN (SELECT id FROM stored)
	), facts AS (
		INSERT INTO outbox (event_id, subject, payload)
		SELECT event_id, subject, payload
		FROM ROWS FROM (json_to_recordset($6) AS (event_id uuid, subject text, payload text), unnest($7::uuid[]))
			AS e (event_id, subject, payload, request_id)
		WHERE request_id IN (SELECT id FROM stored)
	)
	SELECT id FROM stored`

type keyRow struct {
	Key       string                    `json:"key"`
	BodyHash  string                    `json:"body_hash"`
	Answer    contract.SubmittedRequest `json:"answer"`
	CreatedAt time.Time                 `json:"created_at"`
	RequestID contract.RequestID        `json:"request_id"`
}

type contactRow struct {
	RequestID contract.RequestID `json:"request_id"`
	contact.Row
}

// batch is what insertBatchSQL takes, by parameter.
type batch struct {
	keys     []keyRow
	requests []requestRow
	lines    []lineRow
	contacts []contactRow
	history  []historyRow
	events   []contract.Event
}

func (b batch) parameters() ([]any, error) {
	var parameters []any
	for _, rows := range []any{notNil(b.keys), b.requests, b.lines, b.contacts, b.history} {
		document, err := json.Marshal(rows)
		if err != nil {
			return nil, fmt.Errorf("encode batch: %w", err)
		}
		parameters = append(parameters, document)
	}
	events, err := outbox.Rows(b.events)
	if err != nil {
		return nil, err
	}
	owners := make(pq.StringArray, len(b.events))
	for i, e := range b.events {
		owners[i] = e.AggregateID
	}
	return append(parameters, events, owners), nil
}

// notNil keeps an empty list from becoming a JSON null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// insertBatch returns which of the requests were stored.
func (s *store) insertBatch(ctx context.Context, tx *sqlx.Tx, b batch) (map[contract.RequestID]bool, error) {
	parameters, err := b.parameters()
	if err != nil {
		return nil, err
	}
	var ids []contract.RequestID
	if err := tx.SelectContext(ctx, &ids, insertBatchSQL, parameters...); err != nil {
		return nil, fmt.Errorf("insert batch: %w", err)
	}
	stored := make(map[contract.RequestID]bool, len(ids))
	for _, id := range ids {
		stored[id] = true
	}
	return stored, nil
}

const selectAnswerSQL = `SELECT body_hash, answer FROM idempotency WHERE key = $1`

type answerRow struct {
	BodyHash string                              `db:"body_hash"`
	Answer   document[contract.SubmittedRequest] `db:"answer"`
}

func (s *store) selectAnswer(ctx context.Context, tx *sqlx.Tx, key string) (answerRow, error) {
	var row answerRow
	if err := tx.GetContext(ctx, &row, selectAnswerSQL, key); err != nil {
		return answerRow{}, fmt.Errorf("select answer: %w", err)
	}
	return row, nil
}

const updateAnswerSQL = `UPDATE idempotency SET answer = $2 WHERE key = $1`

func (s *store) updateAnswer(ctx context.Context, tx *sqlx.Tx, key string, answer contract.SubmittedRequest) error {
	_, err := tx.ExecContext(ctx, updateAnswerSQL, key, document[contract.SubmittedRequest]{answer})
	if err != nil {
		return fmt.Errorf("update answer: %w", err)
	}
	return nil
}

const deleteKeySQL = `DELETE FROM idempotency WHERE key = $1`

func (s *store) deleteKey(ctx context.Context, tx *sqlx.Tx, key string) error {
	if _, err := tx.ExecContext(ctx, deleteKeySQL, key); err != nil {
		return fmt.Errorf("delete key: %w", err)
	}
	return nil
}

const selectSubmittedSQL = `
	SELECT r.id, r.code, r.state, r.version, r.generation,
		(SELECT coalesce(json_agg(n ORDER BY n.position), '[]') FROM need_lines n WHERE n.request_id = r.id) AS lines
	FROM requests r
	WHERE r.id = $1 OR ($4 <> '' AND r.source_path = $2 AND r.source = $3 AND r.source_id = $4)
	ORDER BY r.id = $1 DESC
	LIMIT 1`

// selectSubmitted finds the request of the id, else that of the same source,
// and returns the answer to its submission as it would be now.
func (s *store) selectSubmitted(ctx context.Context, tx *sqlx.Tx, r requestRow) (contract.SubmittedRequest, error) {
	var row struct {
		ID         contract.RequestID  `db:"id"`
		Code       string              `db:"code"`
		State      State               `db:"state"`
		Version    int64               `db:"version"`
		Generation int                 `db:"generation"`
		Lines      document[[]lineRow] `db:"lines"`
	}
	if err := tx.GetContext(ctx, &row, selectSubmittedSQL, r.ID, r.SourcePath, r.Source, r.SourceID); err != nil {
		return contract.SubmittedRequest{}, fmt.Errorf("select submitted: %w", err)
	}
	return contract.SubmittedRequest{
		ID: row.ID, Code: row.Code, State: string(row.State), Version: row.Version,
		NeedLines: plainLines(row.Lines.value), Generation: row.Generation,
	}, nil
}
