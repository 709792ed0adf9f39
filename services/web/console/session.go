package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const sessionsPath = "/console/sessions"

func (c console) sessions(w http.ResponseWriter, r *http.Request) error {
	return c.sessionsPage(w, r, templates.SessionForm{ID: contract.NewID[string](), HeldOn: c.today(r)}, nil)
}

// today is the day where the reader is.
func (c console) today(r *http.Request) string {
	return c.Clock().In(c.Pages.Printer(r).Zone()).Format(time.DateOnly)
}

// sessionsPage shows the counts, the list and the form: after a refusal as it was
// typed, with a box to confirm what is unusual.
func (c console) sessionsPage(w http.ResponseWriter, r *http.Request, form templates.SessionForm, refused error) error {
	d := c.desk(r, &url.URL{Path: sessionsPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("session.title"))
	s, err := c.loadSessions(r, d)
	s.Form = form
	if refused == nil {
		return c.list(w, r, d, err, templates.ConsoleSessions(d, s))
	}
	if err != nil {
		return err
	}
	s.Form.Errors = templates.ErrorsOf(d.Page, refused)
	for _, field := range fault.As(refused).Fields {
		s.Form.Unusual = s.Form.Unusual || field.Code == "unusual"
	}
	d.Notice = formNotice(d, refused)
	c.Pages.Render(w, r, page.StatusOf(refused), templates.ConsoleSessions(d, s))
	return nil
}

func (c console) loadSessions(r *http.Request, d templates.Desk) (templates.Sessions, error) {
	s := templates.Sessions{
		Today: c.today(r),
		Filter: contract.SessionFilter{
			Organisation: d.Query.Get("organisation"), Category: d.Query.Get("category"), RegionCode: d.Query.Get("region"),
			Campaign: d.Query.Get("campaign"), From: d.Query.Get("from"), To: d.Query.Get("to"),
		},
		By: contract.SessionGrouping(d.Query.Get("by")), Categories: c.categoryChoices(d), Regions: c.regionChoices(d),
		May: access.May(contract.ActorFrom(r.Context()).Role, access.RecordSessions),
	}
	if s.By == "" {
		s.By = contract.ByCategory
	}
	campaigns, err := bus.Call(r.Context(), c.Bus, contract.DirectoryCampaigns, contract.Empty{})
	if err != nil {
		return s, err
	}
	for _, campaign := range campaigns.Items {
		s.Campaigns = append(s.Campaigns, templates.Option{Value: campaign.Code, Label: d.Pick(campaign.Name["en"], campaign.Name["zh-Hans"], campaign.Name["zh-Hant"])})
	}
	if s.Totals, err = bus.Call(r.Context(), c.Bus, contract.OfferSessionTotals, contract.AskSessionTotals{SessionFilter: s.Filter, By: s.By}); err != nil {
		return s, err
	}
	listing, err := bus.Call(r.Context(), c.Bus, contract.OfferSessions, contract.ListSessions{
		Page: contract.Page{Cursor: d.Query.Get("cursor")}, SessionFilter: s.Filter,
	})
	s.Rows, s.Next = listing.Items, listing.NextCursor
	return s, err
}

// recordSession stores what was typed. Sent twice it is one session: the form
// carries its id.
func (c console) recordSession(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	form := sessionForm(r.PostForm)
	_, err := bus.Call(r.Context(), c.Bus, contract.OfferRecordSession, contract.RecordSession{Draft: form.draft()})
	if err != nil {
		return c.sessionsPage(w, r, form.SessionForm, err)
	}
	http.Redirect(w, r, sessionsPath+"?"+doneQuery, http.StatusSeeOther)
	return nil
}

// typedSession is a form with the numbers that it stands for.
type typedSession struct {
	templates.SessionForm
}

func sessionForm(form url.Values) typedSession {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	return typedSession{templates.SessionForm{
		ID: get("id"), HeldOn: get("held_on"), Minutes: get("minutes"), People: get("people"), Helpers: get("helpers"),
		Mode: get("mode"), Group: get("group") != "", Category: get("category"), Region: get("region_code"),
		Campaign: get("campaign"), Organisation: get("organisation"), Confirmed: get("confirmed") != "",
	}}
}

// draft reads the numbers; one that is none is 0, which the service refuses.
func (f typedSession) draft() contract.SessionDraft {
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return contract.SessionDraft{
		ID: contract.SessionID(f.ID), Organisation: f.Organisation, HeldOn: f.HeldOn, Minutes: number(f.Minutes), People: number(f.People),
		Helpers: number(f.Helpers), Mode: contract.Mode(f.Mode), Group: f.Group, Category: f.Category, RegionCode: f.Region,
		Campaign: f.Campaign, Confirmed: f.Confirmed,
	}
}

// voidSession takes a session back.
func (c console) voidSession(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	q := contract.VoidSession{ID: contract.SessionID(chi.URLParam(r, "id")), Reason: strings.TrimSpace(r.PostForm.Get("reason"))}
	if _, err := bus.Call(r.Context(), c.Bus, contract.OfferVoidSession, q); err != nil {
		if fault.Is(err, fault.Invalid) {
			return c.sessionsPage(w, r, templates.SessionForm{ID: contract.NewID[string](), HeldOn: c.today(r)}, err)
		}
		return err
	}
	http.Redirect(w, r, sessionsPath+"?"+doneQuery, http.StatusSeeOther)
	return nil
}
