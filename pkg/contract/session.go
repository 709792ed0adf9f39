package contract

import "time"

// SessionID names a service session.
type SessionID string

// SessionDraft is one service encounter, as entered: when, how long, for how many
// people, by how many helpers. It says nothing about whom.
type SessionDraft struct {
	ID           SessionID `json:"id"`
	Organisation string    `json:"organisation,omitempty"` // code; empty: the actor's
	HeldOn       string    `json:"held_on"`                // YYYY-MM-DD, the day where it was held
	Minutes      int64     `json:"minutes"`
	People       int64     `json:"people"`            // served: person-times
	Helpers      int64     `json:"helpers,omitempty"` // who gave it; 0: one
	Mode         Mode      `json:"mode"`              // remote or onsite
	Group        bool      `json:"group,omitempty"`   // several people at once
	Category     string    `json:"category"`
	RegionCode   string    `json:"region_code,omitempty"` // where people were served; empty: everywhere
	Campaign     string    `json:"campaign,omitempty"`
	MatchID      MatchID   `json:"match_id,omitempty"`
	Source       string    `json:"source,omitempty"`
	SourceID     string    `json:"source_id,omitempty"`
	// Confirmed says that what is unusual about it is right.
	Confirmed bool `json:"confirmed,omitempty"`
}

// RecordSession stores a session. A repeat with the same id or source changes
// nothing and gives the first answer.
type RecordSession struct {
	Key      string       `json:"key,omitempty"`
	BodyHash string       `json:"body_hash,omitempty"`
	Draft    SessionDraft `json:"draft"`
	// Try checks the draft and stores nothing.
	Try bool `json:"try,omitempty"`
}

// ServiceSession is a session as stored.
type ServiceSession struct {
	ID           SessionID `json:"id"`
	Organisation string    `json:"organisation"`
	HeldOn       string    `json:"held_on"`
	Minutes      int64     `json:"minutes"`
	People       int64     `json:"people"`
	Helpers      int64     `json:"helpers"`
	Mode         Mode      `json:"mode"`
	Group        bool      `json:"group"`
	Category     string    `json:"category"`
	RegionCode   string    `json:"region_code"`
	Campaign     string    `json:"campaign,omitempty"`
	MatchID      MatchID   `json:"match_id,omitempty"`
	Flags        []string  `json:"flags,omitempty"`       // fields that are unusual and were confirmed
	Roster       int       `json:"roster,omitempty"`      // names on the roster of a group
	VoidReason   *string   `json:"void_reason,omitempty"` // it does not count
	RecordedBy   string    `json:"recorded_by"`
	RecordedAt   time.Time `json:"recorded_at"`
	Repeated     bool      `json:"repeated,omitempty"` // it was there already
}

// SessionFilter narrows sessions; empty fields match all.
type SessionFilter struct {
	Organisation string `json:"organisation,omitempty"` // code, with those below it
	Category     string `json:"category,omitempty"`
	RegionCode   string `json:"region_code,omitempty"` // with what lies in it
	Campaign     string `json:"campaign,omitempty"`
	From         string `json:"from,omitempty"` // YYYY-MM-DD, that day included
	To           string `json:"to,omitempty"`   // the same
}

// ListSessions asks for sessions at or below the actor's organisation, the latest
// first, those that do not count among them.
type ListSessions struct {
	Page
	SessionFilter
}

// VoidSession takes a session out of the counts, for a reason that stays with it.
type VoidSession struct {
	ID     SessionID `json:"id"`
	Reason string    `json:"reason"`
	// TakeBack says that it was entered by mistake: it goes only while nobody has worked
	// on it since, and what it was entered from may be entered again.
	TakeBack bool `json:"take_back,omitempty"`
}

// SessionGrouping says what totals are summed by.
type SessionGrouping string

// The groupings.
const (
	ByOrganisation SessionGrouping = "organisation"
	ByCategory     SessionGrouping = "category"
	ByCampaign     SessionGrouping = "campaign"
	ByRegion       SessionGrouping = "region"
	ByMonth        SessionGrouping = "month"
)

// SessionGroupings returns all groupings.
func SessionGroupings() []SessionGrouping {
	return []SessionGrouping{ByOrganisation, ByCategory, ByCampaign, ByRegion, ByMonth}
}

// AskSessionTotals sums the sessions that count.
type AskSessionTotals struct {
	SessionFilter
	By SessionGrouping `json:"by,omitempty"` // empty: category
}

// SessionTotal are the sums of one key: an organisation's, category's, campaign's
// or region's code, or a month as YYYY-MM. Sessions without one have the empty key.
type SessionTotal struct {
	Key         string `json:"key" db:"key"`
	Sessions    int64  `json:"sessions" db:"sessions"`
	PersonTimes int64  `json:"person_times" db:"person_times"`
	Minutes     int64  `json:"minutes" db:"minutes"`
	Helpers     int64  `json:"helpers" db:"helpers"`
}

// SessionTotals are the sums, the most person-times first, and that of all.
type SessionTotals struct {
	By    SessionGrouping `json:"by"`
	Items []SessionTotal  `json:"items"`
	Total SessionTotal    `json:"total"`
}

// The calls about sessions, which the offer service answers: helpers' work is its.
var (
	OfferRecordSession = Endpoint[RecordSession, ServiceSession]{"svc.offer.record_session"}
	OfferSessions      = Endpoint[ListSessions, Listing[ServiceSession]]{"svc.offer.sessions"}
	OfferVoidSession   = Endpoint[VoidSession, ServiceSession]{"svc.offer.void_session"}
	OfferSessionTotals = Endpoint[AskSessionTotals, SessionTotals]{"svc.offer.session_totals"}
)

// KeepRoster stores the names of who came to a session of a group, in the place
// of former ones; no names end the roster.
type KeepRoster struct {
	ID    SessionID `json:"id"`
	Names []string  `json:"names"`
}

// ReadRoster asks for the names in clear, for a reason that is recorded.
type ReadRoster struct {
	ID     SessionID `json:"id"`
	Reason string    `json:"reason"`
}

// Roster are the names of who came to a session.
type Roster struct {
	ID     SessionID `json:"id"`
	Names  []string  `json:"names"`
	KeptAt time.Time `json:"kept_at"`
}

// The calls about one session.
var (
	OfferSession    = Endpoint[GetByID, ServiceSession]{"svc.offer.session"}
	OfferKeepRoster = Endpoint[KeepRoster, ServiceSession]{"svc.offer.keep_roster"}
	OfferRoster     = Endpoint[ReadRoster, Roster]{"svc.offer.roster"}
)
