package contract

import (
	"slices"
	"time"
)

// Urgency is how soon help must come: a deadline, apart from vulnerability.
type Urgency string

// The urgencies, most urgent first.
const (
	Critical Urgency = "critical" // life at risk
	Urgent   Urgency = "urgent"   // within 24 h
	Soon     Urgency = "soon"     // within 72 h
	Routine  Urgency = "routine"  // within 7 days
	Planned  Urgency = "planned"  // by appointment
)

// Urgencies lists them, most urgent first.
func Urgencies() []Urgency { return []Urgency{Critical, Urgent, Soon, Routine, Planned} }

// Mode is how help is delivered.
type Mode string

// The modes. ModeAny on a request means that the requester does not mind; on an
// offer that the helper can do each.
const (
	ModeRemote   Mode = "remote"
	ModeOnsite   Mode = "onsite"
	ModeDelivery Mode = "delivery"
	ModeAny      Mode = "any"
)

// Modes lists the modes.
func Modes() []Mode { return []Mode{ModeRemote, ModeOnsite, ModeDelivery, ModeAny} }

// Sharing says who besides the owner and those above may match with a row.
type Sharing string

// The sharings.
const (
	SharingOwn     Sharing = "own"
	SharingNetwork Sharing = "network" // every organisation, contacts hidden
)

// Unit is what a quantity counts.
type Unit string

// Units lists the units that quantities are kept in. UnitFen is money.
func Units() []Unit {
	return []Unit{"session", "person", "hour", "piece", "box", "bottle", "kg", "portion",
		"room", "bed", "trip", "m2", "fen", "other"}
}

// Period is the span that a capacity renews over.
type Period string

// The periods.
const (
	PerTotal Period = "total"
	PerDay   Period = "day"
	PerWeek  Period = "week"
)

// Vulnerabilities lists who needs special care; apart from urgency.
func Vulnerabilities() []string {
	return []string{"elderly", "child", "disabled", "pregnant", "chronic_illness", "isolated", "violence", "welfare_client"}
}

// Safeguards lists the protections that a requester may ask for and an offer satisfy.
func Safeguards() []string { return []string{"woman", "man", "background_checked", "two_people"} }

// Point is a place in WGS-84 degrees.
type Point struct {
	Lat float64 `json:"lat" db:"lat"`
	Lon float64 `json:"lon" db:"lon"`
}

// Window is a weekly span of time in the row's IANA zone. To at or before From
// runs past midnight.
type Window struct {
	Weekday int    `json:"weekday"` // 1 Monday to 7 Sunday (ISO 8601)
	From    string `json:"from"`    // "HH:MM"
	To      string `json:"to"`      // "HH:MM", "24:00" allowed
}

// NeedLine is one category, quantity and unit inside a request. A nil quantity
// is "not stated".
type NeedLine struct {
	ID            NeedLineID `json:"id,omitempty"`
	Category      string     `json:"category"`
	Item          string     `json:"item,omitempty"`
	Specification string     `json:"specification,omitempty"`
	SourceText    string     `json:"source_text,omitempty"`
	Quantity      *int64     `json:"quantity,omitempty"`
	Unit          Unit       `json:"unit"`
}

// Capacity is how much an offer line can give, per period or in total. A nil
// quantity is "not stated".
type Capacity struct {
	Quantity *int64 `json:"quantity,omitempty"`
	Unit     Unit   `json:"unit"`
	Per      Period `json:"per"`
}

// OfferLine is one category and capacity inside an offer.
type OfferLine struct {
	ID            OfferLineID `json:"id,omitempty"`
	Category      string      `json:"category"`
	Item          string      `json:"item,omitempty"`
	Specification string      `json:"specification,omitempty"`
	SourceText    string      `json:"source_text,omitempty"`
	Capacity      Capacity    `json:"capacity"`
}

