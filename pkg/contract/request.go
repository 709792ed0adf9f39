package contract

import "time"

// RequestDraft is what somebody asks for, as entered.
type RequestDraft struct {
	Title          string     `json:"title"`
	Description    string     `json:"description,omitempty"`
	Urgency        Urgency    `json:"urgency"`
	Mode           Mode       `json:"mode"`
	RegionCode     string     `json:"region_code"`
	Point          *Point     `json:"point,omitempty"`
	NeedLines      []NeedLine `json:"need_lines"`
	Languages      []string   `json:"languages,omitempty"` // BCP 47
	Skills         []string   `json:"skills,omitempty"`
	Safeguards     []string   `json:"safeguards,omitempty"`
	Windows        []Window   `json:"windows,omitempty"`
	NeededBy       *time.Time `json:"needed_by,omitempty"`
	Vulnerability  []string   `json:"vulnerability,omitempty"`
	AtOrganisation string     `json:"at_organisation,omitempty"` // organisation code
	Campaign       string     `json:"campaign,omitempty"`
	Incident       string     `json:"incident,omitempty"`
	TimeZone       string     `json:"time_zone,omitempty"` // IANA
	Language       string     `json:"language,omitempty"`  // in which messages are written (BCP 47)
	Contact        Contact    `json:"contact"`
	OnBehalfOf     string     `json:"on_behalf_of,omitempty"`
	Sharing        Sharing    `json:"sharing,omitempty"`
	Consent        Consent    `json:"consent"`
	State          string     `json:"state,omitempty"` // staff: "submitted" or "open"
	Source         string     `json:"source,omitempty"`
	SourceID       string     `json:"source_id,omitempty"`
}

// SubmitRequest stores a request under the id and code that web made. A repeat
// with the same Key and BodyHash gives the first answer; another BodyHash under
// the Key is a conflict. A repeat of Source and SourceID within the owner's
// organisation gives the first answer too.
type SubmitRequest struct {
	Key      string       `json:"key,omitempty"`
	BodyHash string       `json:"body_hash,omitempty"`
	ID       RequestID    `json:"id"`
	Code     string       `json:"code"`
	Draft    RequestDraft `json:"draft"`
	// SubmittedAt is when web took it; for what waited in the spool, earlier
	// than now.
	SubmittedAt time.Time `json:"submitted_at"`
}

// SubmittedRequest is the answer to a submission.
type SubmittedRequest struct {
	ID        RequestID  `json:"id"`
	Code      string     `json:"code"`
	State     string     `json:"state"`
	Version   int64      `json:"version"`
	NeedLines []NeedLine `json:"need_lines"`
	// Generation is what the tracking token is made from, with the id.
	Generation int `json:"generation"`
	// Repeated says that this was stored before.
	Repeated bool `json:"repeated,omitempty"`
}

// NeedLineView is a need line with the totals that follow from its matches.
// An amount counts 1 where the match's quantity was not stated.
type NeedLineView struct {
	NeedLine
	Proposed   int64 `json:"proposed"`    // held by proposals that wait for an answer
	Matched    int64 `json:"matched"`     // accepted or further
	InProgress int64 `json:"in_progress"` // started or further
	Reported   int64 `json:"reported"`    // reported done by helpers
	Confirmed  int64 `json:"confirmed"`   // confirmed by the requester
}

