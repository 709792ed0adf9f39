package contract

import "time"

// What a service keeps of the person whose tracking token asks, besides the
// request or offer itself. None of these calls names whose data it wants: that is
// what the token speaks for, so that nobody can ask for another's.

// AskOwn asks for it. Complaints are those that the person made, by the matcher's
// word: what others wrote is kept in the same place, and must not be told.
type AskOwn struct {
	Complaints []ComplaintID `json:"complaints,omitempty"`
}

// OwnRequest is what the request service keeps beside a request.
type OwnRequest struct {
	Attachments []Attachment `json:"attachments"` // without who of the staff put them there
	Complaints  []OwnWords   `json:"complaints"`
	// Notes is how many remarks staff made. Their words are not told here: they may
	// be about others, or about a danger that the reader is in.
	Notes      int        `json:"notes"`
	Published  *Published `json:"published,omitempty"`
	FollowUpAt *time.Time `json:"follow_up_at,omitempty"` // when staff look at it again
}

// OwnOffer is what the offer service keeps beside an offer.
type OwnOffer struct {
	Complaints []OwnWords   `json:"complaints"`
	Notes      int          `json:"notes"` // as in OwnRequest
	Published  *Published   `json:"published,omitempty"`
	Sessions   []OwnSession `json:"sessions"`
	Reminders  []OwnTold    `json:"reminders"`
}

// OwnWords are the words of a complaint that the person made.
type OwnWords struct {
	ID   ComplaintID `json:"id" db:"id"`
	At   time.Time   `json:"at" db:"at"`
	Text string      `json:"text" db:"text"`
}

// OwnSession is a session of help that was recorded for a match of the helper's.
type OwnSession struct {
	MatchID  MatchID `json:"match_id" db:"match_id"`
	HeldOn   string  `json:"held_on" db:"held_on"`
	Minutes  int64   `json:"minutes" db:"minutes"`
	Category string  `json:"category" db:"category"`
	Void     bool    `json:"void,omitempty" db:"void"`
}

// OwnTold is something that was remembered as told, so that it is told once.
type OwnTold struct {
	Kind string    `json:"kind" db:"kind"`
	At   time.Time `json:"at" db:"at"`
}

// OwnMatches is what the matcher keeps of a person besides matches and asks.
type OwnMatches struct {
	Complaints   []OwnComplaint `json:"complaints"` // that the person made
	About        AboutOneself   `json:"about"`
	Appointments []Appointment  `json:"appointments"`
	Steps        []OwnStep      `json:"steps"` // of matches and asks
	Weeks        []OwnWeek      `json:"weeks"`
}

// OwnComplaint is a complaint that the person made; its words are kept elsewhere.
type OwnComplaint struct {
	ID        ComplaintID   `json:"id" db:"id"`
	MatchCode string        `json:"match_code" db:"match_code"`
	Kind      ComplaintKind `json:"kind" db:"kind"`
	About     Side          `json:"about" db:"about"`
	State     string        `json:"state" db:"state"`
	Apart     bool          `json:"apart" db:"apart"` // the two are not matched again
	CreatedAt time.Time     `json:"created_at" db:"created_at"`
}

// OwnPeople is with how many others somebody must have been matched before the
// number of complaints about them is told: of fewer it would say who complained.
const OwnPeople = 3

// AboutOneself says how many complaints there are about the person; never who made
// them, of what, in which match or when. Where that would still tell who it was,
// Told is false and the rest is empty.
type AboutOneself struct {
	Told   bool `json:"told"`
	Open   int  `json:"open"`
	Closed int  `json:"closed"`
}

// OwnStep is one thing that happened to a match or an ask.
type OwnStep struct {
	ID         string    `json:"id" db:"subject_id"`
	At         time.Time `json:"at" db:"at"`
	Move       string    `json:"move" db:"move"`
	From       string    `json:"from" db:"from_state"`
	To         string    `json:"to" db:"to_state"`
	Role       Role      `json:"role" db:"role"`
	OnBehalfOf string    `json:"on_behalf_of,omitempty" db:"on_behalf_of"`
}

// OwnWeek is how often a helper was asked in a week, in all organisations.
type OwnWeek struct {
	Week  string `json:"week" db:"week"` // its first day
	Asked int64  `json:"asked" db:"asked"`
}

// OwnReading is one recorded reading of what the person told, without the name of
// who read.
type OwnReading struct {
	At     time.Time `json:"at" db:"at"`
	Action string    `json:"action" db:"action"` // such as "request.contact.read"
	Role   Role      `json:"role" db:"role"`
}

// OwnMessage is a message to the person. Where it went is in no table: see the
// contact.
type OwnMessage struct {
	Kind    string    `json:"kind"`
	Channel Channel   `json:"channel,omitempty"` // empty until it was tried
	State   string    `json:"state"`
	Reason  string    `json:"reason,omitempty"`
	MadeAt  time.Time `json:"made_at"`
	Tries   []OwnTold `json:"tries"`
}

// The calls for one's own data, by the token of a request or an offer alone.
var (
	RequestOwn   = Endpoint[AskOwn, OwnRequest]{"svc.request.own"}
	OfferOwn     = Endpoint[AskOwn, OwnOffer]{"svc.offer.own"}
	MatcherOwn   = Endpoint[Empty, OwnMatches]{"svc.matcher.own"}
	NotifyOwn    = Endpoint[Empty, Listing[OwnMessage]]{"svc.notify.own"}
	DirectoryOwn = Endpoint[AskOwn, Listing[OwnReading]]{"svc.directory.own"}
)
