package contract

import "time"

// EventVersion is the version of the Event document. A consumer that meets
// another puts the message aside as a dead letter.
const EventVersion = 1

// StreamName is the JetStream stream that holds all facts.
const StreamName = "EVT"

// Thing is what a fact is about.
type Thing string

// The things that facts are about.
const (
	ThingRequest Thing = "request"
	ThingOffer   Thing = "offer"
	ThingMatch   Thing = "match"
	ThingAsk     Thing = "ask"
	// ThingAppointment is that of an agreed match, by an id that follows from the match's:
	// moved, which is also made again, or cancelled. Its version grows with every change.
	ThingAppointment Thing = "appointment"
)

// Event is a fact: one thing reached one state. It carries ids, states and
// amounts, never a name, contact or text.
type Event struct {
	SchemaVersion int       `json:"schema_version"`
	ID            EventID   `json:"id"`
	Thing         Thing     `json:"thing"`
	State         string    `json:"state"` // exact name of the state reached
	AggregateID   string    `json:"aggregate_id"`
	Version       int64     `json:"version"` // of the aggregate, growing
	Time          time.Time `json:"time"`
	// Organisation is the owner's code; it ends the subject.
	Organisation string `json:"organisation"`
	// Paths are the organisation paths that may see this fact: the owner's,
	// and for a match or an ask both owners'.
	Paths []string  `json:"paths"`
	Data  EventData `json:"data"`
}

// EventData are the ids and amounts of a fact. Fields that do not apply are left out.
type EventData struct {
	RequestID   RequestID   `json:"request_id,omitempty"`
	OfferID     OfferID     `json:"offer_id,omitempty"`
	MatchID     MatchID     `json:"match_id,omitempty"`
	AskID       AskID       `json:"ask_id,omitempty"`
	NeedLineID  NeedLineID  `json:"need_line_id,omitempty"`
	OfferLineID OfferLineID `json:"offer_line_id,omitempty"`
	Category    string      `json:"category,omitempty"`
	RegionCode  string      `json:"region_code,omitempty"`
	Urgency     string      `json:"urgency,omitempty"`
	Quantity    *int64      `json:"quantity,omitempty"`
	// Fulfilled is the amount really delivered, once reported.
	Fulfilled *int64 `json:"fulfilled,omitempty"`
	Unit      string `json:"unit,omitempty"`
	// Held is how much of the offer line's capacity a match holds, in the offer
	// line's unit; given where that differs from the amounts above.
	Held *int64 `json:"held,omitempty"`
	// At is when a match takes place: it decides the period of the capacity.
	At *time.Time `json:"at,omitempty"`
	// OfferOrganisation is the code of who owns the offer of a match.
	OfferOrganisation string `json:"offer_organisation,omitempty"`
	// StartBy is until when help that was accepted should have begun; later it is stuck.
	StartBy *time.Time `json:"start_by,omitempty"`
	// PersonID is whom of the staff a reminder is for.
	PersonID PersonID `json:"person_id,omitempty"`
	// Reason is a code such as a closing or declining reason, never free text.
	Reason string `json:"reason,omitempty"`
	// Was is when an appointment that moved or was cancelled would have begun.
	Was *time.Time `json:"was,omitempty"`
	// Stood and Stands are digests of an appointment before and after a change: equal
	// ones say the same to people. Empty is none, or one that was called off.
	Stood  string `json:"stood,omitempty"`
	Stands string `json:"stands,omitempty"`
	// Erased says that the aggregate's data is to be forgotten for good.
	Erased bool `json:"erased,omitempty"`
}

// Subject returns evt.<thing>.<state>.<organisation>.
func (e Event) Subject() string {
	return "evt." + string(e.Thing) + "." + e.State + "." + e.Organisation
}

// Type returns the CloudEvents type, heli.<thing>.<state>.
func (e Event) Type() string { return "heli." + string(e.Thing) + "." + e.State }

// Consumer is a durable subscription of one service to one kind of fact.
type Consumer struct {
	Service string
	Name    string   // durable name: consuming service and fact
	Filter  []string // subjects
}

// The durable consumers, all of them: what each service hears.
var (
	MatcherHearsRequest = Consumer{"matcher", "matcher_request", []string{"evt.request.>"}}
	MatcherHearsOffer   = Consumer{"matcher", "matcher_offer", []string{"evt.offer.>"}}
	RequestHearsMatch   = Consumer{"request", "request_match", []string{"evt.match.>"}}
	OfferHearsMatch     = Consumer{"offer", "offer_match", []string{"evt.match.>"}}
	NotifyHearsAll      = Consumer{"notify", "notify_all", []string{"evt.>"}}
)

// Consumers returns every durable consumer, for the one who makes them.
func Consumers() []Consumer {
	return []Consumer{MatcherHearsRequest, MatcherHearsOffer, RequestHearsMatch, OfferHearsMatch, NotifyHearsAll}
}

// LiveSubject is the core NATS pattern that web listens to for live pages.
const LiveSubject = "evt.>"

// Touched is broadcast when something about a thing changed that has no fact, such as
// a note, or that time alone changed. Nobody may hear of it: it is for open pages,
// which show the truth when they are loaded too.
type Touched struct {
	Thing Thing  `json:"thing"`
	ID    string `json:"id"`
	Path  string `json:"path"` // of who sees it
}

// TouchedSubjects is the core NATS pattern of what every service says was touched.
const TouchedSubjects = "live.*.touched"

// TouchedSubject returns where a service says so.
func TouchedSubject(service string) string { return "live." + service + ".touched" }
