package request

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/vault"
)

// store holds all statements of the schema: here those on one request, in
// store_intake.go those that put requests in, in store_list.go lists.
type store struct{ db *pg.DB }

// requestRow is a row of requests. Its JSON keys are the columns too, since the
// intake hands rows over as JSON.
type requestRow struct {
	ID               contract.RequestID `db:"id" json:"id"`
	Code             string             `db:"code" json:"code"`
	OrgCode          string             `db:"org_code" json:"org_code"`
	OrgPath          string             `db:"org_path" json:"org_path"`
	Stage            Stage              `db:"stage" json:"stage"`
	State            State              `db:"state" json:"state"`
	ClosedReason     Reason             `db:"closed_reason" json:"closed_reason"`
	Version          int64              `db:"version" json:"version"`
	CreatedAt        time.Time          `db:"created_at" json:"created_at"`
	UpdatedAt        time.Time          `db:"updated_at" json:"updated_at"`
	Title            string             `db:"title" json:"title"`
	Description      string             `db:"description" json:"description"`
	Urgency          contract.Urgency   `db:"urgency" json:"urgency"`
	UrgencyRank      int                `db:"urgency_rank" json:"urgency_rank"`
	Mode             contract.Mode      `db:"mode" json:"mode"`
	RegionCode       string             `db:"region_code" json:"region_code"`
	Lat              *float64           `db:"lat" json:"lat"`
	Lon              *float64           `db:"lon" json:"lon"`
	Languages        pq.StringArray     `db:"languages" json:"languages"`
	Skills           pq.StringArray     `db:"skills" json:"skills"`
	Safeguards       pq.StringArray     `db:"safeguards" json:"safeguards"`
	Windows          document[windows]  `db:"windows" json:"windows"`
	NeededBy         *time.Time         `db:"needed_by" json:"needed_by"`
	Vulnerability    pq.StringArray     `db:"vulnerability" json:"vulnerability"`
	AtOrganisation   string             `db:"at_organisation" json:"at_organisation"`
	Campaign         string             `db:"campaign" json:"campaign"`
	Incident         string             `db:"incident" json:"incident"`
	TimeZone         string             `db:"time_zone" json:"time_zone"`
	Language         string             `db:"language" json:"language"`
	OnBehalfOf       string             `db:"on_behalf_of" json:"on_behalf_of"`
	Sharing          contract.Sharing   `db:"sharing" json:"sharing"`
	ConsentVersion   string             `db:"consent_version" json:"consent_version"`
	ConsentPurposes  pq.StringArray     `db:"consent_purposes" json:"consent_purposes"`
	ConsentEmergency string             `db:"consent_emergency" json:"consent_emergency"`
	ConsentGuardian  string             `db:"consent_guardian" json:"consent_guardian"`
	Source           string             `db:"source" json:"source"`
	SourceID         string             `db:"source_id" json:"source_id"`
	SourcePath       string             `db:"source_path" json:"source_path"`
	SubmittedBy      contract.Role      `db:"submitted_by" json:"submitted_by"`
	OpenedByStaff    bool               `db:"opened_by_staff" json:"opened_by_staff"`
	PhoneVerified    bool               `db:"phone_verified" json:"phone_verified"`
	ClaimedBy        *string            `db:"claimed_by" json:"claimed_by"`
	ClaimedName      string             `db:"claimed_name" json:"claimed_name"`
	ClaimedUntil     *time.Time         `db:"claimed_until" json:"claimed_until"`
	ClaimedPath      string             `db:"claimed_path" json:"claimed_path"`
	Generation       int                `db:"generation" json:"generation"`
	Facets           pq.StringArray     `db:"facets" json:"facets"`   // what it is found by; written with lines, never read
	Repeats          int                `db:"repeats" json:"repeats"` // linked requests
	// Waits are its matches that have not begun, the longest first, and AwaitingSince and
	// StartBy the first of either kind.
	Waits         document[[]contract.Wait] `db:"waits" json:"-"`
	AwaitingSince *time.Time                `db:"awaiting_since" json:"-"`
	StartBy       *time.Time                `db:"start_by" json:"-"`
}

