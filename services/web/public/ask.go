package public

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/live"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// askPath is where the helper's answers to an ask are sent.
const askPath = "/answer/ask"

// What a helper does about an ask, besides what they do about a match.
const (
	moveNotNow      = "not_now"
	moveSuggestTime = "suggest_time"
	moveHandOn      = "hand_on"
)

// localTime is how a browser sends a moment.
const localTime = "2006-01-02T15:04"

// openAsk returns the ask that an answer token speaks for, once it is right.
func (p pages) openAsk(ctx context.Context, b site.Bearer) (contract.Ask, error) {
	a, err := bus.Call(site.As(ctx, contract.RoleAnswerer, b.ID), p.Bus, contract.MatcherAsk, contract.GetByID{ID: b.ID})
	if err != nil {
		return contract.Ask{}, wrong(err)
	}
	if !b.Check(p.Keys, a.Generation) {
		return contract.Ask{}, errWrong
	}
	return a, nil
}

// openAnswer opens what an answer token speaks for: a match, else an ask.
func (p pages) openAnswer(ctx context.Context, b site.Bearer) error {
	_, err := p.openMatch(ctx, b)
	if fault.Is(err, fault.NotFound) {
		_, err = p.openAsk(ctx, b)
	}
	return err
}

// findAnswers returns the match and the ask that a code may name.
func (p pages) findAnswers(ctx context.Context, code string) ([]contract.Found, error) {
	matches, err := findIn(ctx, p.Bus, contract.MatcherFind, code)
	if err != nil {
		return nil, err
	}
	asks, err := findIn(ctx, p.Bus, contract.MatcherFindAsk, code)
	return append(matches, asks...), err
}

func (p pages) beingAsked(r *http.Request) (contract.Ask, error) {
	b, ok := p.bearer(r, site.Answer)
	if !ok {
		return contract.Ask{}, errWrong
	}
	return p.openAsk(r.Context(), b)
}

// answerAsk makes the helper's move. A yes that made a match goes on with that
// match's page; what was decided meanwhile is shown.
func (p pages) answerAsk(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	a, err := p.beingAsked(r)
	if fault.Is(err, fault.NotFound) {
		http.Redirect(w, r, "/answer", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	move, err := p.askMove(r, a, values)
	if err == nil {
		a, err = bus.Call(site.As(r.Context(), contract.RoleAnswerer, string(a.ID)), p.Bus, contract.MatcherMoveAsk, move)
	}
	switch {
	case err == nil:
		p.touchDesk(r, a)
		if token := p.matchToken(r.Context(), a); token != "" {
			http.SetCookie(w, p.cookie(site.Answer, token, cookieS))
		}
		http.Redirect(w, r, "/answer", http.StatusSeeOther)
		return nil
	case fault.Is(err, fault.Internal):
		return err
	}
	now, readErr := p.beingAsked(r)
	if readErr != nil {
		return readErr
	}
	return p.renderAsk(w, r, refusedStatus(err), now, values, err)
}

// touchDesk has open pages of the request look again: an answer that leaves the ask
// in its state has no fact.
func (p pages) touchDesk(r *http.Request, a contract.Ask) {
	if q, err := p.neededRequest(r, a.RequestID); err == nil {
		live.Touch(p.Bus, contract.ThingRequest, string(a.RequestID), q.Path)
	}
}

// askMove reads the helper's form.
func (p pages) askMove(r *http.Request, a contract.Ask, values url.Values) (contract.Move, error) {
	move := contract.Move{ID: string(a.ID), Move: values.Get("move"), Version: version(values)}
	switch move.Move {
	case moveAccept, moveNotNow:
	case moveDecline:
		if move.Reason = values.Get("reason"); move.Reason == "" {
			return move, fault.NewInvalid(fault.Field{Location: "reason", Code: "choose"})
		}
	case moveSuggestTime:
		at, err := time.ParseInLocation(localTime, values.Get("at"), p.Pages.Printer(r).Zone())
		if err != nil {
			return move, fault.NewInvalid(fault.Field{Location: "at", Code: "malformed"})
		}
		move.At = &at
	case moveHandOn:
		return p.colleague(r.Context(), move, strings.TrimSpace(values.Get("colleague")))
	default:
		return move, fault.NewConflict("illegal_move", "this page does not make that move")
	}
	return move, nil
}

// colleague finds the offer of a code. One that is not there and one of another
// organisation are told apart by nobody.
func (p pages) colleague(ctx context.Context, move contract.Move, typed string) (contract.Move, error) {
	if typed == "" {
		return move, nil
	}
	code, ok := contract.ParseCode(typed)
	if !ok {
		return move, fault.NewInvalid(fault.Field{Location: "colleague", Code: "code"})
	}
	found, err := bus.Call(ctx, p.Bus, contract.OfferFind, contract.FindByCode{Code: code})
	if fault.Is(err, fault.NotFound) {
		err = fault.NewConflict("no_colleague", "no offer has this code")
	}
	move.To = found.ID
	return move, err
}

// matchToken returns the token of the match that a yes made; empty without one. Its
// helper is who answered the ask, so web reads the match on its own account.
func (p pages) matchToken(ctx context.Context, a contract.Ask) string {
	if a.MatchID == "" {
		return ""
	}
	m, err := bus.Call(contract.WithActor(ctx, contract.System()), p.Bus, contract.MatcherGet, contract.GetByID{ID: string(a.MatchID)})
	if err != nil {
		p.Log.WarnContext(ctx, "find the match of an ask", "error", err)
		return ""
	}
	return site.Token(p.Keys, site.Answer, string(m.ID), m.Generation)
}

func (p pages) renderAsk(w http.ResponseWriter, r *http.Request, status int, a contract.Ask, typed url.Values, problem error) error {
	page := p.Pages.Of(r)
	view := p.viewAsk(r, page, a)
	view.Typed = map[string]string{"at": typed.Get("at"), "colleague": typed.Get("colleague")}
	if problem != nil {
		view.Errors = templates.ErrorsOf(page, problem)
		if len(view.Errors) == 0 {
			view.Problem = page.Fault(problem)
		}
	}
	p.Pages.Render(w, r, status, templates.AskPage(page, view))
	return nil
}

func (p pages) viewAsk(r *http.Request, page *templates.Page, a contract.Ask) templates.Asked {
	ref := p.snapshot()
	view := templates.Asked{
		Code: a.Code, State: a.State, Plain: page.Plain(contract.ThingAsk, a.State), Version: a.Version,
		Title: lineName(page, ref, a.Category, page.Amount(a.Quantity, a.Unit)), Moves: map[string]bool{}, Reasons: reasonOptions(page),
		Sensitive: ref != nil && sensitive(ref, a.Category), StandsBy: a.StandsBy, MatchToken: p.matchToken(r.Context(), a),
	}
	if a.StandsBy {
		view.Plain = page.T("ask.stands_by")
	}
	if a.State == "asked" {
		view.Deadline = page.T("answer.until", "time", page.DateTime(a.Until))
		if a.OtherTime != nil {
			view.OtherTime = page.T("ask.suggested", "time", page.DateTime(*a.OtherTime))
		}
	}
	for _, move := range a.Moves {
		view.Moves[move] = true
	}
	if len(a.Moves) > 0 {
		if q, err := p.neededRequest(r, a.RequestID); err == nil {
			view.Facts = p.needFacts(page, q)
		}
	}
	return view
}