// Contact is how to reach a person. It lives in the owning service alone,
// encrypted, and crosses to web only masked or by a recorded reading.
type Contact struct {
	Name      string `json:"name"`
	Phone     string `json:"phone,omitempty"`
	Email     string `json:"email,omitempty"`
	Wechat    string `json:"wechat,omitempty"`
	SafeHours string `json:"safe_hours,omitempty"`
	// Guardian is who answers for a person in need under 18: name and relationship.
	Guardian string `json:"guardian,omitempty"`
}

// Consent is what a person agreed to: the version of the text and the purposes.
type Consent struct {
	Version  string   `json:"version"`
	Purposes []string `json:"purposes"`
	// Emergency says why staff entered somebody's data though consent could not be
	// had; empty otherwise.
	Emergency string `json:"emergency,omitempty"`
	// Guardian is set for a person in need under 18: whether a guardian agreed, or
	// none can be asked, which somebody has to look at.
	Guardian string `json:"guardian,omitempty"`
}

// What may be said of a guardian.
const (
	GuardianGiven       = "given"
	GuardianUnreachable = "unreachable"
)

// Purposes that people agree to, each by itself.
const (
	// PurposeMatching: what was written is kept, and shown to those who look for help.
	PurposeMatching = "matching"
	// PurposeContact: the contact is given to the other side of a match.
	PurposeContact = "contact"
)

// withdrawn marks a purpose that was agreed to and is not any more.
const withdrawn = "withdrawn:"

// Allows reports whether the consent to a purpose was not withdrawn.
func (c Consent) Allows(purpose string) bool { return !slices.Contains(c.Purposes, withdrawn+purpose) }

// Has reports whether there is consent to a purpose now: to messages when it was
// given, to the others unless it was withdrawn.
func (c Consent) Has(purpose string) bool {
	if purpose == PurposeMessages {
		return slices.Contains(c.Purposes, purpose)
	}
	return c.Allows(purpose)
}

// With returns the consent with a purpose given or withdrawn; what was agreed to
// besides stays.
func (c Consent) With(purpose string, given bool) Consent {
	purposes := slices.DeleteFunc(slices.Clone(c.Purposes), func(p string) bool { return p == purpose || p == withdrawn+purpose })
	if !given {
		purpose = withdrawn + purpose
	}
	c.Purposes = append(purposes, purpose)
	return c
}

// ChangeConsent withdraws the consent to one purpose, or gives it again, as easily.
// To withdraw that for matching is to withdraw the request or offer itself.
type ChangeConsent struct {
	ID      string `json:"id"`
	Purpose string `json:"purpose"` // "contact" or "messages"
	Given   bool   `json:"given"`
}

// HistoryEntry is one recorded move: who, when, why.
type HistoryEntry struct {
	At         time.Time `json:"at"`
	Move       string    `json:"move"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Role       Role      `json:"role"`
	ActorID    string    `json:"actor_id"`
	ActorName  string    `json:"actor_name,omitempty"`
	OnBehalfOf string    `json:"on_behalf_of,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	// Line is the need line that was removed, without what people wrote.
	Line *NeedLine `json:"line,omitempty"`
}

// Move asks for one move of a life cycle. Version, when given, must be the
// aggregate's current one, else the move is a conflict. Key makes a repeat
// give the first answer.
type Move struct {
	ID      string `json:"id"`
	Move    string `json:"move"`
	Reason  string `json:"reason,omitempty"`
	Version *int64 `json:"version,omitempty"`
	// To is the code of the organisation that a referral goes to, or the id of
	// the offer that an ask is handed to.
	To string `json:"to,omitempty"`
	// Quantity is the amount reported or confirmed, for matches.
	Quantity *int64 `json:"quantity,omitempty"`
	// Minutes is how long reported help took, or takes at another time, for matches.
	Minutes *int64 `json:"minutes,omitempty"`
	// OnBehalfOf says whose answer staff record: "helper" or "requester".
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
	// At moves a match to another time, or suggests one for an ask.
	At  *time.Time `json:"at,omitempty"`
	Key string     `json:"key,omitempty"`
}

// Moved is the answer to a move.
type Moved struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Version int64  `json:"version"`
}