type windows []contract.Window

// document is a value kept as jsonb.
type document[T any] struct{ value T }

// Scan reads the column.
func (d *document[T]) Scan(source any) error {
	text, ok := source.([]byte)
	if !ok {
		return fmt.Errorf("scan document from %T", source)
	}
	return json.Unmarshal(text, &d.value)
}

// Value writes the column.
func (d document[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(d.value)
	return string(text), err
}

// MarshalJSON writes the bare value.
func (d document[T]) MarshalJSON() ([]byte, error) { return json.Marshal(d.value) }

// lineRow is a row of need_lines.
type lineRow struct {
	ID            contract.NeedLineID `json:"id"`
	RequestID     contract.RequestID  `json:"request_id"`
	Position      int                 `json:"position"`
	Category      string              `json:"category"`
	Item          string              `json:"item"`
	Specification string              `json:"specification"`
	SourceText    string              `json:"source_text"`
	Quantity      *int64              `json:"quantity"`
	Unit          contract.Unit       `json:"unit"`
	Proposed      int64               `json:"proposed"`
	Matched       int64               `json:"matched"`
	InProgress    int64               `json:"in_progress"`
	Reported      int64               `json:"reported"`
	Confirmed     int64               `json:"confirmed"`
	Disputed      int64               `json:"disputed"`
}

func (l lineRow) totals() Totals {
	return Totals{
		Wanted: orOne(l.Quantity), Proposed: l.Proposed, Matched: l.Matched, InProgress: l.InProgress,
		Reported: l.Reported, Confirmed: l.Confirmed, Disputed: l.Disputed,
	}
}

// fullRow is a request with its contact and lines, read by one statement, so
// that they belong together.
type fullRow struct {
	requestRow
	ErasedAt *time.Time `db:"erased_at"`
	// FollowUpAt is when staff look at it again.
	FollowUpAt *time.Time          `db:"follow_up_at"`
	Published  bool                `db:"published"`    // on the public board
	Bounces    bool                `db:"mail_bounces"` // mail to the contact
	Digest     contract.Digest     `db:"digest"`
	Contact    contact.Row         `db:"contact"`
	Lines      document[[]lineRow] `db:"lines"`
}

func (f fullRow) record() *record {
	return &record{row: f.requestRow, lines: f.Lines.value, published: f.Published}
}

const fullColumns = `
	r.id, r.code, r.org_code, r.org_path, r.stage, r.state, r.closed_reason, r.version, r.created_at, r.updated_at,
	r.title, r.description, r.urgency, r.urgency_rank, r.mode, r.region_code, r.lat, r.lon, r.languages, r.skills,
	r.safeguards, r.windows, r.needed_by, r.vulnerability, r.at_organisation, r.campaign, r.incident, r.time_zone, r.language, r.digest,
	r.on_behalf_of, r.sharing, r.consent_version, r.consent_purposes, r.consent_emergency, r.consent_guardian, r.source, r.source_id, r.source_path, r.submitted_by,
	r.opened_by_staff, r.phone_verified, r.claimed_by, r.claimed_name, r.claimed_until, r.claimed_path, r.generation, r.repeats, r.erased_at,
	r.waits, r.awaiting_since, r.start_by,
	EXISTS (SELECT FROM publications p WHERE p.subject_id = r.id) AS published, c.mail_bounced_at IS NOT NULL AS mail_bounces,
	(SELECT f.due_at FROM follow_ups f WHERE f.request_id = r.id) AS follow_up_at,
	c.name AS "contact.name", c.phone AS "contact.phone", c.email AS "contact.email", c.wechat AS "contact.wechat",
	c.safe_hours AS "contact.safe_hours", c.guardian AS "contact.guardian", c.phone_index AS "contact.phone_index",
	(SELECT k.wrapped FROM person_keys k WHERE k.subject_id = r.id) AS "contact.wrapped",
	(SELECT coalesce(json_agg(n ORDER BY n.position), '[]') FROM need_lines n WHERE n.request_id = r.id) AS lines`

const selectRequestSQL = `SELECT ` + fullColumns + `
	FROM requests r LEFT JOIN contacts c ON c.request_id = r.id WHERE r.id = $1`

func (s *store) selectRequest(ctx context.Context, q sqlx.QueryerContext, id contract.RequestID) (fullRow, error) {
	var row fullRow
	if err := sqlx.GetContext(ctx, q, &row, selectRequestSQL, id); err != nil {
		return fullRow{}, fmt.Errorf("select request: %w", err)
	}
	return row, nil
}

const selectRequestsSQL = `SELECT ` + fullColumns + `
	FROM requests r LEFT JOIN contacts c ON c.request_id = r.id WHERE r.id = ANY($1::uuid[])`

// selectRequests returns those that are there, in no certain order.
func (s *store) selectRequests(ctx context.Context, ids []string) ([]fullRow, error) {
	var rows []fullRow
	if err := s.db.SelectContext(ctx, &rows, selectRequestsSQL, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("select requests: %w", err)
	}
	return rows, nil
}

const lockRequestSQL = `SELECT id FROM requests WHERE id = $1 FOR UPDATE`

// lockRequest locks a request, then reads it: in one statement its lines would
// be read as they were before the wait for the lock.
func (s *store) lockRequest(ctx context.Context, tx *sqlx.Tx, id contract.RequestID) (fullRow, error) {
	var locked string
	if err := tx.GetContext(ctx, &locked, lockRequestSQL, id); err != nil {
		return fullRow{}, fmt.Errorf("lock request: %w", err)
	}
	return s.selectRequest(ctx, tx, id)
}

const selectCodeSQL = `SELECT id, generation FROM requests WHERE code = $1`

func (s *store) selectCode(ctx context.Context, code string) (contract.Found, error) {
	var found struct {
		ID         string `db:"id"`
		Generation int    `db:"generation"`
	}
	if err := s.db.GetContext(ctx, &found, selectCodeSQL, code); err != nil {
		return contract.Found{}, fmt.Errorf("select code: %w", err)
	}
	return contract.Found(found), nil
}

const updateRequestSQL = `
	UPDATE requests SET
		stage = $2, state = $3, closed_reason = $4, version = $5, updated_at = $6, title = $7, description = $8,
		urgency = $9, urgency_rank = $10, opened_by_staff = $11, phone_verified = $12, claimed_by = $13,
		claimed_name = $14, generation = $15, claimed_until = $16, claimed_path = $17, needed_by = $18, repeats = $19,
		waits = $20, awaiting_since = $21, start_by = $22
	WHERE id = $1`

// updateRequest writes what may change of a request, its owner aside.
func (s *store) updateRequest(ctx context.Context, tx *sqlx.Tx, r requestRow) error {
	_, err := tx.ExecContext(ctx, updateRequestSQL, r.ID, r.Stage, r.State, r.ClosedReason, r.Version, r.UpdatedAt,
		r.Title, r.Description, r.Urgency, r.UrgencyRank, r.OpenedByStaff, r.PhoneVerified, r.ClaimedBy, r.ClaimedName,
		r.Generation, r.ClaimedUntil, r.ClaimedPath, r.NeededBy, r.Repeats,
		r.Waits, r.AwaitingSince, r.StartBy)
	if err != nil {
		return fmt.Errorf("update request: %w", err)
	}
	return nil
}

const handOverSQL = `SELECT hand_over($1, $2, $3)`

// handOver gives a request to another owner. It comes last: then who acts may
// see nothing of it any more.
func (s *store) handOver(ctx context.Context, tx *sqlx.Tx, r requestRow) error {
	if _, err := tx.ExecContext(ctx, handOverSQL, r.ID, r.OrgCode, r.OrgPath); err != nil {
		return fmt.Errorf("hand over request: %w", err)
	}
	return nil
}

const updateContactSQL = `
	UPDATE contacts SET mail_bounced_at = NULL, name = $2, phone = $3, email = $4, wechat = $5, safe_hours = $6, phone_index = $7, guardian = $8
	WHERE request_id = $1`

// updateContact stores a contact with its new key.
func (s *store) updateContact(ctx context.Context, tx *sqlx.Tx, id contract.RequestID, c contact.Row) error {
	_, err := tx.ExecContext(ctx, updateContactSQL, id, c.Name, c.Phone, c.Email, c.Wechat, c.SafeHours, c.PhoneIndex, c.Guardian)
	if err != nil {
		return fmt.Errorf("update contact: %w", err)
	}
	return vault.PutKey(ctx, tx, string(id), c)
}

// historyRow is a row of history.
type historyRow struct {
	SubjectID    contract.RequestID `db:"subject_id" json:"subject_id"`
	At           time.Time          `db:"at" json:"at"`
	Move         string             `db:"move" json:"move"`
	From         string             `db:"from_state" json:"from_state"`
	To           string             `db:"to_state" json:"to_state"`
	Role         contract.Role      `db:"role" json:"role"`
	ActorID      string             `db:"actor_id" json:"actor_id"`
	ActorName    string             `db:"actor_name" json:"actor_name"`
	OnBehalfOf   string             `db:"on_behalf_of" json:"on_behalf_of"`
	Reason       string             `db:"reason" json:"reason"`
	ReferredFrom string             `db:"referred_from" json:"referred_from"`
	ReferredTo   string             `db:"referred_to" json:"referred_to"`
	// Line is what was removed; json null for every other entry.
	Line document[*contract.NeedLine] `db:"line" json:"line"`
}

const insertHistorySQL = `
	INSERT INTO history (subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason,
		referred_from, referred_to, line)
	SELECT subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason,
		referred_from, referred_to, line
	FROM json_populate_recordset(NULL::history, $1)`

func (s *store) insertHistory(ctx context.Context, tx *sqlx.Tx, rows []historyRow) error {
	if len(rows) == 0 {
		return nil
	}
	document, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode history: %w", err)
	}
	if _, err := tx.ExecContext(ctx, insertHistorySQL, document); err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	return nil
}

