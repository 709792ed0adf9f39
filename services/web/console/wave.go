package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// askMoves are what the moves of an ask ask the reader for.
var askMoves = map[string]asked{
	"accept":       {onBehalfOf: helperSide},
	moveAcceptTime: {},
	"not_now":      {onBehalfOf: helperSide},
	"decline":      {reason: true, reasons: contract.AskReasons(), onBehalfOf: helperSide, danger: true},
	"suggest_time": {at: true, onBehalfOf: helperSide},
	"withdraw":     {danger: true},
}

// mostAsks is how many asks a page shows.
const mostAsks = 100

// mountWaves adds what is done about asking several at once.
func (c console) mountWaves(post route) {
	post("/console/requests/{id}/wave", c.moveWave)
	post("/console/requests/{id}/asks/{ask}", c.moveAskOf(c.requestAsks))
	post("/console/offers/{id}/asks/{ask}", c.moveAskOf(c.offerAsks))
}

// waves asks how asking stands, and who would be asked. Whoever may not know, or
// is of another organisation, sees none of it.
func (c console) waves(ctx context.Context, d templates.Desk, request contract.Request, f *refusal) templates.Waves {
	actor := contract.ActorFrom(ctx)
	w := templates.Waves{
		Action: requestPath(request.ID) + "/wave", Open: request.Stage == "open", May: access.May(actor.Role, access.Propose),
	}
	if !actor.Sees(request.Path) || !access.May(actor.Role, access.Suggest) || !suggestable(request) {
		return w
	}
	answer, err := bus.Call(ctx, c.Bus, contract.MatcherWaves, contract.GetByID{ID: string(request.ID)})
	if err != nil {
		w.Problem = d.Fault(err)
		return w
	}
	asks := c.asksOf(ctx, d, contract.ListAsks{RequestID: request.ID}, requestPath(request.ID), f)
	for _, wave := range answer.Items {
		line, known := needLineOf(request, wave.NeedLineID)
		if !known {
			continue
		}
		shown := templates.WaveLine{Line: line, Wave: wave, Next: c.nextAsked(ctx, wave)}
		for _, a := range asks {
			if a.Ask.NeedLineID == wave.NeedLineID {
				shown.Asks = append(shown.Asks, a)
			}
		}
		w.Lines = append(w.Lines, shown)
	}
	return w
}

func needLineOf(request contract.Request, id contract.NeedLineID) (contract.NeedLineView, bool) {
	i := slices.IndexFunc(request.NeedLines, func(l contract.NeedLineView) bool { return l.ID == id })
	if i < 0 {
		return contract.NeedLineView{}, false
	}
	return request.NeedLines[i], true
}

func (c console) nextAsked(ctx context.Context, wave contract.Wave) []templates.WaveOffer {
	offers := c.suggestedOffers(ctx, wave.Next)
	next := make([]templates.WaveOffer, 0, len(wave.Next))
	for _, s := range wave.Next {
		next = append(next, templates.WaveOffer{ID: s.OfferID, Offer: offers[s.OfferID]})
	}
	return next
}

// asksOf returns the asks of a request or an offer with what the reader may do;
// action is the page that their forms belong to. None while they cannot be read.
func (c console) asksOf(ctx context.Context, d templates.Desk, q contract.ListAsks, action string, f *refusal) []templates.AskView {
	if !access.May(contract.ActorFrom(ctx).Role, access.ReadAsks) {
		return nil
	}
	q.Limit = mostAsks
	listing, err := bus.Call(ctx, c.Bus, contract.MatcherAsks, q)
	if err != nil {
		c.Log.WarnContext(ctx, "list asks", "error", err)
		return nil
	}
	ids := make([]contract.OfferID, len(listing.Items))
	for i, a := range listing.Items {
		ids[i] = a.OfferID
	}
	offers := lookUp(ctx, ids, func(ctx context.Context, id contract.OfferID) (contract.Offer, error) {
		return bus.Call(ctx, c.Bus, contract.OfferGet, contract.GetByID{ID: string(id)})
	})
	slices.SortStableFunc(listing.Items, func(a, b contract.Ask) int { return cmp.Compare(askOrder(a), askOrder(b)) })
	views := make([]templates.AskView, 0, len(listing.Items))
	for _, a := range listing.Items {
		view := c.askView(ctx, d, a, offers[a.OfferID], action, f)
		if q.OfferID != "" && access.May(contract.ActorFrom(ctx).Role, access.ReadRequests) {
			view.Request = requestPath(a.RequestID)
		}
		views = append(views, view)
	}
	return views
}