// Request is a request as shown. Contact is masked unless it was read with a record.
type Request struct {
	ID             RequestID      `json:"id"`
	Code           string         `json:"code"`
	Organisation   string         `json:"organisation"` // owner's code
	Path           string         `json:"path"`         // owner's path
	State          string         `json:"state"`        // shown: stage and line totals together
	Stage          string         `json:"stage"`        // stored: what people command
	ClosedReason   string         `json:"closed_reason,omitempty"`
	Version        int64          `json:"version"`
	CreatedAt      time.Time      `json:"created_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
	Title          string         `json:"title"`
	Description    string         `json:"description,omitempty"`
	Urgency        Urgency        `json:"urgency"`
	Mode           Mode           `json:"mode"`
	RegionCode     string         `json:"region_code"`
	Point          *Point         `json:"point,omitempty"`
	NeedLines      []NeedLineView `json:"need_lines"`
	Languages      []string       `json:"languages"`
	Skills         []string       `json:"skills"`
	Safeguards     []string       `json:"safeguards"`
	Windows        []Window       `json:"windows"`
	NeededBy       *time.Time     `json:"needed_by,omitempty"`
	Vulnerability  []string       `json:"vulnerability"`
	AtOrganisation string         `json:"at_organisation,omitempty"`
	Campaign       string         `json:"campaign,omitempty"`
	Incident       string         `json:"incident,omitempty"`
	TimeZone       string         `json:"time_zone"`
	Contact        Contact        `json:"contact"`
	PhoneVerified  bool           `json:"phone_verified"`
	MailBounces    bool           `json:"mail_bounces,omitempty"` // mail does not arrive
	Digest         Digest         `json:"digest,omitempty"`       // of messages to its person
	OnBehalfOf     string         `json:"on_behalf_of,omitempty"`
	Sharing        Sharing        `json:"sharing"`
	Source         string         `json:"source,omitempty"`
	SourceID       string         `json:"source_id,omitempty"`
	SubmittedBy    Role           `json:"submitted_by"`
	ClaimedBy      string         `json:"claimed_by,omitempty"` // a colleague's name
	ClaimedByID    string         `json:"claimed_by_id,omitempty"`
	ClaimedUntil   *time.Time     `json:"claimed_until,omitempty"`
	FollowUpAt     *time.Time     `json:"follow_up_at,omitempty"` // for staff
	// Waits are its matches that wait for their helper, the longest first; for staff.
	Waits      []Wait `json:"waits,omitempty"`
	Generation int    `json:"generation"`
	// Repeats is how many other requests are linked to it as asking for the same.
	Repeats int `json:"repeats,omitempty"`
	// Consent is what the person agreed to and has not withdrawn.
	Consent Consent `json:"consent"`
	// ErasedAt is set once everything personal is gone for good.
	ErasedAt *time.Time `json:"erased_at,omitempty"`
	// Risks are what somebody may be in danger of, by what was written: "self_harm",
	// "violence". A human looks first at what has any.
	Risks []string `json:"risks,omitempty"`
	// Moves are those that the reader may make now.
	Moves   []string       `json:"moves"`
	History []HistoryEntry `json:"history,omitempty"` // on get only
	Notes   []Note         `json:"notes,omitempty"`   // on get only, staff only
	// Attachments are without content, on get only, for staff only.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Published is what is on the public board; on get only, staff only.
	Published *Published `json:"published,omitempty"`
}

// Wait is a match that waits for its helper.
type Wait struct {
	MatchID MatchID `json:"match_id"`
	// Queue is QueueAwaiting or QueueStuck.
	Queue string `json:"queue"`
	// Since is when the helper was asked, or should have begun.
	Since time.Time `json:"since"`
	// Organisation owns the offer; empty while that is not known.
	Organisation string `json:"organisation,omitempty"`
}

// Note is a remark of staff on a request or an offer.
type Note struct {
	ID         NoteID    `json:"id"`
	At         time.Time `json:"at"`
	AuthorID   string    `json:"author_id"`
	AuthorName string    `json:"author_name"`
	Text       string    `json:"text"`
}

// AddNote stores a remark; the id is the caller's, so that a repeat is harmless.
type AddNote struct {
	ID        NoteID `json:"id"`
	SubjectID string `json:"subject_id"` // request or offer
	Text      string `json:"text"`
	// Mentions are colleagues who are to see it.
	Mentions []PersonID `json:"mentions,omitempty"`
}

// ListRequests asks for requests that the actor sees. Empty filters match all.
// Order: urgency, then longest waiting first, then id.
type ListRequests struct {
	Page
	States        []string  `json:"states,omitempty"`
	Urgencies     []Urgency `json:"urgencies,omitempty"`
	Categories    []string  `json:"categories,omitempty"` // with what lies below them
	RegionCode    string    `json:"region_code,omitempty"`
	Organisation  string    `json:"organisation,omitempty"` // with what lies below it
	Campaign      string    `json:"campaign,omitempty"`
	Source        string    `json:"source,omitempty"`
	Language      string    `json:"language,omitempty"`   // BCP 47
	ClaimedBy     *string   `json:"claimed_by,omitempty"` // a person's or key's id; empty: nobody
	Text          string    `json:"text,omitempty"`       // code, or words of the title
	UpdatedAfter  time.Time `json:"updated_after,omitzero"`
	CreatedAfter  time.Time `json:"created_after,omitzero"`
	CreatedBefore time.Time `json:"created_before,omitzero"`
	IncludeClosed bool      `json:"include_closed,omitempty"`
	// Queue is one of RequestQueues; empty for all. None holds a closed request.
	Queue string `json:"queue,omitempty"`
}

// The queues of requests that somebody must look at, whatever their state.
const (
	QueueDue      = "due"      // to follow up now
	QueueAwaiting = "awaiting" // a helper has yet to answer
	QueueStuck    = "stuck"    // a helper has accepted, and has not begun in time
)

// RequestQueues returns their names.
func RequestQueues() []string { return []string{QueueDue, QueueAwaiting, QueueStuck} }

// GetByID asks for one thing by id. As a token's holder the actor's Subject must be it.
type GetByID struct {
	ID string `json:"id"`
}

// MaxProjections is how many projections one call may ask for.
const MaxProjections = 100

// GetProjections asks for what the matcher may know of up to MaxProjections
// requests or offers.
type GetProjections struct {
	IDs []string `json:"ids"`
	// Versions are for each id the least that will do, where what is newer will
	// be asked for when its own fact comes; without them the newest is wanted.
	Versions []int64 `json:"versions,omitempty"`
}

// Least returns the version that will do for the n-th id; 0 when only the newest
// does.
func (q GetProjections) Least(n int) int64 {
	if n >= len(q.Versions) {
		return 0
	}
	return q.Versions[n]
}

// Projections are those found, in no certain order; unknown ones are left out.
type Projections[T any] struct {
	Items []T `json:"items"`
}

// FindByCode asks for the id behind a short code, for the form that takes code and PIN.
type FindByCode struct {
	Code string `json:"code"`
}

// Found is an id and the token generation that goes with it.
type Found struct {
	ID         string `json:"id"`
	Generation int    `json:"generation"`
}

// ContactReading asks for a contact in clear. Reason is kept in the audit chain.
type ContactReading struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// CorrectRequest is what a requester may change from the tracking page while
// nothing is matched. Nil fields stay.
type CorrectRequest struct {
	ID          RequestID `json:"id"`
	Version     int64     `json:"version"`
	Title       *string   `json:"title,omitempty"`
	Description *string   `json:"description,omitempty"`
	Contact     *Contact  `json:"contact,omitempty"`
	Urgency     *Urgency  `json:"urgency,omitempty"`
}

// ProjectedRequest is what the matcher may know of a request: no readable text,
// the point rounded to 3 decimals, words as keyed hashes.
type ProjectedRequest struct {
	RequestID     RequestID  `json:"request_id"`
	Version       int64      `json:"version"`
	Open          bool       `json:"open"`         // reservations are allowed
	Suggestable   bool       `json:"suggestable"`  // suggestions are allowed: from submitted on
	Organisation  string     `json:"organisation"` // code
	Path          string     `json:"path"`
	Sharing       Sharing    `json:"sharing"`
	Urgency       Urgency    `json:"urgency"`
	WaitingSince  time.Time  `json:"waiting_since"`
	NeededBy      *time.Time `json:"needed_by,omitempty"`
	Mode          Mode       `json:"mode"`
	RegionCode    string     `json:"region_code"`
	Point         *Point     `json:"point,omitempty"`
	Languages     []string   `json:"languages"`
	Skills        []string   `json:"skills"`
	Safeguards    []string   `json:"safeguards"`
	Windows       []Window   `json:"windows"`
	TimeZone      string     `json:"time_zone"`
	Vulnerability []string   `json:"vulnerability"`
	Campaign      string     `json:"campaign,omitempty"`
	OpenedByStaff bool       `json:"opened_by_staff"`
	PhoneVerified bool       `json:"phone_verified"`
	// RequesterKey recognises a requester across organisations: the blind index of
	// the phone, verified or not.
	RequesterKey string      `json:"requester_key,omitempty"`
	Words        Words       `json:"words,omitempty"` // of what all lines share
	Lines        []LineWords `json:"lines"`
}

// LineWords is a need or offer line as the matcher sees it.
type LineWords struct {
	ID       string `json:"id"`
	Category string `json:"category"`
	Item     string `json:"item,omitempty"`
	Quantity *int64 `json:"quantity,omitempty"`
	Unit     Unit   `json:"unit"`
	Per      Period `json:"per,omitempty"`   // offer lines
	Words    Words  `json:"words,omitempty"` // its own
}

// The calls that the request service answers.
var (
	RequestSubmit      = Endpoint[SubmitRequest, SubmittedRequest]{"svc.request.submit"}
	RequestGet         = Endpoint[GetByID, Request]{"svc.request.get"}
	RequestFind        = Endpoint[FindByCode, Found]{"svc.request.find"}
	RequestList        = Endpoint[ListRequests, Listing[Request]]{"svc.request.list"}
	RequestMove        = Endpoint[Move, Moved]{"svc.request.move"}
	RequestTry         = Endpoint[Move, Moved]{"svc.request.try"}
	RequestCorrect     = Endpoint[CorrectRequest, Moved]{"svc.request.correct"}
	RequestVerifyPhone = Endpoint[Move, Moved]{"svc.request.verify_phone"}
	RequestErase       = Endpoint[Move, Moved]{"svc.request.erase"}
	RequestConsent     = Endpoint[ChangeConsent, Moved]{"svc.request.consent"}
	RequestNote        = Endpoint[AddNote, Empty]{"svc.request.note"}
	RequestContact     = Endpoint[ContactReading, Contact]{"svc.request.contact"}
	RequestProjections = Endpoint[GetProjections, Projections[ProjectedRequest]]{"svc.request.projection"}
	RequestCount       = Endpoint[Empty, Counts]{"svc.request.count"}
)

// Counts are how many rows the actor sees, by shown state.
type Counts struct {
	ByState map[string]int64 `json:"by_state"`
	Queues  map[string]int64 `json:"queues,omitempty"` // of requests or offers; a row may be in several
}
