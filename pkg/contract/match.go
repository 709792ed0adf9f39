package contract

import "time"

// Suggest asks for the best offers for a request's open need lines, as the
// actor may pair them. Suggestions are computed when looked at, never stored.
type Suggest struct {
	RequestID RequestID `json:"request_id"`
	Limit     int       `json:"limit,omitempty"` // per need line, 1 to 50; 0 means 10
	// MinVersion is the version of the request that the answer must know.
	MinVersion int64 `json:"min_version,omitempty"`
}

// Factor is one soft factor of a score: its value between 0 and 1, its weight
// in the policy, and the sentence that explains it (a catalogue key and its
// arguments; web renders it in the reader's language).
type Factor struct {
	Name   string         `json:"name"`
	Value  float64        `json:"value"`
	Weight float64        `json:"weight"`
	Key    string         `json:"key"`
	Args   map[string]any `json:"args,omitempty"`
}

// Suggestion is one offer line that fits one need line.
type Suggestion struct {
	NeedLineID  NeedLineID  `json:"need_line_id"`
	OfferID     OfferID     `json:"offer_id"`
	OfferLineID OfferLineID `json:"offer_line_id"`
	Quantity    int64       `json:"quantity"` // in the need's unit
	Score       float64     `json:"score"`
	Factors     []Factor    `json:"factors"`
}

// Missing says what keeps a need line from offers: how many fail by one rule only.
type Missing struct {
	NeedLineID NeedLineID     `json:"need_line_id"`
	Rule       string         `json:"rule"`
	Count      int            `json:"count"`
	Key        string         `json:"key"`
	Args       map[string]any `json:"args,omitempty"`
}

// Suggestions answers Suggest: best first within each need line.
type Suggestions struct {
	Items         []Suggestion `json:"items"`
	Missing       []Missing    `json:"missing"`
	PolicyVersion int64        `json:"policy_version"`
	// Version is the request's version that the answer knows.
	Version int64 `json:"version"`
}

// AskVerdict asks why an offer fits a request or which rule stops it.
type AskVerdict struct {
	RequestID RequestID `json:"request_id"`
	OfferID   OfferID   `json:"offer_id"`
}

// Verdict is the answer for the best pair of lines: the factors when it fits,
// else the first rule that stops it.
type Verdict struct {
	Fits        bool           `json:"fits"`
	NeedLineID  NeedLineID     `json:"need_line_id,omitempty"`
	OfferLineID OfferLineID    `json:"offer_line_id,omitempty"`
	Score       float64        `json:"score,omitempty"`
	Factors     []Factor       `json:"factors,omitempty"`
	Rule        string         `json:"rule,omitempty"`
	Key         string         `json:"key,omitempty"`
	Args        map[string]any `json:"args,omitempty"`
}

// Propose asks to reserve an offer line for a need line. The id is the
// caller's, so that a repeat gives the first answer. A nil quantity means what
// is missing, as far as the offer can give it.
type Propose struct {
	ID          MatchID     `json:"id"`
	Code        string      `json:"code"`
	NeedLineID  NeedLineID  `json:"need_line_id"`
	OfferLineID OfferLineID `json:"offer_line_id"`
	Quantity    *int64      `json:"quantity,omitempty"`
	At          *time.Time  `json:"at,omitempty"`
	Key         string      `json:"key,omitempty"`
	BodyHash    string      `json:"body_hash,omitempty"`
}

// Match joins one need line with one offer line for a quantity.
type Match struct {
	ID            MatchID        `json:"id"`
	Code          string         `json:"code"` // for the helper's answer page, with a PIN
	State         string         `json:"state"`
	Version       int64          `json:"version"`
	RequestID     RequestID      `json:"request_id"`
	NeedLineID    NeedLineID     `json:"need_line_id"`
	OfferID       OfferID        `json:"offer_id"`
	OfferLineID   OfferLineID    `json:"offer_line_id"`
	Category      string         `json:"category"`
	Quantity      int64          `json:"quantity"`
	Unit          Unit           `json:"unit"`
	At            *time.Time     `json:"at,omitempty"`
	HoldUntil     *time.Time     `json:"hold_until,omitempty"` // while proposed
	StartBy       *time.Time     `json:"start_by,omitempty"`   // while accepted; later it is stuck
	ResolveBy     *time.Time     `json:"resolve_by,omitempty"` // while disputed; later it is overdue
	Reason        string         `json:"reason,omitempty"`     // of the end
	Reported      *int64         `json:"reported,omitempty"`   // helper's side, in Unit
	Confirmed     *int64         `json:"confirmed,omitempty"`  // requester's side, in Unit
	PolicyVersion int64          `json:"policy_version"`
	Score         float64        `json:"score"`
	Factors       []Factor       `json:"factors,omitempty"` // on get only
	RequestOwner  string         `json:"request_owner"`     // organisation codes
	OfferOwner    string         `json:"offer_owner"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Generation    int            `json:"generation"` // of the answer token
	Moves         []string       `json:"moves"`
	History       []HistoryEntry `json:"history,omitempty"` // on get only
	// Appointment is when and where it takes place; on get only.
	Appointment *Appointment `json:"appointment,omitempty"`
}

// ListMatches asks for matches that the actor sees. Newest first.
type ListMatches struct {
	Page
	RequestID RequestID `json:"request_id,omitempty"`
	OfferID   OfferID   `json:"offer_id,omitempty"`
	States    []string  `json:"states,omitempty"`
	Queue     string    `json:"queue,omitempty"` // "stuck", "disputed", "awaiting"
}

// Helped names the organisations, by code, with a confirmed match on either side.
type Helped struct {
	Organisations []string `json:"organisations"`
}

// ReleasedFor is how long after the end of a match, once help was confirmed, each
// side may still see the other's contact. A match that is given up ends it at once.
const ReleasedFor = 14 * 24 * time.Hour

// The calls that the matcher answers.
var (
	MatcherSuggest = Endpoint[Suggest, Suggestions]{"svc.matcher.suggest"}
	MatcherVerdict = Endpoint[AskVerdict, Verdict]{"svc.matcher.verdict"}
	MatcherPropose = Endpoint[Propose, Match]{"svc.matcher.propose"}
	MatcherMove    = Endpoint[Move, Match]{"svc.matcher.move"}
	MatcherGet     = Endpoint[GetByID, Match]{"svc.matcher.get"}
	MatcherFind    = Endpoint[FindByCode, Found]{"svc.matcher.find"}
	MatcherList    = Endpoint[ListMatches, Listing[Match]]{"svc.matcher.list"}
	MatcherCount   = Endpoint[Empty, Counts]{"svc.matcher.count"}
	MatcherHonours = Endpoint[Empty, Helped]{"svc.matcher.honours"}
)
