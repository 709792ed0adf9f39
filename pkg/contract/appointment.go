package contract

import "time"

// AppointmentForm is the form of a local time without its zone, minutes precise.
const AppointmentForm = "2006-01-02T15:04"

// Which of the two an hour is that a clock shows twice.
const (
	FoldEarlier = "earlier"
	FoldLater   = "later"
)

// SetAppointment makes or moves the appointment of a match, and with it the time
// at which the match uses the offer's capacity.
type SetAppointment struct {
	MatchID MatchID `json:"match_id"`
	Start   string  `json:"start"` // AppointmentForm, in Zone
	End     string  `json:"end"`
	Zone    string  `json:"zone"`           // IANA
	Fold    string  `json:"fold,omitempty"` // for a time that the clock shows twice
	// Place is an address or the link of a meeting: personal data.
	Place      string `json:"place,omitempty"`
	Version    *int64 `json:"version,omitempty"` // of the match
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
	Key        string `json:"key,omitempty"`
}

// Appointment is when and where the help of a match takes place.
type Appointment struct {
	MatchID  MatchID   `json:"match_id"`
	Code     string    `json:"code"`
	Category string    `json:"category"`
	State    string    `json:"state"` // of the match
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Zone     string    `json:"zone"`
	// Place is empty for who may not see it.
	Place     string    `json:"place,omitempty"`
	Sequence  int       `json:"sequence"` // grows with every change
	Cancelled bool      `json:"cancelled,omitempty"`
	ChangedAt time.Time `json:"changed_at"`
}

// ListAppointments asks for the appointments of the helper of the match that the
// actor's token speaks for, over all organisations; or with a secret for those of
// the organisation whose calendar it opens; or, with neither, for a page of those
// that the actor sees, the earliest first.
type ListAppointments struct {
	Page
	Since   *time.Time `json:"since,omitempty"` // those that end later; nil: now
	Until   *time.Time `json:"until,omitempty"` // those that begin before
	MatchID MatchID    `json:"match_id,omitempty"`
	Secret  string     `json:"secret,omitempty"`
}

// CalendarID names the calendar of an organisation.
type CalendarID string

// MakeCalendar makes an address for the calendar of the actor's organisation and
// those below it. The id is the caller's.
type MakeCalendar struct {
	ID   CalendarID `json:"id"`
	Name string     `json:"name"`
}

// Calendar is such an address; its secret is shown once, when it is made.
type Calendar struct {
	ID           CalendarID `json:"id"`
	Organisation string     `json:"organisation"`
	Name         string     `json:"name"`
	Secret       string     `json:"secret,omitempty"`
	MadeBy       string     `json:"made_by"`
	MadeAt       time.Time  `json:"made_at"`
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
}

// CalendarByID names a calendar to revoke.
type CalendarByID struct {
	ID CalendarID `json:"id"`
}

// PlaceID names the place of an appointment.
type PlaceID string

// KeepPlace stores the place of an appointment with the request that it is for.
// Others of the match go, but the one that is still in force.
type KeepPlace struct {
	ID        PlaceID   `json:"id"`
	RequestID RequestID `json:"request_id"`
	MatchID   MatchID   `json:"match_id"`
	InForce   PlaceID   `json:"in_force,omitempty"`
	Text      string    `json:"text"`
}

// KeptPlace is a keyed digest of a place of a match: the same for the same text.
type KeptPlace struct {
	Digest string `json:"digest"`
}

// AskPlaces asks for places in clear; those that are gone are left out.
type AskPlaces struct {
	IDs []PlaceID `json:"ids"`
}

// Places are texts by id.
type Places struct {
	Texts map[PlaceID]string `json:"texts"`
}

// The calls about appointments; places are asked for by the matcher alone.
var (
	MatcherSetAppointment = Endpoint[SetAppointment, Appointment]{"svc.matcher.set_appointment"}
	MatcherAppointment    = Endpoint[GetByID, Appointment]{"svc.matcher.appointment"}
	MatcherAppointments   = Endpoint[ListAppointments, Listing[Appointment]]{"svc.matcher.appointments"}
	MatcherMakeCalendar   = Endpoint[MakeCalendar, Calendar]{"svc.matcher.make_calendar"}
	MatcherCalendars      = Endpoint[Empty, Listing[Calendar]]{"svc.matcher.calendars"}
	MatcherRevokeCalendar = Endpoint[CalendarByID, Calendar]{"svc.matcher.revoke_calendar"}
	RequestKeepPlace      = Endpoint[KeepPlace, KeptPlace]{"svc.request.keep_place"}
	RequestPlaces         = Endpoint[AskPlaces, Places]{"svc.request.places"}
)
