package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// messageRow is a new row of messages. Its JSON keys are the columns too, since
// rows are handed over as JSON.
type messageRow struct {
	ID        contract.MessageID `json:"id"`
	Kind      string             `json:"kind"`
	Thing     contract.Thing     `json:"thing"`
	SubjectID string             `json:"subject_id"`
	About     *string            `json:"about"`
	Occasion  string             `json:"occasion"`
	OrgPath   string             `json:"org_path"`
	Critical  bool               `json:"critical"`
	Waits     bool               `json:"waits"` // may be told together with others
	NextAt    *time.Time         `json:"next_at"`
	DueAt     *time.Time         `json:"due_at"` // as NextAt was first; nil: CreatedAt
	EndsAt    *time.Time         `json:"ends_at"`
	Revision  *int64             `json:"revision"` // of what it tells how it stands
	Stood     string             `json:"stood"`
	Stands    string             `json:"stands"`
	HeardBy   *time.Time         `json:"heard_by"`
	CreatedAt time.Time          `json:"created_at"`
}

const insertMessagesSQL = `
	INSERT INTO messages (id, kind, thing, subject_id, about, occasion, org_path, critical, waits, next_at, due_at, ends_at, revision, stood, stands, heard_by, created_at)
	SELECT id, kind, thing, subject_id, about, occasion, org_path, critical, waits, next_at, due_at, ends_at, revision, stood, stands, heard_by, created_at
	FROM json_populate_recordset(NULL::messages, $1)
	ON CONFLICT (kind, subject_id, occasion) DO NOTHING`

// insertMessages makes messages due. One that was made for the same occasion stays
// as it is.
func (s *store) insertMessages(ctx context.Context, tx *sqlx.Tx, rows []messageRow) error {
	if len(rows) == 0 {
		return nil
	}
	document, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode messages: %w", err)
	}
	if _, err := tx.ExecContext(ctx, insertMessagesSQL, document); err != nil {
		return fmt.Errorf("insert messages: %w", err)
	}
	return nil
}

const (
	forgetMessagesSQL = `DELETE FROM messages WHERE subject_id = ANY ($1::uuid[])`
	freeLinesSQL      = `
		UPDATE messages l SET state = c.state, digest_id = NULL, next_at = CASE c.state WHEN 'pending' THEN $2::timestamptz END
		FROM messages c
		WHERE l.digest_id = c.id AND l.state = 'digested' AND c.subject_id = ANY ($1::uuid[]) AND l.subject_id <> ALL ($1::uuid[])`
)

// forgetMessages deletes every message to the persons of erased things. What one of
// them told of another thing was told by itself, or is still to be.
func (s *store) forgetMessages(ctx context.Context, tx *sqlx.Tx, subjects []string, now time.Time) error {
	if len(subjects) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, freeLinesSQL, pq.Array(subjects), now); err != nil {
		return fmt.Errorf("free lines of a summary: %w", err)
	}
	if _, err := tx.ExecContext(ctx, forgetMessagesSQL, pq.Array(subjects)); err != nil {
		return fmt.Errorf("forget messages: %w", err)
	}
	return nil
}

// messageTask is a message that a process has taken to send.
type messageTask struct {
	ID        contract.MessageID `db:"id"`
	Kind      string             `db:"kind"`
	Thing     contract.Thing     `db:"thing"`
	SubjectID string             `db:"subject_id"`
	About     *string            `db:"about"`
	Critical  bool               `db:"critical"`
	EndsAt    *time.Time         `db:"ends_at"`
	Tries     int                `db:"tries"`
	Attempt   int                `db:"attempt"`
	Occasion  string             `db:"occasion"`
	OrgPath   string             `db:"org_path"`
	DueAt     time.Time          `db:"due_at"`
	Revision  *int64             `db:"revision"`
	Stands    string             `db:"stands"`
	Person    string             `db:"person"` // digest of the address, where it was read
}

const taskColumns = `id, kind, thing, subject_id, about, critical, ends_at, tries, attempt, occasion, org_path, coalesce(due_at, created_at) AS due_at, revision, stands, person`

