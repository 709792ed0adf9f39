package contract

import "time"

// AskID names one ask of one helper.
type AskID string

// Ask is a question to one helper whether they would serve a need line. It
// reserves nothing but their load budget.
type Ask struct {
	ID          AskID          `json:"id"`
	Code        string         `json:"code"` // for the helper's answer page, with a PIN
	State       string         `json:"state"`
	Version     int64          `json:"version"`
	RequestID   RequestID      `json:"request_id"`
	NeedLineID  NeedLineID     `json:"need_line_id"`
	OfferID     OfferID        `json:"offer_id"`
	OfferLineID OfferLineID    `json:"offer_line_id"`
	MatchID     MatchID        `json:"match_id,omitempty"` // once accepted
	Category    string         `json:"category"`
	RegionCode  string         `json:"region_code"`
	Urgency     Urgency        `json:"urgency"`
	Quantity    int64          `json:"quantity"`
	Unit        Unit           `json:"unit"`
	Score       float64        `json:"score"`
	Wave        int            `json:"wave"`                 // in which it was sent
	StandsBy    bool           `json:"stands_by,omitempty"`  // said yes when nothing was missing
	OtherTime   *time.Time     `json:"other_time,omitempty"` // that the helper suggests
	Reason      string         `json:"reason,omitempty"`     // a code
	Until       time.Time      `json:"until"`
	RequestOrg  string         `json:"request_owner"` // organisation codes
	OfferOrg    string         `json:"offer_owner"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
	Generation  int            `json:"generation"` // of the answer token
	Moves       []string       `json:"moves"`
	History     []HistoryEntry `json:"history,omitempty"` // on get only
}

// AskReasons are the codes of why a helper declines.
func AskReasons() []string {
	return []string{"no_time", "too_far", "not_my_skill", "capacity_gone", "safety", "personal", "other"}
}

// ListAsks asks for asks that the actor sees. Newest first.
type ListAsks struct {
	Page
	RequestID RequestID `json:"request_id,omitempty"`
	OfferID   OfferID   `json:"offer_id,omitempty"`
	States    []string  `json:"states,omitempty"`
}

// StartWave asks several helpers at once for what a need line lacks, and goes on
// until it is filled. A repeat, or one for a line that is asked for, changes nothing.
type StartWave struct {
	NeedLineID NeedLineID `json:"need_line_id"`
}

// StopWave stops asking for a need line; whoever has not answered is told.
type StopWave struct {
	NeedLineID NeedLineID `json:"need_line_id"`
	Reason     string     `json:"reason,omitempty"`
}

// Wave is how asking for a need line stands.
type Wave struct {
	NeedLineID NeedLineID `json:"need_line_id"`
	RequestID  RequestID  `json:"request_id"`
	// State is "asking", "filled" or "stopped"; empty before somebody starts it.
	State     string     `json:"state,omitempty"`
	Sent      int        `json:"sent"`    // waves so far
	Missing   int64      `json:"missing"` // units; 1 where no quantity was stated
	Open      int        `json:"open"`    // asks without an answer
	StandBy   int        `json:"stand_by"`
	LookAt    *time.Time `json:"look_at,omitempty"` // when the next are asked at the latest
	Automatic bool       `json:"automatic,omitempty"`
	Version   int64      `json:"version"`
	// Next are those who would be asked now; Fitting is how many might be.
	Next    []Suggestion `json:"next"`
	Fitting int          `json:"fitting"`
}

// Waves answers for every need line of a request.
type Waves struct {
	Items []Wave `json:"items"`
}

// AskStanding asks how the helper of an offer kept what was agreed.
type AskStanding struct {
	OfferID OfferID `json:"offer_id"`
}

// Standing says how often somebody did not come or withdrew after a yes, of all
// that they agreed to lately. Raised is whether that is worth a kind word.
type Standing struct {
	Agreed    int  `json:"agreed"`
	NoShows   int  `json:"no_shows"`
	Withdrawn int  `json:"withdrawn"`
	Raised    bool `json:"raised"`
}

// The calls about asks that the matcher answers.
var (
	MatcherWaves     = Endpoint[GetByID, Waves]{"svc.matcher.waves"}
	MatcherStartWave = Endpoint[StartWave, Wave]{"svc.matcher.start_wave"}
	MatcherStopWave  = Endpoint[StopWave, Wave]{"svc.matcher.stop_wave"}
	MatcherAsk       = Endpoint[GetByID, Ask]{"svc.matcher.ask"}
	MatcherAsks      = Endpoint[ListAsks, Listing[Ask]]{"svc.matcher.asks"}
	MatcherFindAsk   = Endpoint[FindByCode, Found]{"svc.matcher.find_ask"}
	MatcherMoveAsk   = Endpoint[Move, Ask]{"svc.matcher.move_ask"}
	MatcherStanding  = Endpoint[AskStanding, Standing]{"svc.matcher.standing"}
)
