// Package upload owns tables that people send in through the console: kept sealed
// from the upload until every row is taken in, mapped to fields, tried, taken in by
// a worker that a crash only holds up, and undone. It never decides what a row
// means (pkg/importer does) or what a service accepts.
package upload

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/google/uuid"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
)

// Limits of what the console takes; larger tables go in by the command line.
const (
	MaxBytes = 5 << 20
	MaxRows  = 20_000
	// maxOpen is how many tables of one person may wait to be taken in.
	maxOpen        = 20
	maxFileName    = 200
	maxMappingName = 60
	maxMappings    = 50
	maxColumn      = 200
)

// How long what holds rows is kept, and what says what was created, for undoing.
const (
	RowsKept   = 24 * time.Hour
	ThingsKept = 30 * 24 * time.Hour
)

// State is where an upload stands.
type State string

// The states. An upload is mapped while it is a Draft; a worker takes it in while
// it is Running, and takes back what is untouched while it is Undoing.
const (
	Draft   State = "draft"
	Running State = "running"
	Done    State = "done"
	Undoing State = "undoing"
	Undone  State = "undone"
)

// Settings are how a table is taken in.
type Settings struct {
	Mapping importer.Mapping `json:"mapping"`
	Source  string           `json:"source"` // names the list, so that a row is known again
	Open    bool             `json:"open"`   // requests open, offers available at once
	Vouch   bool             `json:"vouch"`  // for professions and phones of offers
	// Confirmed says that what is unusual about sessions is right.
	Confirmed bool `json:"confirmed,omitempty"`
}

// Upload is a table and how far it is. Counts are those of things by outcome and,
// once it is undone, by what became of those that were created.
type Upload struct {
	ID        string
	Kind      importer.Kind
	State     State
	Name      string // of the file
	Columns   []string
	Settings  Settings
	Things    int // requests, offers, organisations or sessions; 0 for a draft
	Counts    map[importer.Outcome]int
	Withdrawn int
	Touched   int // left alone, since somebody has worked on it
	Refused   int // rows that were not taken, to download while they are kept
	CreatedAt time.Time
	MovedAt   time.Time
}

// Settled is how many things have an outcome.
func (u Upload) Settled() int {
	n := 0
	for _, count := range u.Counts {
		n += count
	}
	return n
}

// Working reports whether a worker has it in hand.
func (u Upload) Working() bool { return u.State == Running || u.State == Undoing }

// head is what is sealed of an upload beside its rows.
type head struct {
	Actor    contract.Actor `json:"actor"`
	Name     string         `json:"name"`
	Columns  []string       `json:"columns"`
	Settings Settings       `json:"settings"`
	Refused  int            `json:"refused"` // rows
}

var (
	errNotDraft = fault.NewConflict("upload_taken", "the table is being taken in already")
	errNotDone  = fault.NewConflict("upload_not_done", "the table has not been taken in, or is undone already")
	errTooMany  = fault.NewConflict("upload_too_many", "take in or remove a table first")
	errRowsGone = fault.NewNotFound("table")
)

// normal returns settings with what the kind and the table have, or what is wrong.
func (s Settings) normal(kind importer.Kind, columns []string) (Settings, error) {
	c := check.New(nil)
	s.Mapping = s.Mapping.Of(kind, columns)
	c.Token("source", s.Source)
	for field, value := range s.Mapping.Values {
		c.Text("value."+field, value, 0, maxColumn)
	}
	return s, c.Err()
}

// ready refuses settings by which no row could be taken.
func (s Settings) ready(kind importer.Kind) error {
	m := s.Mapping
	for _, field := range neededFields(kind) {
		if m.Columns[field] == "" && m.Values[field] == "" {
			return fault.NewInvalid(fault.Field{Location: "column." + field, Code: field + "_needed"})
		}
	}
	if kind == importer.Organisations || m.Columns["category"] != "" || m.Values["category"] != "" {
		return nil
	}
	if kind != importer.Sessions && m.Columns["item"] != "" {
		return nil
	}
	return fault.NewInvalid(fault.Field{Location: "column.category", Code: "category_needed"})
}

// neededFields are those without which no row of a kind says anything, besides the
// category.
func neededFields(kind importer.Kind) []string {
	switch kind {
	case importer.Organisations:
		return []string{"code", "name"}
	case importer.Sessions:
		return []string{"held_on", "people", "minutes"}
	default:
		return nil
	}
}

// reasonTakenBack begins the reason of what ended with its table.
const reasonTakenBack = "upload:"

// ReasonOf is the reason of what ends as its table is taken back.
func ReasonOf(id string) string { return reasonTakenBack + id }

// TakenBack reports whether something ended for such a reason.
func TakenBack(reason string) bool { return strings.HasPrefix(reason, reasonTakenBack) }

// thingID makes the id of a thing from its upload and its name, so that a repeat
// knows what it made itself: a UUIDv7 of the upload's moment.
func thingID(upload uuid.UUID, name string) string {
	const moment, version, variant = 6, 6, 8 // bytes of RFC 9562
	id := upload
	digest := sha256.Sum256([]byte(upload.String() + "\x1f" + name))
	copy(id[moment:], digest[:])
	id[version] = 0x70 | id[version]&0x0f
	id[variant] = 0x80 | id[variant]&0x3f
	return id.String()
}