// Of what may wait for one person the first is taken alone: it gathers the others
// where they are to be told of together.
//
// The same holds for what waits for one address, once that is known.
const takeMessagesSQL = `
	UPDATE messages SET taken_until = $2, tries = tries + 1, attempt = attempt + 1
	WHERE id IN (
		SELECT id FROM messages m
		WHERE state = 'pending' AND next_at <= $1 AND (taken_until IS NULL OR taken_until <= $1)
			AND (NOT waits OR NOT EXISTS (
				SELECT FROM messages o
				WHERE o.subject_id = m.subject_id AND o.thing = m.thing AND o.state = 'pending' AND o.waits AND o.id <> m.id
					AND (o.taken_until > $1 OR (o.next_at, o.id) < (m.next_at, m.id))))
			AND (NOT waits OR person = '' OR NOT EXISTS (
				SELECT FROM messages o
				WHERE o.person = m.person AND o.person <> '' AND o.thing = m.thing AND o.state = 'pending' AND o.waits AND o.id <> m.id
					AND (o.taken_until > $1 OR (o.next_at, o.id) < (m.next_at, m.id))))
		ORDER BY critical DESC, next_at, id LIMIT $3
		FOR NO KEY UPDATE SKIP LOCKED)
	RETURNING ` + taskColumns

// takeMessages takes at most so many messages that are due. They belong to the
// caller until the time given. Each taking counts as a try, also when the process
// dies in it.
func (s *store) takeMessages(ctx context.Context, now, until time.Time, room int) ([]messageTask, error) {
	var tasks []messageTask
	if err := s.db.SelectContext(ctx, &tasks, takeMessagesSQL, now, until, room); err != nil {
		return nil, fmt.Errorf("take messages: %w", err)
	}
	return tasks, nil
}

const toldSQL = `
	SELECT EXISTS (
		SELECT FROM messages m WHERE kind = $1 AND subject_id = $2 AND occasion = $3 AND (state = 'delivered'
			OR state = 'digested' AND EXISTS (SELECT FROM messages s WHERE s.id = m.digest_id AND s.state = 'delivered')))`

// told reports whether the person was told of the same thing in another message, or in
// a summary.
func (s *store) told(ctx context.Context, kind string, t messageTask) (bool, error) {
	var told bool
	if err := s.db.GetContext(ctx, &told, toldSQL, kind, t.SubjectID, t.About); err != nil {
		return false, fmt.Errorf("select message: %w", err)
	}
	return told, nil
}