// askOrder puts first what a coordinator has to do something about.
func askOrder(a contract.Ask) int {
	switch {
	case a.State == "asked" && a.OtherTime != nil:
		return 0
	case a.State == "accepted":
		return 1
	case a.StandsBy:
		return 2
	case a.State == "asked":
		return 3
	default:
		return 4
	}
}

func (c console) askView(ctx context.Context, d templates.Desk, a contract.Ask, offer *contract.Offer, action string, f *refusal) templates.AskView {
	v := templates.AskView{Ask: a, Offer: offer, Agree: askMoveSet(a, action, moveAcceptTime), Moves: askMoveSet(a, action)}
	if f != nil && f.name == askForm(a.ID) {
		v.Moves.Kept = f.kept(d.Page)
		v.Moves.Kept.Form = f.form.Get("move")
	}
	actor := contract.ActorFrom(ctx)
	if offer != nil && actor.Sees(offer.Path) && len(a.Moves) > 0 && access.May(actor.Role, access.Propose) {
		v.Answer = &templates.AnswerSecrets{
			Code: a.Code, Pin: site.Pin(c.Keys, site.Answer, string(a.ID), a.Generation), Link: c.Link(site.Answer, string(a.ID), a.Generation),
		}
	}
	return v
}

// moveAcceptTime stands before the others: the helper waits for it.
const moveAcceptTime = "accept_time"

// askMoveSet returns the moves of an ask that a page shows: the one named, else all
// but that one.
func askMoveSet(a contract.Ask, action string, only ...string) templates.MoveSet {
	names := slices.DeleteFunc(slices.Clone(a.Moves), func(name string) bool {
		_, shown := askMoves[name]
		if len(only) > 0 {
			return !slices.Contains(only, name)
		}
		return !shown || name == moveAcceptTime
	})
	return templates.MoveSet{
		Thing: contract.ThingAsk, ID: string(a.ID), Action: action + "/asks/" + string(a.ID), Version: a.Version, Seen: a.UpdatedAt,
		Moves: movesOf(names, askMoves, ""),
	}
}

// askForm names the forms of an ask.
func askForm(id contract.AskID) string { return "ask-" + string(id) }

// moveWave starts or stops asking for a need line.
func (c console) moveWave(w http.ResponseWriter, r *http.Request) error {
	next := requestPath(contract.RequestID(chi.URLParam(r, "id")))
	return c.act(w, r, next, c.refuseRequest, func(ctx context.Context, form url.Values) (string, error) {
		id := contract.NeedLineID(form.Get("need_line"))
		var err error
		switch form.Get("act") {
		case "start":
			_, err = bus.Call(ctx, c.Bus, contract.MatcherStartWave, contract.StartWave{NeedLineID: id})
		case "stop":
			_, err = bus.Call(ctx, c.Bus, contract.MatcherStopWave, contract.StopWave{NeedLineID: id})
		default:
			err = fault.NewInvalid(fault.Field{Location: "act", Code: check.Malformed})
		}
		return templates.FormWave, err
	})
}

// askPage is a page that shows asks: its address and what shows it after a refusal.
type askPage struct {
	path  string
	again func(http.ResponseWriter, *http.Request, *refusal) error
}

func (c console) requestAsks(r *http.Request) askPage {
	return askPage{requestPath(contract.RequestID(chi.URLParam(r, "id"))), c.refuseRequest}
}

func (c console) offerAsks(r *http.Request) askPage {
	return askPage{offerPath(contract.OfferID(chi.URLParam(r, "id"))), c.refuseOffer}
}

// moveAskOf makes a move of an ask on a page that shows it.
func (c console) moveAskOf(on func(*http.Request) askPage) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		shown, id := on(r), contract.AskID(chi.URLParam(r, "ask"))
		return c.act(w, r, shown.path, shown.again, func(ctx context.Context, form url.Values) (string, error) {
			m, err := moveFrom(contract.ActorFrom(ctx), string(id), form, c.Pages.Printer(r).Zone())
			if err == nil {
				m.To = ""
				_, err = bus.Call(ctx, c.Bus, contract.MatcherMoveAsk, m)
			}
			return askForm(id), err
		})
	}
}

// standing is how the helper of an offer kept what was agreed; nil while that
// cannot be read.
func (c console) standing(ctx context.Context, offer contract.Offer) *contract.Standing {
	actor := contract.ActorFrom(ctx)
	if !actor.Sees(offer.Path) || !access.May(actor.Role, access.Suggest) {
		return nil
	}
	standing, err := bus.Call(ctx, c.Bus, contract.MatcherStanding, contract.AskStanding{OfferID: offer.ID})
	if err != nil {
		c.Log.WarnContext(ctx, "read how a helper kept what was agreed", "error", err)
		return nil
	}
	return &standing
}
