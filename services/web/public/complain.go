package public

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// Queries of a private page: which match the form for a complaint is about, and
// that one has been taken.
const (
	complainQuery = "complain"
	toldQuery     = "told"
)

// reportable reports whether the two have had to do with each other.
func reportable(state string) bool {
	return state != "proposed" && state != "declined" && state != "hold_expired"
}

// complainForm returns the empty form about a match.
func complainForm(action, match string, about contract.Side) *templates.ComplaintForm {
	return &templates.ComplaintForm{
		Action: action + "/complain", Cancel: action, ID: contract.NewID[string](), Match: match, About: about,
	}
}

// typedComplaint returns the form as it was sent, with what is wrong with it.
func typedComplaint(page *templates.Page, action string, about contract.Side, values url.Values, problem error) *templates.ComplaintForm {
	return &templates.ComplaintForm{
		Action: action + "/complain", Cancel: action, ID: values.Get("id"), Match: values.Get("match"), About: about,
		Kind: values.Get("kind"), Text: values.Get("text"), Apart: values.Get("apart"), Errors: templates.ErrorsOf(page, problem),
	}
}

// complain reports the other side of a match: first what protects people, then
// the words, which stay with the thing of who complains. Sent again, it is one
// complaint.
func (p pages) complain(ctx context.Context, match string, values url.Values) error {
	text := strings.TrimSpace(strings.ReplaceAll(values.Get("text"), "\r\n", "\n"))
	if text == "" {
		return fault.NewInvalid(fault.Field{Location: "text", Code: "required"})
	}
	q := contract.FileComplaint{
		ID: contract.ComplaintID(values.Get("id")), MatchID: contract.MatchID(match), Kind: contract.ComplaintKind(values.Get("kind")),
	}
	if apart := values.Get("apart"); apart != "" {
		q.Apart = new(apart == "yes")
	}
	filed, err := bus.Call(ctx, p.Bus, contract.MatcherComplain, q)
	if err != nil {
		return err
	}
	return site.KeepComplaint(ctx, p.Bus, filed, text)
}

// told is where a private page goes on after a complaint was taken.
func told(action string, values url.Values) string {
	if values.Get("kind") == string(contract.ComplaintSafeguarding) {
		return action + "?" + toldQuery + "=danger"
	}
	return action + "?" + toldQuery + "=1"
}

// complainTracked takes a complaint from the page of a request or an offer.
func (p pages) complainTracked(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	s, err := p.tracked(r)
	if fault.Is(err, fault.NotFound) {
		http.Redirect(w, r, "/track", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	if s.spooled != nil {
		return p.showProblem(w, r, values, fault.NewUnavailable(nil))
	}
	err = p.complain(s.as(r.Context()), values.Get("match"), values)
	if err == nil {
		http.Redirect(w, r, told("/track", values), http.StatusSeeOther)
		return nil
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	return p.renderTrack(w, r, refusedStatus(err), s, func(page *templates.Page, view *templates.Track) {
		view.Complaint = typedComplaint(page, "/track", s.reported(), values, err)
		if len(view.Complaint.Errors) == 0 {
			view.Problem = page.Fault(err)
		}
	})
}

// reported is the side that the holder of a private page may report.
func (s subject) reported() contract.Side {
	if s.offer != nil {
		return contract.SideRequester
	}
	return contract.SideHelper
}

// complainAnswer takes a complaint from the helper's page.
func (p pages) complainAnswer(w http.ResponseWriter, r *http.Request) error {
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
	err = p.complain(site.As(r.Context(), contract.RoleAnswerer, string(m.ID)), string(m.ID), values)
	if err == nil {
		http.Redirect(w, r, told("/answer", values), http.StatusSeeOther)
		return nil
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	page := p.Pages.Of(r)
	view := p.viewAnswer(r, page, m)
	view.Complaint = typedComplaint(page, "/answer", contract.SideRequester, values, err)
	if len(view.Complaint.Errors) == 0 {
		view.Problem = page.Fault(err)
	}
	p.Pages.Render(w, r, refusedStatus(err), templates.AnswerPage(page, view))
	return nil
}
