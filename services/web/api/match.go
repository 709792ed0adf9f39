package api

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

const tagMatches = "matches"

func (a *api) addMatches() {
	add(a, operation{
		method: http.MethodPost, path: "/matches", id: "propose_match", tag: tagMatches, status: http.StatusCreated,
		summary: "Propose a match", description: "Reserves the offer's capacity until hold_until. 409 when capacity or need is gone.",
	}, a.propose)
	add(a, operation{
		method: http.MethodGet, path: "/matches", id: "list_matches", tag: tagMatches, audience: holders,
		summary: "List matches", description: "Newest first.",
	}, a.listMatches)
	add(a, operation{
		method: http.MethodGet, path: "/matches/{id}", id: "get_match", tag: tagMatches, audience: holders,
		summary: "Read a match", description: "With its factors and history.",
	}, a.getMatch)
	add(a, operation{
		method: http.MethodGet, path: "/matches/{id}/answer_link", id: "answer_link", tag: tagMatches,
		summary:     "The link by which the helper answers",
		description: "For staff of the offer's owner, to hand over to the helper: whoever has it answers for the helper.",
	}, a.answerLink)
	for _, m := range matchMoves {
		addMove(a, tagMatches, m, a.moveMatch)
	}
}

// MatchView is a match with the sentences of its factors.
type MatchView struct {
	contract.Match
	Factors []FactorView `json:"factors,omitempty"` // takes the place of the bare ones
}

func (a *api) matchView(ctx context.Context, m contract.Match) *MatchView {
	view := &MatchView{Factors: factorViews(a.explain(ctx), m.Factors)}
	m.Factors = nil
	view.Match = m
	return view
}

// ProposalInput joins a need line with an offer line.
type ProposalInput struct {
	NeedLineID  contract.NeedLineID  `json:"need_line_id" maxLength:"64"`
	OfferLineID contract.OfferLineID `json:"offer_line_id" maxLength:"64"`
	Quantity    *int64               `json:"quantity,omitempty" nullable:"true" minimum:"1" maximum:"1000000000000" doc:"In the need's unit; left out means what is missing, as far as the offer can give it"`
	At          *time.Time           `json:"at,omitempty" doc:"When; decides the period of a capacity that renews"`
}

type proposeInput struct {
	KeyInput
	Body ProposalInput
}

func (a *api) propose(ctx context.Context, in *proposeInput) (*answer[*MatchView], error) {
	m, err := bus.Call(ctx, a.Bus, contract.MatcherPropose, contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), NeedLineID: in.Body.NeedLineID,
		OfferLineID: in.Body.OfferLineID, Quantity: in.Body.Quantity, At: in.Body.At,
		Key: in.key(ctx), BodyHash: callFrom(ctx).bodyHash(),
	})
	if err != nil {
		return nil, err
	}
	return &answer[*MatchView]{a.matchView(ctx, m)}, nil
}

// matchFilter says which matches a list holds, as requestFilter does.
type matchFilter struct {
	PageInput
	RequestID string   `query:"request_id" maxLength:"64"`
	OfferID   string   `query:"offer_id" maxLength:"64"`
	State     []string `query:"state,explode"`
	Queue     string   `query:"queue" enum:"stuck,disputed,awaiting" doc:"Those that somebody must look at"`
}

func (a *api) listMatches(ctx context.Context, in *matchFilter) (*answer[List[contract.Match]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.MatcherList, contract.ListMatches{
		Page: in.page(), RequestID: contract.RequestID(in.RequestID), OfferID: contract.OfferID(in.OfferID),
		States: values[string](in.State), Queue: in.Queue,
	})
	return listOf(listing), err
}

func (a *api) getMatch(ctx context.Context, in *IDInput) (*answer[*MatchView], error) {
	m, err := bus.Call(ctx, a.Bus, contract.MatcherGet, contract.GetByID{ID: in.ID})
	if err != nil {
		return nil, err
	}
	return &answer[*MatchView]{a.matchView(ctx, m)}, nil
}

func (a *api) moveMatch(ctx context.Context, m contract.Move) (contract.Moved, error) {
	match, err := bus.Call(ctx, a.Bus, contract.MatcherMove, m)
	return contract.Moved{ID: string(match.ID), State: match.State, Version: match.Version}, err
}

// AnswerLink is what a helper answers with: the link, or the code with the PIN.
type AnswerLink struct {
	URL  string `json:"url"`
	Code string `json:"code"`
	Pin  string `json:"pin"`
}

// answerLink is for those who may call the helper anyway: staff of the offer's
// owner, or above, who may read its contact.
func (a *api) answerLink(ctx context.Context, in *IDInput) (*answer[AnswerLink], error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadContact); err != nil {
		return nil, err
	}
	m, err := bus.Call(ctx, a.Bus, contract.MatcherGet, contract.GetByID{ID: in.ID})
	if err != nil {
		return nil, err
	}
	offer, err := bus.Call(ctx, a.Bus, contract.OfferGet, contract.GetByID{ID: string(m.OfferID)})
	if fault.Is(err, fault.NotFound) || err == nil && !actor.Sees(offer.Path) {
		return nil, fault.NewForbidden("hand over the answer of another organisation's helper")
	}
	if err != nil {
		return nil, err
	}
	return &answer[AnswerLink]{AnswerLink{
		URL:  a.Link(site.Answer, string(m.ID), m.Generation),
		Code: m.Code,
		Pin:  site.Pin(a.Keys, site.Answer, string(m.ID), m.Generation),
	}}, nil
}