const selectHistorySQL = `
	SELECT subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason,
		referred_from, referred_to, coalesce(line, 'null') AS line
	FROM history WHERE subject_id = $1 ORDER BY id`

func (s *store) selectHistory(ctx context.Context, id contract.RequestID) ([]historyRow, error) {
	rows := []historyRow{}
	if err := s.db.SelectContext(ctx, &rows, selectHistorySQL, id); err != nil {
		return nil, fmt.Errorf("select history: %w", err)
	}
	return rows, nil
}

const insertNoteSQL = `
	INSERT INTO notes (id, request_id, at, author_id, author_name, text) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO NOTHING`

// insertNote does nothing when there is a note of the id.
func (s *store) insertNote(ctx context.Context, tx *sqlx.Tx, id contract.RequestID, n contract.Note) error {
	_, err := tx.ExecContext(ctx, insertNoteSQL, n.ID, id, n.At, n.AuthorID, n.AuthorName, n.Text)
	if err != nil {
		return fmt.Errorf("insert note: %w", err)
	}
	return nil
}

const selectNotesSQL = `SELECT id, at, author_id, author_name, text FROM notes WHERE request_id = $1 ORDER BY at, id`

func (s *store) selectNotes(ctx context.Context, id contract.RequestID) ([]contract.Note, error) {
	var rows []struct {
		ID         contract.NoteID `db:"id"`
		At         time.Time       `db:"at"`
		AuthorID   string          `db:"author_id"`
		AuthorName string          `db:"author_name"`
		Text       string          `db:"text"`
	}
	if err := s.db.SelectContext(ctx, &rows, selectNotesSQL, id); err != nil {
		return nil, fmt.Errorf("select notes: %w", err)
	}
	notes := make([]contract.Note, len(rows))
	for i, row := range rows {
		notes[i] = contract.Note(row)
	}
	return notes, nil
}
