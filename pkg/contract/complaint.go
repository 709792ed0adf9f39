package contract

import "time"

// ComplaintID names a complaint.
type ComplaintID string

// ComplaintKind is what somebody complains of.
type ComplaintKind string

// The kinds.
const (
	ComplaintRude         ComplaintKind = "rude"
	ComplaintNoShow       ComplaintKind = "no_show"
	ComplaintAskedMoney   ComplaintKind = "asked_money"
	ComplaintHarassment   ComplaintKind = "harassment"
	ComplaintSafeguarding ComplaintKind = "safeguarding" // somebody is in danger, or may be
	ComplaintOther        ComplaintKind = "other"
)

// ComplaintKinds lists the kinds, in the order of forms.
func ComplaintKinds() []ComplaintKind {
	return []ComplaintKind{
		ComplaintRude, ComplaintNoShow, ComplaintAskedMoney, ComplaintHarassment, ComplaintSafeguarding, ComplaintOther,
	}
}

// Apart reports whether the two are kept apart where nobody says otherwise.
func (k ComplaintKind) Apart() bool { return k == ComplaintHarassment || k == ComplaintSafeguarding }

// Side is one of the two people of a match.
type Side string

// The sides.
const (
	SideHelper    Side = "helper"
	SideRequester Side = "requester"
)

// ComplaintOutcomes lists what a complaint may be closed with.
func ComplaintOutcomes() []string { return []string{"upheld", "settled", "unfounded", "referred"} }

// FileComplaint reports one side of a match. Each side reports the other; staff
// say whom in About. The id is the caller's, so that a repeat is harmless. What
// protects people happens first; the words follow to the keeper that the answer
// names: see KeepComplaint.
type FileComplaint struct {
	ID      ComplaintID   `json:"id"`
	MatchID MatchID       `json:"match_id"`
	Kind    ComplaintKind `json:"kind"`
	About   Side          `json:"about,omitempty"` // staff only
	// Apart says whether the two shall never be matched again; nil leaves it to
	// the kind.
	Apart *bool `json:"apart,omitempty"`
}

// Complaint is one as its handlers see it, without its words.
type Complaint struct {
	ID        ComplaintID   `json:"id"`
	MatchID   MatchID       `json:"match_id"`
	MatchCode string        `json:"match_code"`
	RequestID RequestID     `json:"request_id"`
	OfferID   OfferID       `json:"offer_id"`
	Kind      ComplaintKind `json:"kind"`
	By        Role          `json:"by"` // who reported, by role
	About     Side          `json:"about"`
	Path      string        `json:"path"` // of the organisation that answers for it
	// Keeper is the thing that the words are kept with.
	Keeper  Thing  `json:"keeper"`
	State   string `json:"state"` // open, in_hand, closed
	Outcome string `json:"outcome,omitempty"`
	Version int64  `json:"version"`
	Apart   bool   `json:"apart"` // the two are never matched
	// Pausing says that the helper's offers are to rest, everywhere; Paused that
	// they do, by the offer service's own word.
	Pausing bool `json:"pausing"`
	Paused  bool `json:"paused"`
	// Responsible is the person whom it landed with; empty while nobody is named.
	ResponsibleID PersonID  `json:"responsible_id,omitempty"`
	Responsible   string    `json:"responsible,omitempty"`
	HeldBy        string    `json:"held_by,omitempty"` // the colleague who has it in hand
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	Moves         []string  `json:"moves"`
}

// ComplaintByID asks for a complaint.
type ComplaintByID struct {
	ID ComplaintID `json:"id"`
}

// ListComplaints asks for the complaints that the actor sees: those that pause a
// helper first, then the oldest.
type ListComplaints struct {
	State string `json:"state,omitempty"`
}

// DecideComplaint makes a move of a complaint: "take", or "close" with an outcome.
type DecideComplaint struct {
	ID      ComplaintID `json:"id"`
	Move    string      `json:"move"`
	Outcome string      `json:"outcome,omitempty"`
	// Reinstate lets the helper's offers go on when the complaint is closed; else
	// they stay paused, everywhere and for good.
	Reinstate bool `json:"reinstate,omitempty"`
	// Together lets the two be matched again.
	Together bool   `json:"together,omitempty"`
	Version  *int64 `json:"version,omitempty"`
}

// KeepComplaint stores the words of a complaint with the request or offer of who
// complains. A repeat of its id changes nothing.
type KeepComplaint struct {
	ID        ComplaintID `json:"id"`
	SubjectID string      `json:"subject_id"`
	Text      string      `json:"text"`
}

// ReadComplaint asks for the words of a complaint; each reading is recorded.
type ReadComplaint struct {
	ID        ComplaintID `json:"id"`
	SubjectID string      `json:"subject_id"`
}

// ComplaintText are the words of a complaint.
type ComplaintText struct {
	Text string `json:"text"`
}

// SuspendHelper has every offer of a helper rest, in all organisations, because
// of a complaint, also those that come later; or, with Lift, lets them go on. A
// repeat changes nothing.
type SuspendHelper struct {
	ComplaintID ComplaintID `json:"complaint_id"`
	HelperKey   string      `json:"helper_key,omitempty"` // blind index of the phone
	OfferID     OfferID     `json:"offer_id"`             // for who has no phone
	Lift        bool        `json:"lift,omitempty"`
}

// AskSafeguard asks who answers for complaints of an organisation, by its path:
// the person whom it named, else the nearest above.
type AskSafeguard struct {
	Path string `json:"path"`
}

// Safeguard is that person; empty where nobody is named.
type Safeguard struct {
	PersonID     PersonID `json:"person_id,omitempty"`
	Name         string   `json:"name,omitempty"`
	Organisation string   `json:"organisation,omitempty"` // code of the one that named them
}

// NameSafeguard names who answers for complaints of an organisation; nobody
// where the person is empty.
type NameSafeguard struct {
	Organisation string   `json:"organisation"`
	PersonID     PersonID `json:"person_id"`
}

// The calls about complaints.
var (
	MatcherComplain        = Endpoint[FileComplaint, Complaint]{"svc.matcher.complain"}
	MatcherComplaint       = Endpoint[ComplaintByID, Complaint]{"svc.matcher.complaint"}
	MatcherComplaints      = Endpoint[ListComplaints, Listing[Complaint]]{"svc.matcher.complaints"}
	MatcherCountComplaints = Endpoint[Empty, Counts]{"svc.matcher.count_complaints"}
	MatcherDecide          = Endpoint[DecideComplaint, Complaint]{"svc.matcher.decide"}

	RequestKeepComplaint = Endpoint[KeepComplaint, Empty]{"svc.request.keep_complaint"}
	RequestReadComplaint = Endpoint[ReadComplaint, ComplaintText]{"svc.request.read_complaint"}
	OfferKeepComplaint   = Endpoint[KeepComplaint, Empty]{"svc.offer.keep_complaint"}
	OfferReadComplaint   = Endpoint[ReadComplaint, ComplaintText]{"svc.offer.read_complaint"}
	OfferSuspend         = Endpoint[SuspendHelper, Empty]{"svc.offer.suspend"}

	DirectorySafeguard     = Endpoint[AskSafeguard, Safeguard]{"svc.directory.safeguard"}
	DirectoryNameSafeguard = Endpoint[NameSafeguard, Organisation]{"svc.directory.name_safeguard"}
)
