package offer

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

// store holds all statements of the schema: here those on one offer, in
// store_submit.go those that put offers in, in store_list.go lists, in
// store_match.go what follows from matches.
type store struct{ db *pg.DB }

// offerRow is a row of offers. Its JSON keys are the columns too, since a
// submission hands rows over as JSON.
type offerRow struct {
	ID              contract.OfferID      `db:"id" json:"id"`
	Code            string                `db:"code" json:"code"`
	OrgCode         string                `db:"org_code" json:"org_code"`
	OrgPath         string                `db:"org_path" json:"org_path"`
	Stage           Stage                 `db:"stage" json:"stage"`
	State           State                 `db:"state" json:"state"`
	Version         int64                 `db:"version" json:"version"`
	CreatedAt       time.Time             `db:"created_at" json:"created_at"`
	UpdatedAt       time.Time             `db:"updated_at" json:"updated_at"`
	Title           string                `db:"title" json:"title"`
	Description     string                `db:"description" json:"description"`
	HelperID        *contract.HelperID    `db:"helper_id" json:"helper_id"`
	Mode            contract.Mode         `db:"mode" json:"mode"`
	RegionCode      string                `db:"region_code" json:"region_code"`
	Lat             *float64              `db:"lat" json:"lat"`
	Lon             *float64              `db:"lon" json:"lon"`
	RadiusM         *int64                `db:"radius_m" json:"radius_m"`
	ServiceRegions  pq.StringArray        `db:"service_regions" json:"service_regions"`
	Languages       pq.StringArray        `db:"languages" json:"languages"`
	Skills          pq.StringArray        `db:"skills" json:"skills"`
	Safeguards      pq.StringArray        `db:"safeguards" json:"safeguards"`
	Credentials     document[credentials] `db:"credentials" json:"credentials"`
	Windows         document[windows]     `db:"windows" json:"windows"`
	TimeZone        string                `db:"time_zone" json:"time_zone"`
	Language        string                `db:"language" json:"language"`
	ValidUntil      *time.Time            `db:"valid_until" json:"valid_until"`
	Sharing         contract.Sharing      `db:"sharing" json:"sharing"`
	ConsentVersion  string                `db:"consent_version" json:"consent_version"`
	ConsentPurposes pq.StringArray        `db:"consent_purposes" json:"consent_purposes"`
	Source          string                `db:"source" json:"source"`
	SourceID        string                `db:"source_id" json:"source_id"`
	SubmittedBy     contract.Role         `db:"submitted_by" json:"submitted_by"`
	PhoneVerified   bool                  `db:"phone_verified" json:"phone_verified"`
	Generation      int                   `db:"generation" json:"generation"`
	SuspendedBy     pq.StringArray        `db:"suspended_by" json:"suspended_by"` // complaints that it rests for
}

type (
	windows     []contract.Window
	credentials []contract.Credential
)

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

// lineRow is a row of offer_lines.
type lineRow struct {
	ID            contract.OfferLineID `json:"id"`
	OfferID       contract.OfferID     `json:"offer_id"`
	Position      int                  `json:"position"`
	Category      string               `json:"category"`
	Item          string               `json:"item"`
	Specification string               `json:"specification"`
	SourceText    string               `json:"source_text"`
	Quantity      *int64               `json:"quantity"`
	Unit          contract.Unit        `json:"unit"`
	Per           contract.Period      `json:"per"`
	Reserved      int64                `json:"reserved"`
	Used          int64                `json:"used"`
}

func (l lineRow) totals() Totals {
	return Totals{Capacity: l.Quantity, Per: l.Per, Reserved: l.Reserved, Used: l.Used}
}

// fullRow is an offer with its contact and lines, read by one statement, so
// that they belong together.
type fullRow struct {
	offerRow
	ErasedAt     *time.Time          `db:"erased_at"`
	Published    bool                `db:"published"`     // on the public board
	Bounces      bool                `db:"mail_bounces"`  // mail to the contact
	Digest       contract.Digest     `db:"digest"`        // the helper's; of who is not known, the offer's
	WeeklyBudget *int64              `db:"weekly_budget"` // the helper's
	AskedAt      *time.Time          `db:"asked_at"`      // whether it still stands, since anything happened to it
	WeeklyHours  *int64              `db:"weekly_hours"`  // the helper's
	RestDays     int64               `db:"rest_days"`     // the helper's
	HeavyHours   int64               `db:"heavy_hours"`   // the helper's
	Contact      contact.Row         `db:"contact"`
	Lines        document[[]lineRow] `db:"lines"`
}

