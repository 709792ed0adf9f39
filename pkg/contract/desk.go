package contract

import "time"

// AttachmentID names a file beside a request.
type AttachmentID string

// MaxAttachmentBytes bounds an attachment, MaxAttachments how many a request has.
const (
	MaxAttachmentBytes = 5 << 20
	MaxAttachments     = 20
)

// Attachment is a file beside a request, without its content.
type Attachment struct {
	ID         AttachmentID `json:"id"`
	At         time.Time    `json:"at"`
	AuthorName string       `json:"author_name"`
	Name       string       `json:"name"`
	MediaType  string       `json:"media_type"` // image/jpeg, image/png or application/pdf
	Bytes      int          `json:"bytes"`
}

// AddAttachment stores a file; the id is the caller's, so that a repeat is
// harmless. What its name says of its type does not count.
type AddAttachment struct {
	ID        AttachmentID `json:"id"`
	RequestID RequestID    `json:"request_id"`
	Name      string       `json:"name"`
	Content   []byte       `json:"content"`
}

// AttachmentByID asks for an attachment of a request, to read it or to delete it.
type AttachmentByID struct {
	ID        AttachmentID `json:"id"`
	RequestID RequestID    `json:"request_id"`
}

// AttachmentContent is an attachment in clear.
type AttachmentContent struct {
	Attachment
	Content []byte `json:"content"`
}

// RequestFields are what staff edit of a request.
type RequestFields struct {
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Urgency     Urgency      `json:"urgency"`
	NeededBy    *time.Time   `json:"needed_by,omitempty"`
	Lines       []LineFields `json:"lines"`
}

// LineFields are what staff edit of a need line. A nil quantity is not stated.
type LineFields struct {
	ID            NeedLineID `json:"id"`
	Specification string     `json:"specification"`
	Quantity      *int64     `json:"quantity,omitempty"`
}

// EditRequest changes those fields in which Now differs from Was, what the editor
// saw. One that has become something else meanwhile makes the whole a conflict,
// changed_meanwhile, unless both changed it to the same. Added are further lines,
// under ids of the caller's, so that a repeat is harmless. Removed are lines that no
// live match holds; one that is not there any more is no error.
type EditRequest struct {
	ID      RequestID     `json:"id"`
	Was     RequestFields `json:"was"`
	Now     RequestFields `json:"now"`
	Added   []NeedLine    `json:"added,omitempty"`
	Removed []NeedLineID  `json:"removed,omitempty"`
}

// Alike is a request that may ask for the same as another.
type Alike struct {
	Request Request    `json:"request"`
	Score   float64    `json:"score"` // 0 to 1
	Signs   []Likeness `json:"signs"`
	Linked  bool       `json:"linked"`
}

// Likeness is one sign that two requests ask for the same: phone, place, time,
// category or text, from 0 to 1.
type Likeness struct {
	Sign   string  `json:"sign"`
	Value  float64 `json:"value"`
	Weight float64 `json:"weight"`
}

// LinkRequests says that two requests ask for the same, or that they do not after
// all. A link changes nothing else of either, but for the urgency that a person
// raises with it. A repeat is harmless.
type LinkRequests struct {
	ID      RequestID `json:"id"`
	OtherID RequestID `json:"other_id"`
	Linked  bool      `json:"linked"`
	Urgency Urgency   `json:"urgency,omitempty"` // of ID, more urgent than it is; empty: stays
}

// LookUpCaller asks for the requests of a phone that the actor sees. That it was
// asked is put into the audit chain first.
type LookUpCaller struct {
	Phone string `json:"phone"`
}

// MentionKind is why something is put before somebody.
type MentionKind string

// The kinds of mentions.
const (
	MentionNote      MentionKind = "note"
	MentionClaimOver MentionKind = "claim_over" // their claim has ended by time; it has no text and no author
)

// Mention is a note in which somebody is mentioned, or what else is put before them.
type Mention struct {
	Kind       MentionKind `json:"kind"`
	NoteID     NoteID      `json:"note_id"`
	RequestID  RequestID   `json:"request_id"`
	Code       string      `json:"code"`
	Title      string      `json:"title"`
	Text       string      `json:"text"`
	AuthorName string      `json:"author_name"`
	At         time.Time   `json:"at"`
	SeenAt     *time.Time  `json:"seen_at,omitempty"`
}

// AskMentions asks for one's own mentions, the newest first; with CountOnly for
// their number alone.
type AskMentions struct {
	CountOnly bool `json:"count_only,omitempty"`
}

// Mentions are at most a hundred of the newest.
type Mentions struct {
	Unseen int       `json:"unseen"`
	Items  []Mention `json:"items"`
}

// SeeMention marks one's own mention as seen. A repeat is harmless.
type SeeMention struct {
	NoteID NoteID `json:"note_id"`
}

// Colleague is somebody who works in an organisation.
type Colleague struct {
	ID   PersonID `json:"id"`
	Name string   `json:"name"`
}

// AskColleagues asks who works in the organisation at the path, or above it up to
// the actor's own: those who see what belongs to it.
type AskColleagues struct {
	Path string `json:"path"`
}

// AskReadings asks who read the contact of a request or offer.
type AskReadings struct {
	SubjectID string `json:"subject_id"`
}

// Reading is one recorded reading of a contact.
type Reading struct {
	At        time.Time `json:"at"`
	Role      Role      `json:"role"`
	ActorName string    `json:"actor_name"`
	Reason    string    `json:"reason"`
}

// The calls about what stands beside a request.
var (
	RequestEdit       = Endpoint[EditRequest, Moved]{"svc.request.edit"}
	RequestAttach     = Endpoint[AddAttachment, Attachment]{"svc.request.attach"}
	RequestAttachment = Endpoint[AttachmentByID, AttachmentContent]{"svc.request.attachment"}
	RequestDetach     = Endpoint[AttachmentByID, Empty]{"svc.request.detach"}
	RequestAlike      = Endpoint[GetByID, Listing[Alike]]{"svc.request.alike"}
	RequestLink       = Endpoint[LinkRequests, Moved]{"svc.request.link"}
	RequestLookUp     = Endpoint[LookUpCaller, Listing[Request]]{"svc.request.look_up"}
	RequestMentions   = Endpoint[AskMentions, Mentions]{"svc.request.mentions"}
	RequestSeeMention = Endpoint[SeeMention, Empty]{"svc.request.see_mention"}

	DirectoryColleagues = Endpoint[AskColleagues, Listing[Colleague]]{"svc.directory.colleagues"}
	DirectoryReadings   = Endpoint[AskReadings, Listing[Reading]]{"svc.directory.readings"}
)
