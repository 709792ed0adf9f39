package console

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/a-h/templ"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/services/web/explain"
	"heli/services/web/page"
	"heli/services/web/templates"
)

// Queries that speak of the page itself and belong in none of its links.
const (
	partQuery = "part" // which part of the page htmx asks for
	doneQuery = "done" // that the act before has been done
)

// desk returns what a page knows before its own data: the reader and the frame.
// shown is the address that the page stands for, which after a form that could
// not be taken is not the one that was asked for.
func (c console) desk(r *http.Request, shown *url.URL, title string) templates.Desk {
	p := templates.NewPage(c.Pages.Printer(r), shown)
	d := templates.Desk{Page: p, Reader: explain.For(p.Printer, c.snapshot()), NameOf: func(code string) string { return c.nameOf(r.Context(), code) }}
	if p.Query.Has(doneQuery) {
		d.Notice = &templates.Notice{Tone: templates.ToneSuccess, Text: p.T("console.done")}
	}
	p.Query.Del(partQuery)
	p.Query.Del(doneQuery)
	if part(r) == "" {
		d.Frame = c.frame(r.Context(), p, title)
		d.Frame.Answer = r.Method == http.MethodPost
	}
	return d
}

// part returns which part of the page is asked for; empty for the whole.
func part(r *http.Request) string { return r.URL.Query().Get(partQuery) }

// snapshot returns the reference data, nil while there is none: then codes are
// shown.
func (c console) snapshot() *reference.Snapshot {
	ref, err := c.Reference.Get()
	if err != nil {
		return nil
	}
	return ref
}

func (c console) frame(ctx context.Context, p *templates.Page, title string) templates.Console {
	actor := contract.ActorFrom(ctx)
	return templates.Console{
		Title: title, Person: actor.Name, PersonID: actor.ID(), Organisation: c.organisationName(ctx, actor), Nav: navigation(p, actor.Role, map[string]int64{
			complaintsPath: c.openComplaints(ctx), mentionsPath: c.unseen(ctx),
		}),
	}
}

// organisationName returns the name of the actor's organisation, its code while
// the directory cannot be asked.
func (c console) organisationName(ctx context.Context, a contract.Actor) string {
	return c.nameOf(ctx, path.Base(a.Path))
}

// navigation lists the pages that the role may read, with how much waits on those
// that say so.
func navigation(p *templates.Page, role contract.Role, waiting map[string]int64) []templates.NavItem {
	var items []templates.NavItem
	for _, entry := range []struct {
		action    access.Action
		href, key string
		icon      templates.Glyph
	}{
		{access.ReadRequests, home, "console.nav.requests", templates.GlyphList},
		{access.WriteNotes, callPath, "desk.nav.call", templates.GlyphPhone},
		{access.WriteNotes, mentionsPath, "desk.nav.mentions", templates.GlyphAt},
		{access.ReadOffers, "/console/offers", "console.nav.offers", templates.GlyphHeart},
		{access.ReadMatches, "/console/matches", "console.nav.matches", templates.GlyphLink},
		{access.ReadFigures, dashboardPath, "console.nav.dashboard", templates.GlyphChart},
		{access.ReadFigures, mapPath, "console.nav.map", templates.GlyphPin},
		{access.SubmitRequest, uploadsPath, "upload.nav", templates.GlyphUpload},
		{access.ManageForms, formsPath, "inbound.nav", templates.GlyphForm},
		{access.LeadPool, poolPath, "console.nav.pool", templates.GlyphHand},
		{access.Propose, planPath, "console.nav.plan", templates.GlyphBoard},
		{access.ReadSessions, sessionsPath, "session.nav", templates.GlyphCalendar},
		{access.ReadOrganisations, "/console/organisations", "console.nav.organisations", templates.GlyphBuilding},
		{access.HandleComplaints, complaintsPath, "complaint.nav", templates.GlyphFlag},
		{access.ReadAlerts, "/console/alerts", "console.nav.alerts", templates.GlyphAlert},
		{access.ReadMessages, messagesPath, "messages.nav", templates.GlyphMail},
		{access.ManageWebhooks, "/console/webhooks", "console.nav.webhooks", templates.GlyphPlug},
		{access.ManagePeople, peoplePath, "console.nav.people", templates.GlyphUsers},
		{access.ManageKeys, keysPath, "console.nav.keys", templates.GlyphKey},
		{access.ManageCategories, categoriesPath, "console.nav.categories", templates.GlyphTag},
		{access.ReadPolicy, policiesPath, "console.nav.policies", templates.GlyphSliders},
		{access.ReadAudit, auditPath, "console.nav.audit", templates.GlyphShield},
		{access.ReplayDeadLetters, lettersPath, "console.nav.letters", templates.GlyphInbox},
		{"", accountPath, "console.nav.account", templates.GlyphUser},
	} {
		if entry.action == "" || access.May(role, entry.action) {
			items = append(items, templates.NavItem{
				Href: entry.href, Label: p.T(entry.key), Icon: entry.icon, Current: current(p.Path, entry.href),
				Count: waiting[entry.href],
			})
		}
	}
	return items
}