func (f fullRow) record() *record {
	return &record{row: f.offerRow, lines: f.Lines.value, phone: f.Contact.Phone != nil, published: f.Published}
}

const fullColumns = `
	o.id, o.code, o.org_code, o.org_path, o.stage, o.state, o.version, o.created_at, o.updated_at, o.title,
	o.description, o.helper_id, o.mode, o.region_code, o.lat, o.lon, o.radius_m, o.service_regions, o.languages,
	o.skills, o.safeguards, o.credentials, o.windows, o.time_zone, o.language, o.valid_until, o.sharing, o.consent_version,
	o.consent_purposes, o.source, o.source_id, o.submitted_by, o.phone_verified, o.generation, o.suspended_by, o.erased_at,
	EXISTS (SELECT FROM publications p WHERE p.subject_id = o.id) AS published, c.mail_bounced_at IS NOT NULL AS mail_bounces,
	(SELECT max(d.told_at) FROM reminders d WHERE d.subject_id = o.id AND d.moment = o.updated_at
		AND d.kind IN ('availability_asked', 'availability_asked_again')) AS asked_at,
	c.name AS "contact.name", c.phone AS "contact.phone", c.email AS "contact.email", c.wechat AS "contact.wechat",
	c.safe_hours AS "contact.safe_hours", c.phone_index AS "contact.phone_index",
	(SELECT k.wrapped FROM person_keys k WHERE k.subject_id = o.id) AS "contact.wrapped",
	coalesce((SELECT h.digest FROM helpers h WHERE h.id = o.helper_id AND o.phone_verified), o.digest) AS digest,
	(SELECT h.weekly_budget FROM helpers h WHERE h.id = o.helper_id) AS weekly_budget,
	(SELECT h.weekly_hours FROM helpers h WHERE h.id = o.helper_id) AS weekly_hours,
	coalesce((SELECT h.rest_days FROM helpers h WHERE h.id = o.helper_id), 0) AS rest_days,
	coalesce((SELECT h.heavy_hours FROM helpers h WHERE h.id = o.helper_id), 0) AS heavy_hours,
	(SELECT coalesce(json_agg(l ORDER BY l.position), '[]') FROM offer_lines l WHERE l.offer_id = o.id) AS lines`

const selectOfferSQL = `SELECT ` + fullColumns + `
	FROM offers o LEFT JOIN contacts c ON c.offer_id = o.id WHERE o.id = $1`

func (s *store) selectOffer(ctx context.Context, q sqlx.QueryerContext, id contract.OfferID) (fullRow, error) {
	var row fullRow
	if err := sqlx.GetContext(ctx, q, &row, selectOfferSQL, id); err != nil {
		return fullRow{}, fmt.Errorf("select offer: %w", err)
	}
	return row, nil
}

const selectOffersSQL = `SELECT ` + fullColumns + `
	FROM offers o LEFT JOIN contacts c ON c.offer_id = o.id WHERE o.id = ANY($1::uuid[])`

// selectOffers returns those that are there, in no certain order.
func (s *store) selectOffers(ctx context.Context, ids []string) ([]fullRow, error) {
	var rows []fullRow
	if err := s.db.SelectContext(ctx, &rows, selectOffersSQL, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("select offers: %w", err)
	}
	return rows, nil
}

const lockOfferSQL = `SELECT id FROM offers WHERE id = $1 FOR UPDATE`

// lockOffer locks an offer, then reads it: in one statement its lines would be
// read as they were before the wait for the lock.
func (s *store) lockOffer(ctx context.Context, tx *sqlx.Tx, id contract.OfferID) (fullRow, error) {
	var locked string
	if err := tx.GetContext(ctx, &locked, lockOfferSQL, id); err != nil {
		return fullRow{}, fmt.Errorf("lock offer: %w", err)
	}
	return s.selectOffer(ctx, tx, id)
}