const (
	lockPersonSQL     = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`
	reserveMessageSQL = `
		UPDATE messages SET person = $2, reserved_at = coalesce(reserved_at, $3)
		WHERE id = $1 AND (reserved_at IS NOT NULL
			OR (SELECT count(*) FROM messages m WHERE m.person = $2 AND m.reserved_at > $4) < $5)`
)

// reserveMessage counts a message against the person's budget since a time, once
// however often it is tried, and reports whether there was room.
func (s *store) reserveMessage(ctx context.Context, id contract.MessageID, person string, now, since time.Time, budget int) (bool, error) {
	room := false
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockPersonSQL, person); err != nil {
			return fmt.Errorf("lock person: %w", err)
		}
		result, err := tx.ExecContext(ctx, reserveMessageSQL, id, person, now, since, budget)
		if err != nil {
			return fmt.Errorf("reserve message: %w", err)
		}
		n, err := result.RowsAffected()
		room = n == 1
		return err
	})
	return room, err
}

const updateMessageSQL = `
	UPDATE messages SET state = $3, reason = $4, next_at = $5, taken_until = NULL, channel = $6,
		code = CASE WHEN $7 = '' THEN code ELSE $7 END, org_path = CASE WHEN $8 = '' THEN org_path ELSE $8 END
	WHERE id = $1 AND attempt = $2 AND state = 'pending'`

const insertMessageAttemptSQL = `
	INSERT INTO message_attempts (message_id, n, at, status_code, reason, duration_ms)
	SELECT id, $2, $3, $4, $5, $6 FROM messages WHERE id = $1`

// bookMessage writes an attempt and what became of its message, unless that was
// taken anew or forgotten in the meantime.
func (s *store) bookMessage(ctx context.Context, t messageTask, v verdict, r result, way way, now time.Time) error {
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, updateMessageSQL, t.ID, t.Attempt, v.state, v.reason, v.nextAt, way.channel, way.code, way.path)
		if err != nil {
			return fmt.Errorf("update message: %w", err)
		}
		_, err = tx.ExecContext(ctx, insertMessageAttemptSQL, t.ID, t.Attempt, now, r.status, r.reason, r.duration.Milliseconds())
		if err != nil {
			return fmt.Errorf("insert message attempt: %w", err)
		}
		if v.state != stateDead {
			return nil
		}
		return s.endGathered(ctx, tx, t.ID, v.reason, now)
	})
}

const releaseMessageSQL = `
	UPDATE messages SET tries = tries - 1, taken_until = NULL, next_at = coalesce($3, next_at), person = CASE WHEN $4 = '' THEN person ELSE $4 END
	WHERE id = $1 AND attempt = $2 AND state = 'pending'`

// releaseMessage gives back what was taken, until a time where one is given; the
// try does not count. A digest of its address is kept where that was read.
func (s *store) releaseMessage(ctx context.Context, t messageTask, until *time.Time, person string) error {
	if _, err := s.db.ExecContext(ctx, releaseMessageSQL, t.ID, t.Attempt, until, person); err != nil {
		return fmt.Errorf("release message: %w", err)
	}
	return nil
}

// messageView is a message as it is shown, with its attempts.
type messageView struct {
	ID        contract.MessageID `db:"id"`
	Kind      string             `db:"kind"`
	Thing     contract.Thing     `db:"thing"`
	SubjectID string             `db:"subject_id"`
	About     string             `db:"about"`
	Code      string             `db:"code"`
	Channel   contract.Channel   `db:"channel"`
	State     string             `db:"state"`
	Reason    string             `db:"reason"`
	NextAt    *time.Time         `db:"next_at"`
	CreatedAt time.Time          `db:"created_at"`
	Attempts  []byte             `db:"attempts"`
}

func (v messageView) view() (contract.Message, error) {
	m := contract.Message{
		ID: v.ID, Kind: v.Kind, Thing: v.Thing, SubjectID: v.SubjectID, Code: v.Code, Channel: v.Channel, State: v.State,
		Reason: v.Reason, NextAt: v.NextAt, CreatedAt: v.CreatedAt,
	}
	if v.Thing == contract.ThingPerson {
		m.Page = concerns[v.Kind].page + "/" + v.About
	}
	if err := json.Unmarshal(v.Attempts, &m.Attempts); err != nil {
		return m, fmt.Errorf("decode attempts: %w", err)
	}
	return m, nil
}

const messageColumns = `
	SELECT m.id, m.kind, m.thing, m.subject_id, coalesce(m.about::text, '') AS about, m.code, m.channel, m.state, m.reason, m.next_at, m.created_at, (
		SELECT coalesce(json_agg(json_build_object('n', a.n, 'at', a.at, 'status_code', a.status_code,
			'reason', a.reason, 'duration_ms', a.duration_ms) ORDER BY a.n), '[]')
		FROM message_attempts a WHERE a.message_id = m.id) AS attempts
	FROM messages m`

const listMessagesSQL = messageColumns + `
	WHERE m.org_path >= $1 AND m.org_path < $2 AND m.thing <> 'organisation' AND ($3::uuid IS NULL OR m.subject_id = $3)
		AND ($4::text[] IS NULL OR m.state = ANY ($4))
		AND ($5::timestamptz IS NULL OR (m.created_at, m.id) < ($5, $6::uuid))
	ORDER BY m.created_at DESC, m.id DESC LIMIT $7`

// listMessages returns at most limit messages about what is owned below a path, the
// newest first; no subject and no states mean all.
func (s *store) listMessages(ctx context.Context, path string, subject *string, states []string, after *moment, limit int) ([]contract.Message, error) {
	at, last := after.bounds()
	return s.readMessages(ctx, listMessagesSQL, path, contract.PathEnd(path), subject, pq.StringArray(states), at, last, limit)
}

const listOwnMessagesSQL = messageColumns + ` WHERE m.subject_id = $1 ORDER BY m.created_at, m.id`

// listOwnMessages returns all messages to the person of a request or an offer.
func (s *store) listOwnMessages(ctx context.Context, subject string) ([]contract.Message, error) {
	return s.readMessages(ctx, listOwnMessagesSQL, subject)
}

func (s *store) readMessages(ctx context.Context, query string, args ...any) (list []contract.Message, err error) {
	rows, err := s.db.QueryxContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row messageView
		if err := rows.StructScan(&row); err != nil {
			return nil, fmt.Errorf("scan message: %w", err)
		}
		m, err := row.view()
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

const purgeMessagesSQL = `DELETE FROM messages WHERE created_at < $1 AND state <> 'pending'`

var messageStatements = []string{
	insertMessagesSQL, forgetMessagesSQL, freeLinesSQL, takeMessagesSQL, toldSQL, lockPersonSQL, reserveMessageSQL, updateMessageSQL,
	insertMessageAttemptSQL, releaseMessageSQL, selectNewsSQL, listMessagesSQL, listOwnMessagesSQL, purgeMessagesSQL,
}
