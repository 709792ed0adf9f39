package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/calendar"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const calendarsPath = "/console/calendars"

// mountDoing adds appointments, calendars and days to look again.
func (c console) mountDoing(get, post route) {
	post("/console/requests/{id}/follow_up", c.followUp)
	post("/console/matches/{id}/appointment", c.setAppointment)
	get("/console/matches/{id}/appointment.ics", c.appointmentFile)
	get(calendarsPath, c.calendars)
	post(calendarsPath, c.makeCalendar)
	post(calendarsPath+"/{id}/revoke", c.revokeCalendar)
}

// followUp sets the day, from its ninth hour on where the reader is, or ends it.
func (c console) followUp(w http.ResponseWriter, r *http.Request) error {
	id := contract.RequestID(chi.URLParam(r, "id"))
	return c.act(w, r, requestPath(id), c.refuseRequest, func(ctx context.Context, form url.Values) (string, error) {
		q := contract.FollowUp{ID: id}
		if typed := form.Get("follow_up_at"); typed != "" {
			day, err := time.ParseInLocation(time.DateOnly, typed, c.Pages.Printer(r).Zone())
			if err != nil {
				return templates.FormFollowUp, fault.NewInvalid(fault.Field{Location: "follow_up_at", Code: "date"})
			}
			q.At = new(day.Add(9 * time.Hour))
		}
		_, err := bus.Call(ctx, c.Bus, contract.RequestFollowUp, q)
		return templates.FormFollowUp, err
	})
}

func (c console) followUpCard(d templates.Desk, r contract.Request, may bool, f *refusal) templates.FollowUpCard {
	card := templates.NewFollowUpCard(d.Page, r, may, c.Clock())
	if f != nil && f.name == templates.FormFollowUp {
		card.Typed, card.Errors = f.form.Get("follow_up_at"), templates.ErrorsOf(d.Page, f.err)
	}
	return card
}

// formAppointment names the form, for its refusals.
const formAppointment = "appointment"

func (c console) setAppointment(w http.ResponseWriter, r *http.Request) error {
	id := contract.MatchID(chi.URLParam(r, "id"))
	return c.act(w, r, matchPath(id), c.matchPage, func(ctx context.Context, form url.Values) (string, error) {
		if move, off := templates.CallOffFrom(id, form); off {
			_, err := bus.Call(ctx, c.Bus, contract.MatcherMove, move)
			return formAppointment, err
		}
		_, err := bus.Call(ctx, c.Bus, contract.MatcherSetAppointment, templates.AppointmentFrom(id, form))
		return formAppointment, err
	})
}

func (c console) appointmentCard(d templates.Desk, m contract.Match, f *refusal) templates.AppointmentCard {
	var typed url.Values
	var refused error
	if f != nil && f.name == formAppointment {
		typed, refused = f.form, f.err
	}
	return templates.NewAppointmentCard(d.Page, m, matchPath(m.ID)+"/appointment", matchPath(m.ID)+"/appointment.ics", typed, refused)
}

func (c console) appointmentFile(w http.ResponseWriter, r *http.Request) error {
	a, err := bus.Call(r.Context(), c.Bus, contract.MatcherAppointment, contract.GetByID{ID: chi.URLParam(r, "id")})
	if err != nil {
		return err
	}
	d := c.desk(r, r.URL, "")
	return calendar.Write(w, a.Code, calendar.Feed(d.Printer, d.Category, []contract.Appointment{a}))
}

func (c console) calendars(w http.ResponseWriter, r *http.Request) error {
	return c.calendarsPage(w, r, templates.Calendars{ID: contract.NewID[string]()}, nil)
}

// calendarsPage lists the addresses, with the form for another: after a refusal as
// it was typed, after making one with the address.
func (c console) calendarsPage(w http.ResponseWriter, r *http.Request, v templates.Calendars, refused error) error {
	d := c.desk(r, &url.URL{Path: calendarsPath}, c.Pages.Printer(r).T("calendar.title"))
	listing, err := bus.Call(r.Context(), c.Bus, contract.MatcherCalendars, contract.Empty{})
	v.Rows = listing.Items
	if refused == nil {
		return c.list(w, r, d, err, templates.ConsoleCalendars(d, v))
	}
	if err != nil {
		return err
	}
	v.Errors = templates.ErrorsOf(d.Page, refused)
	d.Notice = formNotice(d, refused)
	c.Pages.Render(w, r, page.StatusOf(refused), templates.ConsoleCalendars(d, v))
	return nil
}

// makeCalendar shows the address in the answer itself: it is kept nowhere.
func (c console) makeCalendar(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	v := templates.Calendars{ID: r.PostForm.Get("id"), Name: strings.TrimSpace(r.PostForm.Get("name"))}
	made, err := bus.Call(r.Context(), c.Bus, contract.MatcherMakeCalendar, contract.MakeCalendar{ID: contract.CalendarID(v.ID), Name: v.Name})
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.calendarsPage(w, r, v, f.err)
		})
	}
	lang := string(c.Pages.Printer(r).Lang())
	return c.calendarsPage(w, r, templates.Calendars{
		ID: contract.NewID[string](), Made: c.PublicURL + calendar.OrganisationPath + made.Secret + "?lang=" + lang,
	}, nil)
}

func (c console) revokeCalendar(w http.ResponseWriter, r *http.Request) error {
	id := contract.CalendarID(chi.URLParam(r, "id"))
	return c.act(w, r, calendarsPath, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
		return c.calendarsPage(w, r, templates.Calendars{ID: contract.NewID[string]()}, f.err)
	}, func(ctx context.Context, _ url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.MatcherRevokeCalendar, contract.CalendarByID{ID: id})
		return "", err
	})
}
