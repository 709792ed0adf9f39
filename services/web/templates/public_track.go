package templates

import "heli/pkg/contract"

// Entry is the form that opens a private page by code and PIN, for tracking and
// for the helper's answer.
type Entry struct {
	Action string // "/track" or "/answer"
	Title  string
	Lead   string
	Code   string // as typed
	Errors Errors
	// Failure says why the page was not opened.
	Failure string
}

// Track is what a private page shows of one request or offer.
type Track struct {
	Asked bool // whether the offer still stands
	Thing contract.Thing
	Title string
	Code  string
	// Pin is empty unless it is asked for.
	Pin  string
	Link string
	// State is the name of the state; empty while the submission waits.
	State string
	// Plain says in a sentence what the state means, Next what happens next.
	Plain string
	Next  string
	// New says that the thing has just been submitted.
	New      bool
	Critical bool
	// Kind is what somebody reads who may be in danger; empty for others.
	Kind      []string
	Sensitive bool
	// Digest is how often messages come; empty where none do.
	Digest    contract.Digest
	DigestAll bool // it holds for all offers of the helper
	// Problem is a sentence about what could not be done.
	Problem  string
	Facts    []Fact
	Progress []LineProgress
	Matches  []TrackMatch
	// MatchesAway says that matches cannot be shown at the moment.
	MatchesAway bool
	Steps       []Step
	Version     int64
	Moves       []TrackMove
	// Confirm is the move that asks to be confirmed; empty for none.
	Confirm string
	// Edit is the form for corrections; nil when it is not open.
	Edit *Form
	// Complaint is the form that reports the other side; nil when it is not open.
	Complaint *ComplaintForm
	// Told says that a complaint was just taken, and of which kind.
	Told string
	// Correctable says that title, text and contact may be changed now.
	Correctable bool
	// AskedInfo is what a coordinator wants to know; Answerable says that it
	// may be answered.
	AskedInfo  string
	Answerable bool
}

// LineProgress is how much of a line is arranged.
type LineProgress struct {
	Label string
	Done  int64
	Total int64
	Text  string
}

// TrackMove is a button of a private page.
type TrackMove struct {
	Move  string
	Label string
	Kind  ButtonKind
}

// TrackMatch is a match on the page of its request or offer.
type TrackMatch struct {
	ID      string
	Code    string
	Title   string
	State   string
	Plain   string
	At      string
	Version int64
	Amount  int64
	Unit    string
	// AskCame asks the requester whether help came.
	AskCame bool
	// CanDeny says that "no" may be answered.
	CanDeny bool
	// AskAccept asks the one who offers whether they can help.
	AskAccept bool
	Deadline  string
	// CodeWord is what both sides can tell each other on the phone.
	CodeWord string
	// AskContact offers to show the helper's contact; Contact is it, once asked for.
	AskContact bool
	// Reportable says that the other side may be complained about.
	Reportable  bool
	Contact     []Fact
	Appointment AppointmentCard
}

// Answer is the helper's page for one match.
type Answer struct {
	Code      string
	State     string
	Plain     string
	Title     string // what is asked for
	Facts     []Fact
	Text      string // of the need, once the helper has said yes
	Contact   []Fact // of the requester, once released
	Problem   string
	Version   int64
	Amount    int64
	Unit      string
	Moves     map[string]bool
	Reasons   []Option
	Errors    Errors
	Steps     []Step
	Sensitive bool
	Deadline  string
	CodeWord  string
	// Late says that an answer just came after its time.
	Late bool
	// Complaint, Told and Reportable are as on a tracking page.
	Complaint  *ComplaintForm
	Told       string
	Reportable bool
	// Appointment is when the help takes place.
	Appointment AppointmentCard
}

// confirmAction is where a move goes that was asked about once more. An erasure
// has a place of its own: afterwards there is no page to return to.
func confirmAction(move string) string {
	if move == "erase" {
		return "/track/erase"
	}
	return "/track/move"
}
