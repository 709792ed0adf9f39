package public

import (
	"context"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/calendar"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// mountCalendar adds what calendar programs read, under addresses that are
// secrets themselves: such programs can send nothing else. Access logs hold the
// pattern of a route alone.
func (p pages) mountCalendar(r chi.Router) {
	h := p.Pages.Handle
	r.Get(calendar.HelperPath+"{token}", h(p.helperCalendar))
	r.Get(calendar.OrganisationPath+"{secret}", h(p.organisationCalendar))
	r.Get("/answer/appointment.ics", h(p.answerFile))
	r.Post("/answer/appointment", h(p.setAppointment))
	r.Get("/track/{match}/appointment.ics", h(p.trackFile))
}

func (p pages) writeCalendar(w http.ResponseWriter, r *http.Request, name string, appointments []contract.Appointment) error {
	page := p.Pages.Of(r)
	return calendar.Write(w, name, calendar.Feed(page.Printer, func(code string) string { return lineName(page, p.snapshot(), code, "") }, appointments))
}

// helperCalendar serves the appointments of the helper whose token is in the
// address; a new generation of it makes the address worthless.
func (p pages) helperCalendar(w http.ResponseWriter, r *http.Request) error {
	b, ok := site.ParseToken(site.Calendar, chi.URLParam(r, "token"))
	if !ok {
		return errWrong
	}
	m, err := p.openMatch(r.Context(), b)
	if err != nil {
		return err
	}
	listing, err := bus.Call(site.As(r.Context(), contract.RoleAnswerer, string(m.ID)), p.Bus, contract.MatcherAppointments, contract.ListAppointments{MatchID: m.ID})
	if err != nil {
		return err
	}
	return p.writeCalendar(w, r, "", listing.Items)
}

func (p pages) organisationCalendar(w http.ResponseWriter, r *http.Request) error {
	listing, err := bus.Call(publicly(r).Context(), p.Bus, contract.MatcherAppointments, contract.ListAppointments{Secret: chi.URLParam(r, "secret")})
	if err != nil {
		return wrong(err)
	}
	return p.writeCalendar(w, r, "", listing.Items)
}

// answerFile is the appointment of the match that the device remembers.
func (p pages) answerFile(w http.ResponseWriter, r *http.Request) error {
	m, err := p.answering(r)
	if err != nil {
		return err
	}
	return p.file(w, r, site.As(r.Context(), contract.RoleAnswerer, string(m.ID)), m.ID)
}

// trackFile is the appointment of a match of the request or offer that the device
// remembers.
func (p pages) trackFile(w http.ResponseWriter, r *http.Request) error {
	s, err := p.tracked(r)
	if err != nil {
		return err
	}
	return p.file(w, r, s.as(r.Context()), contract.MatchID(chi.URLParam(r, "match")))
}

func (p pages) file(w http.ResponseWriter, r *http.Request, ctx context.Context, id contract.MatchID) error { //nolint:revive // whose context it is differs
	a, err := bus.Call(ctx, p.Bus, contract.MatcherAppointment, contract.GetByID{ID: string(id)})
	if err != nil {
		return err
	}
	return p.writeCalendar(w, r, a.Code, []contract.Appointment{a})
}

// setAppointment takes the helper's time; what cannot be is shown with what was
// typed.
func (p pages) setAppointment(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	m, err := p.answering(r)
	if fault.Is(err, fault.NotFound) {
		http.Redirect(w, r, "/answer", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	hers := site.As(r.Context(), contract.RoleAnswerer, string(m.ID))
	if move, off := templates.CallOffFrom(m.ID, values); off {
		_, err = bus.Call(hers, p.Bus, contract.MatcherMove, move)
	} else {
		_, err = bus.Call(hers, p.Bus, contract.MatcherSetAppointment, templates.AppointmentFrom(m.ID, values))
	}
	if err == nil {
		http.Redirect(w, r, "/answer", http.StatusSeeOther)
		return nil
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	now, readErr := p.answering(r)
	if readErr != nil {
		return readErr
	}
	page := p.Pages.Of(r)
	view := p.viewAnswer(r, page, now)
	view.Appointment = p.answerAppointment(page, now, values, err)
	if len(view.Appointment.Errors) == 0 {
		view.Problem = page.Fault(err)
	}
	p.Pages.Render(w, r, refusedStatus(err), templates.AnswerPage(page, view))
	return nil
}

func (p pages) answerAppointment(page *templates.Page, m contract.Match, typed url.Values, refused error) templates.AppointmentCard {
	card := templates.NewAppointmentCard(page, m, "/answer/appointment", "/answer/appointment.ics", typed, refused)
	if m.Appointment != nil {
		card.Subscribe = p.PublicURL + calendar.HelperPath + site.Token(p.Keys, site.Calendar, string(m.ID), m.Generation) + "?lang=" + string(page.Lang())
	}
	return card
}

// addAppointment adds the appointment to a match of a list, which has none.
func (p pages) addAppointment(r *http.Request, s subject, m *contract.Match) {
	if m.At == nil {
		return
	}
	a, err := bus.Call(s.as(r.Context()), p.Bus, contract.MatcherAppointment, contract.GetByID{ID: string(m.ID)})
	if err == nil {
		m.Appointment = &a
	} else if !fault.Is(err, fault.NotFound) {
		p.Log.WarnContext(r.Context(), "show an appointment", "error", err)
	}
}
