package contract

import "time"

// PurposeMessages is that the person wants messages about what they asked for or
// offered. Unlike the other purposes it is never taken for granted.
const PurposeMessages = "messages"

// Channel is a way on which a message goes to a person.
type Channel string

// The channels.
const (
	ChannelMail Channel = "mail"
	ChannelSMS  Channel = "sms"
)

// Why a person is not written to. They are kept in the log of messages.
const (
	RefusedErased    = "erased"
	RefusedConsent   = "no_consent"
	RefusedNoAddress = "no_address"
	RefusedBounces   = "bounces"
	RefusedHours     = "safe_hours" // they are said in words that no program understands
)

// TokensApart stands between the tokens of a link that speaks for several things.
const TokensApart = "~"

// AskReach asks for the one address to which a message about a request or an offer
// may go now. Only a service on its own account may ask.
type AskReach struct {
	ID string `json:"id"`
	// Key is the audit entry's: each reading has its own.
	Key string `json:"key"`
	// Reason is the kind of message; the audit chain keeps it.
	Reason string `json:"reason"`
	// Channels are those that work, the preferred one first.
	Channels []Channel `json:"channels"`
	// Critical breaks through the quiet hours, never through safe contact hours.
	Critical bool `json:"critical,omitempty"`
	// AtOnce says that the message is in no summary. Until is when what it asks for
	// ends: it is in none that would come too late for it.
	AtOnce bool       `json:"at_once,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
	// HeardBy is by when it must be heard, or somebody acts in vain: neither a summary
	// nor the quiet hours hold it so long, safe contact hours may.
	HeardBy *time.Time `json:"heard_by,omitempty"`
	// Since is when the message fell due, from which a summary counts, and Path the
	// organisation that it is about: of staff, who may have left.
	Since time.Time `json:"since,omitzero"`
	Path  string    `json:"path,omitempty"`
}

// Reach says how a person is written to. Without Refusal and NotBefore it has an
// address, whose reading is recorded.
type Reach struct {
	Refusal string `json:"refusal,omitempty"`
	// NotBefore is when to ask again, in the person's waking and safe hours.
	NotBefore *time.Time `json:"not_before,omitempty"`
	Channel   Channel    `json:"channel,omitempty"`
	Address   string     `json:"address,omitempty"`
	// Summary says that all that waits for the person is told together.
	Summary bool `json:"summary,omitempty"`
	// Person recognises the address again: a keyed digest of it.
	Person string `json:"person,omitempty"`
	// Language and Languages are what the person reads, the best first (BCP 47).
	Language  string   `json:"language,omitempty"`
	Languages []string `json:"languages,omitempty"`
	Code      string   `json:"code,omitempty"`
	State     string   `json:"state,omitempty"`
	// Generation is what the tracking token is made from, with the id.
	Generation int    `json:"generation"`
	Path       string `json:"path,omitempty"` // of the owner
	// Discreet says that who sees the message on a shared device must not get
	// further by it: it carries no link that opens the page by itself.
	Discreet bool `json:"discreet,omitempty"`
}

// Bounced notes that mail to the person of a request or an offer does not arrive.
type Bounced struct {
	ID string `json:"id"`
	// Person is the digest that Reach gave: an address corrected since is another.
	Person string `json:"person"`
}

// ChooseDigest chooses how the person of a request or an offer is told of what may
// wait: DigestNone or DigestDaily.
type ChooseDigest struct {
	ID     string `json:"id"`
	Digest Digest `json:"digest"`
}

// Message is one message to a person as the log shows it: neither the address nor
// a name is in it.
type Message struct {
	ID        MessageID `json:"id"`
	Kind      string    `json:"kind"`
	Thing     Thing     `json:"thing"` // whose person it is for
	SubjectID string    `json:"subject_id"`
	// Page is what a message to staff leads to, below /console/.
	Page      string     `json:"page,omitempty"`
	Code      string     `json:"code,omitempty"` // once it was tried
	Channel   Channel    `json:"channel,omitempty"`
	State     string     `json:"state"` // pending, digested, delivered, dead
	Reason    string     `json:"reason,omitempty"`
	Attempts  []Attempt  `json:"attempts"`
	NextAt    *time.Time `json:"next_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
}

// ListMessages asks for messages about what the actor's organisation and those
// below it own, the newest first.
type ListMessages struct {
	Page
	SubjectID string   `json:"subject_id,omitempty"`
	States    []string `json:"states,omitempty"`
}

// Channels are those that people can be written to on.
type Channels struct {
	Channels []Channel `json:"channels"`
}

// The calls about messages to people.
var (
	RequestReach   = Endpoint[AskReach, Reach]{"svc.request.reach"}
	OfferReach     = Endpoint[AskReach, Reach]{"svc.offer.reach"}
	RequestBounced = Endpoint[Bounced, Empty]{"svc.request.bounced"}
	OfferBounced   = Endpoint[Bounced, Empty]{"svc.offer.bounced"}
	RequestDigest  = Endpoint[ChooseDigest, Empty]{"svc.request.digest"}
	OfferDigest    = Endpoint[ChooseDigest, Empty]{"svc.offer.digest"}
	NotifyMessages = Endpoint[ListMessages, Listing[Message]]{"svc.notify.messages"}
	NotifyChannels = Endpoint[Empty, Channels]{"svc.notify.channels"}
)
