package console

import (
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/page"
	"heli/services/web/site"
	"heli/services/web/templates"
)

const matchesPath = "/console/matches"

func matchPath(id contract.MatchID) string { return matchesPath + "/" + string(id) }

// matchViews are the tabs of the list: each a queue of the matcher, counted by
// these states.
var matchViews = []view{
	{"awaiting", []string{"proposed"}},
	{"stuck", []string{"stuck"}},
	{"disputed", []string{"disputed"}},
	{"all", nil},
}

func (c console) matches(w http.ResponseWriter, r *http.Request) error {
	if part(r) == templates.PartMatches {
		return c.sharedPart(w, r, func(ctx context.Context, d templates.Desk) (templ.Component, error) {
			m, err := c.loadMatches(ctx, d)
			return templates.MatchesPart(d, m), err
		})
	}
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("console.matches.title"))
	d.Frame.Live = livePath
	m, err := c.loadMatches(r.Context(), d)
	return c.list(w, r, d, err, templates.ConsoleMatches(d, m))
}

func (c console) loadMatches(ctx context.Context, d templates.Desk) (templates.Matches, error) {
	shown := viewOf(matchViews, d.Query.Get("queue"))
	q := contract.ListMatches{Page: contract.Page{Cursor: d.Query.Get("cursor")}}
	if len(shown.states) > 0 {
		q.Queue = shown.name
	}
	listing, err := bus.Call(ctx, c.Bus, contract.MatcherList, q)
	if err != nil {
		return templates.Matches{}, err
	}
	counts, err := bus.Call(ctx, c.Bus, contract.MatcherCount, contract.Empty{})
	if err != nil {
		return templates.Matches{}, err
	}
	tabs := tabsOf(matchViews, shown, counts.ByState, func(name string) (string, string) {
		return matchesPath + "?queue=" + name, d.T("console.tab.match." + name)
	})
	return templates.Matches{Tabs: tabs, Rows: c.matchViews(ctx, listing.Items), Next: listing.NextCursor, Now: c.Clock(),
		Calendars: access.May(contract.ActorFrom(ctx).Role, access.LeadPool)}, nil
}

// matchesOf returns the matches of a request or an offer, or why they cannot be
// shown.
func (c console) matchesOf(ctx context.Context, d templates.Desk, q contract.ListMatches) ([]templates.MatchView, string) {
	listing, err := bus.Call(ctx, c.Bus, contract.MatcherList, q)
	if err != nil {
		return nil, d.Fault(err)
	}
	return c.matchViews(ctx, listing.Items), ""
}

// matchViews adds to matches what the reader may know of their sides.
func (c console) matchViews(ctx context.Context, matches []contract.Match) []templates.MatchView {
	requests, offers := c.sides(ctx, matches)
	views := make([]templates.MatchView, 0, len(matches))
	for _, m := range matches {
		v := templates.MatchView{Match: m, Offer: offers[m.OfferID]}
		if request := requests[m.RequestID]; request != nil {
			v.RequestTitle, v.RequestCode = request.Title, request.Code
		}
		ofHelper := v.Offer != nil && contract.ActorFrom(ctx).Sees(v.Offer.Path)
		v.Moves = matchMoveSet(m, ofHelper, templates.Kept{})
		if ofHelper && len(m.Moves) > 0 {
			v.Answer = c.answerSecrets(ctx, m)
		}
		views = append(views, v)
	}
	return views
}

func (c console) sides(ctx context.Context, matches []contract.Match) (
	map[contract.RequestID]*contract.Request, map[contract.OfferID]*contract.Offer,
) {
	var requests []contract.RequestID
	var offers []contract.OfferID
	for _, m := range matches {
		requests, offers = append(requests, m.RequestID), append(offers, m.OfferID)
	}
	return lookUp(ctx, requests, func(ctx context.Context, id contract.RequestID) (contract.Request, error) {
			return bus.Call(ctx, c.Bus, contract.RequestGet, contract.GetByID{ID: string(id)})
		}), lookUp(ctx, offers, func(ctx context.Context, id contract.OfferID) (contract.Offer, error) {
			return bus.Call(ctx, c.Bus, contract.OfferGet, contract.GetByID{ID: string(id)})
		})
}

// answerSecrets returns what the helper answers with, for staff of the offer's
// owner who may propose: they hand it over.
func (c console) answerSecrets(ctx context.Context, m contract.Match) *templates.AnswerSecrets {
	if !access.May(contract.ActorFrom(ctx).Role, access.Propose) {
		return nil
	}
	return &templates.AnswerSecrets{
		Code: m.Code, Pin: site.Pin(c.Keys, site.Answer, string(m.ID), m.Generation),
		Link: c.Link(site.Answer, string(m.ID), m.Generation),
	}
}

func (c console) showMatch(w http.ResponseWriter, r *http.Request) error {
	return c.matchPage(w, r, nil)
}

// matchPage shows a match, or its part: after a refused move with what was
// typed and what happened meanwhile.
func (c console) matchPage(w http.ResponseWriter, r *http.Request, f *refusal) error {
	m, err := bus.Call(r.Context(), c.Bus, contract.MatcherGet, contract.GetByID{ID: chi.URLParam(r, "id")})
	if part(r) == templates.PartMatch {
		d := c.desk(r, r.URL, "")
		if err != nil {
			return c.renderPart(w, r, d, err, nil)
		}
		return c.renderPart(w, r, d, nil, templates.MatchPart(d, c.matchViews(r.Context(), []contract.Match{m})[0]))
	}
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: matchPath(m.ID), RawQuery: r.URL.RawQuery}, m.Code)
	d.Frame.Live = liveOf(contract.ThingMatch, string(m.ID))
	v := c.matchViews(r.Context(), []contract.Match{m})[0]
	v.Complaint, v.Appointment = complaintForm(r.Context(), d, m.ID, f), c.appointmentCard(d, m, f)
	status := http.StatusOK
	if f != nil {
		v.Moves.Kept, status = f.kept(d.Page), page.StatusOf(f.err)
		d.Notice = c.refused(r, d, f, contract.ThingMatch, m.History, f.name == templates.FormComplaint || f.name == formAppointment || hasMove(v.Moves, f.name))
	}
	c.Pages.Render(w, r, status, templates.ConsoleMatch(d, v))
	return nil
}

// moveMatch makes a move. Answers of a side are recorded as such by the matcher.
func (c console) moveMatch(w http.ResponseWriter, r *http.Request) error {
	id := contract.MatchID(chi.URLParam(r, "id"))
	return c.act(w, r, matchPath(id), c.matchPage, func(ctx context.Context, form url.Values) (string, error) {
		m, err := moveFrom(contract.ActorFrom(ctx), string(id), form, c.Pages.Printer(r).Zone())
		if err == nil {
			_, err = bus.Call(ctx, c.Bus, contract.MatcherMove, m)
		}
		return m.Move, err
	})
}