const selectCodeSQL = `SELECT id, generation FROM offers WHERE code = $1`

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

const updateOfferSQL = `
	UPDATE offers SET
		stage = $2, state = $3, version = $4, updated_at = $5, title = $6, description = $7, helper_id = $8,
		credentials = $9, phone_verified = $10, generation = $11, suspended_by = $12, windows = $13
	WHERE id = $1`

// updateOffer writes what may change of an offer.
func (s *store) updateOffer(ctx context.Context, tx *sqlx.Tx, r offerRow) error {
	_, err := tx.ExecContext(ctx, updateOfferSQL, r.ID, r.Stage, r.State, r.Version, r.UpdatedAt, r.Title,
		r.Description, r.HelperID, r.Credentials, r.PhoneVerified, r.Generation, r.SuspendedBy, r.Windows)
	if err != nil {
		return fmt.Errorf("update offer: %w", err)
	}
	return nil
}

const updateLineSQL = `UPDATE offer_lines SET quantity = $2, reserved = $3, used = $4 WHERE id = $1`

// updateLine writes the capacity and the totals of a line.
func (s *store) updateLine(ctx context.Context, tx *sqlx.Tx, l lineRow) error {
	if _, err := tx.ExecContext(ctx, updateLineSQL, l.ID, l.Quantity, l.Reserved, l.Used); err != nil {
		return fmt.Errorf("update line: %w", err)
	}
	return nil
}

const updateContactSQL = `
	UPDATE contacts SET mail_bounced_at = NULL, name = $2, phone = $3, email = $4, wechat = $5, safe_hours = $6, phone_index = $7
	WHERE offer_id = $1`

// updateContact stores a contact with its new key.
func (s *store) updateContact(ctx context.Context, tx *sqlx.Tx, id contract.OfferID, c contact.Row) error {
	_, err := tx.ExecContext(ctx, updateContactSQL, id, c.Name, c.Phone, c.Email, c.Wechat, c.SafeHours, c.PhoneIndex)
	if err != nil {
		return fmt.Errorf("update contact: %w", err)
	}
	return vault.PutKey(ctx, tx, string(id), c)
}

// historyRow is a row of history.
type historyRow struct {
	SubjectID  contract.OfferID `db:"subject_id" json:"subject_id"`
	At         time.Time        `db:"at" json:"at"`
	Move       string           `db:"move" json:"move"`
	From       string           `db:"from_state" json:"from_state"`
	To         string           `db:"to_state" json:"to_state"`
	Role       contract.Role    `db:"role" json:"role"`
	ActorID    string           `db:"actor_id" json:"actor_id"`
	ActorName  string           `db:"actor_name" json:"actor_name"`
	OnBehalfOf string           `db:"on_behalf_of" json:"on_behalf_of"`
	Reason     string           `db:"reason" json:"reason"`
}

const insertHistorySQL = `
	INSERT INTO history (subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason)
	SELECT subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason
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
	SELECT subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason
	FROM history WHERE subject_id = $1 ORDER BY id`

func (s *store) selectHistory(ctx context.Context, id contract.OfferID) ([]historyRow, error) {
	rows := []historyRow{}
	if err := s.db.SelectContext(ctx, &rows, selectHistorySQL, id); err != nil {
		return nil, fmt.Errorf("select history: %w", err)
	}
	return rows, nil
}

const insertNoteSQL = `
	INSERT INTO notes (id, offer_id, at, author_id, author_name, text) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO NOTHING`

// insertNote does nothing when there is a note of the id.
func (s *store) insertNote(ctx context.Context, id contract.OfferID, n contract.Note) error {
	_, err := s.db.ExecContext(ctx, insertNoteSQL, n.ID, id, n.At, n.AuthorID, n.AuthorName, n.Text)
	if err != nil {
		return fmt.Errorf("insert note: %w", err)
	}
	return nil
}

const selectNotesSQL = `SELECT id, at, author_id, author_name, text FROM notes WHERE offer_id = $1 ORDER BY at, id`

func (s *store) selectNotes(ctx context.Context, id contract.OfferID) ([]contract.Note, error) {
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
