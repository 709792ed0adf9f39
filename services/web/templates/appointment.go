package templates

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// AppointmentCard is the appointment of a match, with the form that makes or
// moves it for who may.
type AppointmentCard struct {
	Shown     bool // there is one, or the reader may make one
	Made      bool
	Cancelled bool
	When      string
	Place     string
	Link      string // the place, where it is the link of a meeting
	File      string // address of the calendar file
	Subscribe string // address for a calendar program; empty for none
	Action    string // of the form; empty for who may not
	Typed     contract.SetAppointment
	Version   int64
	Errors    Errors
	Open      bool // the form
	CallOff   bool // the reader may call it off
	AskFold   bool
}

// NewAppointmentCard returns the card of a match. After a refusal it holds what
// was typed, and asks which hour is meant where the clock shows it twice.
func NewAppointmentCard(p *Page, m contract.Match, action, file string, typed url.Values, refused error) AppointmentCard {
	c := AppointmentCard{Version: m.Version, Typed: contract.SetAppointment{Zone: p.Zone().String()}}
	if a := m.Appointment; a != nil {
		c.Shown, c.Made, c.Cancelled, c.Place, c.File = true, true, a.Cancelled, a.Place, file
		zone := zoneOf(*a)
		c.When = p.T("appointment.span", "from", p.DateTimeIn(a.Start, zone), "to", endOf(p, a, zone), "zone", a.Zone)
		if strings.HasPrefix(a.Place, "https://") {
			c.Link = a.Place
		}
		c.Typed.Start, c.Typed.End = a.Start.In(zone).Format(contract.AppointmentForm), a.End.In(zone).Format(contract.AppointmentForm)
		c.Typed.Zone, c.Typed.Place = a.Zone, a.Place
	}
	for _, move := range m.Moves {
		if move == "reschedule" {
			c.Shown, c.Action = true, action
		}
		if move == "unschedule" {
			c.CallOff = c.Made && !c.Cancelled
		}
	}
	if refused != nil {
		c.Typed, c.Open, c.Errors = AppointmentFrom(m.ID, typed), true, appointmentErrors(p, refused)
		c.AskFold = typed.Get("fold") != ""
		for _, field := range fault.As(refused).Fields {
			c.AskFold = c.AskFold || field.Code == "time_twice"
		}
	}
	return c
}

// appointmentErrors are the fields that are wrong; those of a conflict too, which
// names the other appointment.
func appointmentErrors(p *Page, refused error) Errors {
	var errs Errors
	for _, field := range fault.As(refused).Fields {
		location := field.Location
		if location == "place" {
			location = "meeting_place"
		}
		errs = append(errs, FieldError{location, labelOf(p, location), p.Invalid(field)})
	}
	return errs
}

// endOf returns when an appointment ends, without the day where it is the same.
func endOf(p *Page, a *contract.Appointment, zone *time.Location) string {
	start, end := a.Start.In(zone), a.End.In(zone)
	if start.Format(time.DateOnly) == end.Format(time.DateOnly) {
		return end.Format("15:04")
	}
	return p.DateTimeIn(end, zone)
}

func zoneOf(a contract.Appointment) *time.Location {
	zone, err := time.LoadLocation(a.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// CallOffFrom reads the form that calls an appointment off; false for the other one.
func CallOffFrom(id contract.MatchID, form url.Values) (contract.Move, bool) {
	return contract.Move{ID: string(id), Move: "unschedule", Version: AppointmentFrom(id, form).Version}, form.Has("call_off")
}

// AppointmentFrom reads the form. A version that is none is the one of nothing.
func AppointmentFrom(id contract.MatchID, form url.Values) contract.SetAppointment {
	q := contract.SetAppointment{
		MatchID: id, Start: form.Get("start"), End: form.Get("end"), Zone: strings.TrimSpace(form.Get("zone")), Fold: form.Get("fold"),
		Place: strings.TrimSpace(form.Get("meeting_place")),
	}
	if version, err := strconv.ParseInt(form.Get("version"), 10, 64); err == nil {
		q.Version = &version
	}
	return q
}

func foldOptions(p *Page) []Option {
	return []Option{
		{Value: contract.FoldEarlier, Label: p.T("appointment.fold.earlier")}, {Value: contract.FoldLater, Label: p.T("appointment.fold.later")},
	}
}

// Calendars is the page of addresses for calendar programs.
type Calendars struct {
	Rows   []contract.Calendar
	ID     string // of the next one
	Name   string
	Made   string // the address that was made just now
	Errors Errors
}
