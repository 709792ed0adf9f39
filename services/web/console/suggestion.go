package console

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/services/web/templates"
)

// How many offers are shown for each need line, at first and on wish.
const (
	fewOffers  = 5
	manyOffers = 25
	manyQuery  = "more"
)

// suggestable reports whether offers can still be suggested for a request.
func suggestable(r contract.Request) bool { return r.Stage != "closed" }

// suggestions asks which offers fit, and who they are. Without an answer the
// page stands, and says so.
func (c console) suggestions(ctx context.Context, d templates.Desk, request contract.Request, f *refusal) templates.Suggestions {
	s := templates.Suggestions{
		Action: requestPath(request.ID) + "/propose", Kept: f.kept(d.Page), Open: request.Stage == "open",
		May: access.May(contract.ActorFrom(ctx).Role, access.Propose),
	}
	limit := fewOffers
	if d.Query.Has(manyQuery) {
		limit = manyOffers
	}
	answer, err := bus.Call(ctx, c.Bus, contract.MatcherSuggest,
		contract.Suggest{RequestID: request.ID, Limit: limit, MinVersion: request.Version})
	if err != nil {
		s.Problem = d.Fault(err)
		return s
	}
	s.Lines = suggestedLines(request, answer, c.suggestedOffers(ctx, answer.Items))
	for _, line := range s.Lines {
		if len(line.Offers) >= limit && limit == fewOffers {
			s.More = d.With(manyQuery, "1")
		}
	}
	return s
}

func (c console) suggestedOffers(ctx context.Context, items []contract.Suggestion) map[contract.OfferID]*contract.Offer {
	ids := make([]contract.OfferID, 0, len(items))
	for _, item := range items {
		ids = append(ids, item.OfferID)
	}
	return lookUp(ctx, ids, func(ctx context.Context, id contract.OfferID) (contract.Offer, error) {
		return bus.Call(ctx, c.Bus, contract.OfferGet, contract.GetByID{ID: string(id)})
	})
}

// suggestedLines sorts the suggestions by the need lines of the request, those
// that still lack something first.
func suggestedLines(
	request contract.Request, answer contract.Suggestions, offers map[contract.OfferID]*contract.Offer,
) []templates.SuggestedLine {
	lines := make([]templates.SuggestedLine, 0, len(request.NeedLines))
	for _, need := range request.NeedLines {
		line := templates.SuggestedLine{Line: need}
		for _, item := range answer.Items {
			if item.NeedLineID == need.ID {
				line.Offers = append(line.Offers, templates.SuggestedOffer{
					Suggestion: item, Offer: offers[item.OfferID], Unit: need.Unit, Quantity: amountText(item.Quantity, need.Unit),
					MatchID: contract.NewID[string](), MatchCode: contract.NewCode(),
				})
			}
		}
		for _, missing := range answer.Missing {
			if missing.NeedLineID == need.ID {
				line.Missing = append(line.Missing, missing)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// codeForm is what people type who mean a code, right or wrong.
var codeForm = regexp.MustCompile(`^[A-Za-z0-9]{4}[- ]?[A-Za-z0-9]{5}$`)

// manyFound is how many offers are listed for a text.
const manyFound = 8

// offersLike lists offers that hold a text, to ask about one of them.
func (c console) offersLike(ctx context.Context, d templates.Desk, v templates.Verdict) templates.Verdict {
	listing, err := bus.Call(ctx, c.Bus, contract.OfferList, contract.ListOffers{Page: contract.Page{Limit: manyFound}, Text: v.Asked})
	switch {
	case err != nil:
		v.Error = d.Fault(err)
	case len(listing.Items) == 0:
		v.Error = d.T("desk.verdict.none")
	}
	v.Found = listing.Items
	return v
}

// verdict answers why an offer of a code fits or not; for another text it lists
// the offers that hold it.
func (c console) verdict(ctx context.Context, d templates.Desk, request contract.Request) templates.Verdict {
	v := templates.Verdict{Asked: strings.TrimSpace(d.Query.Get("offer"))}
	if v.Asked == "" {
		return v
	}
	code, ok := contract.ParseCode(v.Asked)
	if !ok && !codeForm.MatchString(v.Asked) {
		return c.offersLike(ctx, d, v)
	}
	if !ok {
		v.Error = d.T("invalid.code")
		return v
	}
	found, err := bus.Call(ctx, c.Bus, contract.OfferFind, contract.FindByCode{Code: code})
	if err == nil {
		v.Verdict = new(contract.Verdict)
		*v.Verdict, err = bus.Call(ctx, c.Bus, contract.MatcherVerdict,
			contract.AskVerdict{RequestID: request.ID, OfferID: contract.OfferID(found.ID)})
	}
	if err != nil {
		v.Verdict, v.Error = nil, d.Fault(err)
		return v
	}
	if offer, err := bus.Call(ctx, c.Bus, contract.OfferGet, contract.GetByID{ID: found.ID}); err == nil {
		v.Offer = &offer
	}
	return v
}

// propose reserves what was suggested, in the quantity that was typed.
func (c console) propose(w http.ResponseWriter, r *http.Request) error {
	next := requestPath(contract.RequestID(chi.URLParam(r, "id")))
	return c.act(w, r, next, c.refuseRequest, func(ctx context.Context, form url.Values) (string, error) {
		name := templates.ProposeForm(contract.NeedLineID(form.Get("need_line")), contract.OfferLineID(form.Get("offer_line")))
		proposal, err := proposalFrom(form)
		if err == nil {
			_, err = bus.Call(ctx, c.Bus, contract.MatcherPropose, proposal)
		}
		return name, err
	})
}

// proposalFrom reads a proposal. Its id was made with the form, so that sending
// the form twice makes one match.
func proposalFrom(form url.Values) (contract.Propose, error) {
	p := contract.Propose{
		ID: contract.MatchID(form.Get("match_id")), NeedLineID: contract.NeedLineID(form.Get("need_line")),
		OfferLineID: contract.OfferLineID(form.Get("offer_line")),
	}
	code, ok := contract.ParseCode(form.Get("match_code"))
	if !ok || !contract.ValidID(p.ID) || !contract.ValidID(p.NeedLineID) || !contract.ValidID(p.OfferLineID) {
		return p, fault.NewInvalid(fault.Field{Location: "form", Code: check.Malformed})
	}
	p.Code = code
	if p.Quantity, ok = amountFrom(form.Get("quantity"), contract.Unit(form.Get("unit"))); !ok || (p.Quantity != nil && *p.Quantity == 0) {
		return p, fault.NewInvalid(fault.Field{Location: "quantity", Code: "quantity"})
	}
	hash, err := idempotency.Hash(p)
	if err != nil {
		return p, err
	}
	p.Key, p.BodyHash = "console:"+string(p.ID), hash
	return p, nil
}
