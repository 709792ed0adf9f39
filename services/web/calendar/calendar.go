// Package calendar owns the form in which appointments leave for calendar
// programs: iCalendar, RFC 5545. It holds no name and no text of a need; of a
// place only what its reader may know. It asks no service.
package calendar

import (
	"net/http"

	ics "github.com/arran4/golang-ical"

	"heli/pkg/contract"
	"heli/pkg/locale"
)

// Where calendars are read; a secret ends the address.
const (
	HelperPath       = "/calendar/helper/"
	OrganisationPath = "/calendar/organisation/"
)

// refresh is how often programs are asked to look again, as RFC 7986 writes it.
const refresh = "PT1H"

// Feed returns appointments as a calendar. The UID of an event never changes and
// its SEQUENCE grows, so that a program moves or cancels what it has. Times are in
// UTC: no program needs to know a zone's rules.
func Feed(p *locale.Printer, category func(string) string, appointments []contract.Appointment) string {
	c := ics.NewCalendarFor("Heli")
	c.SetMethod(ics.MethodPublish)
	c.SetXWRCalName(p.T("calendar.name"))
	c.SetRefreshInterval(refresh)
	c.SetXPublishedTTL(refresh)
	for _, a := range appointments {
		addEvent(c, p, category, a)
	}
	return c.Serialize(ics.WithNewLine("\r\n"))
}

func addEvent(c *ics.Calendar, p *locale.Printer, category func(string) string, a contract.Appointment) {
	e := c.AddEvent("appointment-" + string(a.MatchID) + "@heli")
	e.SetSequence(a.Sequence)
	e.SetDtStampTime(a.ChangedAt)
	e.SetModifiedAt(a.ChangedAt)
	e.SetStartAt(a.Start)
	e.SetEndAt(a.End)
	e.SetSummary(p.T("calendar.event", "category", category(a.Category), "code", a.Code))
	if a.Place != "" && !a.Cancelled {
		e.SetLocation(a.Place)
	}
	e.SetStatus(statusOf(a))
}

func statusOf(a contract.Appointment) ics.ObjectStatus {
	switch {
	case a.Cancelled:
		return ics.ObjectStatusCancelled
	case a.State == "proposed":
		return ics.ObjectStatusTentative
	default:
		return ics.ObjectStatusConfirmed
	}
}

// Write answers with a calendar; with a name it is a file to keep.
func Write(w http.ResponseWriter, name, feed string) error {
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store")
	if name != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.ics"`)
	}
	_, err := w.Write([]byte(feed))
	return err
}