// current reports whether a page belongs to an entry of the navigation.
func current(shown, href string) bool {
	if href == home {
		return shown == home || strings.HasPrefix(shown, "/console/requests/") && shown != callPath
	}
	return shown == href || strings.HasPrefix(shown, href+"/")
}

// problem returns the sentence for an error that leaves the page standing, and
// false for one that takes its place.
func (c console) problem(r *http.Request, err error) (string, bool) {
	switch fault.KindOf(err) {
	case fault.Unavailable:
		c.Log.WarnContext(r.Context(), "serve part of the console", "error", err)
	case fault.Invalid, fault.Conflict:
	default:
		return "", false
	}
	return c.Pages.Printer(r).Fault(err), true
}

// list shows a page whose data may be missing: with the reason in its place,
// where it is one that passes or that the reader can mend.
func (c console) list(w http.ResponseWriter, r *http.Request, d templates.Desk, err error, whole templ.Component) error {
	if err == nil {
		c.Pages.Render(w, r, http.StatusOK, whole)
		return nil
	}
	text, stands := c.problem(r, err)
	if !stands {
		return err
	}
	d.Notice = &templates.Notice{Tone: templates.ToneError, Text: text, Fields: templates.ErrorsOf(d.Page, err)}
	c.Pages.Render(w, r, page.StatusOf(err), templates.DeskFailed(d))
	return nil
}

// formNotice says why a form was refused; nil where the form itself lists what is wrong.
func formNotice(d templates.Desk, refused error) *templates.Notice {
	if len(templates.ErrorsOf(d.Page, refused)) > 0 {
		return nil
	}
	return &templates.Notice{Tone: templates.ToneError, Text: d.Fault(refused)}
}

// renderPart shows a part of a page, or why it cannot be loaded: the part then
// tries again with the next change.
func (c console) renderPart(w http.ResponseWriter, r *http.Request, d templates.Desk, err error, shown templ.Component) error {
	if err == nil {
		c.Pages.Render(w, r, http.StatusOK, shown)
		return nil
	}
	text, stands := c.problem(r, err)
	if !stands {
		return err
	}
	c.Pages.Render(w, r, page.StatusOf(err), templates.PartFailed(d, part(r), text))
	return nil
}

// done sends the reader on to a page that says that the act has been done.
func done(w http.ResponseWriter, r *http.Request, address string) error {
	http.Redirect(w, r, address+"?"+doneQuery+"=1", http.StatusSeeOther) //nolint:gosec // every address begins with /console
	return nil
}

func (c console) style(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("style.title"))
	c.Pages.Render(w, r, http.StatusOK, templates.Style(d))
	return nil
}
