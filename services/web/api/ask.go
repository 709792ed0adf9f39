package api

import (
	"context"
	"net/http"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

const tagAsks = "asks"

func (a *api) addAsks() {
	add(a, operation{
		method: http.MethodGet, path: "/requests/{id}/waves", id: "list_waves", tag: tagAsks,
		summary: "How asking stands for each need line", description: "With who would be asked now. Nothing is sent by looking.",
	}, a.listWaves)
	add(a, operation{
		method: http.MethodPost, path: "/need_lines/{id}/wave", id: "start_wave", tag: tagAsks,
		summary:     "Ask several helpers at once",
		description: "Goes on by itself until the need line is filled. Reserves no capacity, and keeps every helper's load budget. A repeat changes nothing.",
	}, a.startWave)
	add(a, operation{
		method: http.MethodPost, path: "/need_lines/{id}/wave/stop", id: "stop_wave", tag: tagAsks,
		summary: "Stop asking", description: "Whoever has not answered is told. A repeat changes nothing.",
	}, a.stopWave)
	add(a, operation{
		method: http.MethodGet, path: "/asks", id: "list_asks", tag: tagAsks, audience: holders,
		summary: "List asks", description: "Newest first.",
	}, a.listAsks)
	add(a, operation{
		method: http.MethodGet, path: "/asks/{id}", id: "get_ask", tag: tagAsks, audience: holders,
		summary: "Read an ask", description: "With its history.",
	}, a.getAsk)
	add(a, operation{
		method: http.MethodGet, path: "/asks/{id}/answer_link", id: "ask_link", tag: tagAsks,
		summary:     "The link by which the helper answers an ask",
		description: "For staff of the offer's owner, to hand over to the helper: whoever has it answers for the helper.",
	}, a.askLink)
	add(a, operation{
		method: http.MethodGet, path: "/offers/{id}/standing", id: "offer_standing", tag: tagAsks,
		summary: "How the helper kept what was agreed", description: "Of the last 180 days, as far as your organisation sees their matches.",
	}, a.standing)
	for _, m := range askMoves {
		addMove(a, tagAsks, m, a.moveAsk)
	}
}

func (a *api) listWaves(ctx context.Context, in *IDInput) (*answer[contract.Waves], error) {
	waves, err := bus.Call(ctx, a.Bus, contract.MatcherWaves, contract.GetByID{ID: in.ID})
	return &answer[contract.Waves]{waves}, err
}

type waveInput struct {
	KeyInput
	IDInput
}

func (a *api) startWave(ctx context.Context, in *waveInput) (*answer[contract.Wave], error) {
	wave, err := bus.Call(ctx, a.Bus, contract.MatcherStartWave, contract.StartWave{NeedLineID: contract.NeedLineID(in.ID)})
	return &answer[contract.Wave]{wave}, err
}

func (a *api) stopWave(ctx context.Context, in *waveInput) (*answer[contract.Wave], error) {
	wave, err := bus.Call(ctx, a.Bus, contract.MatcherStopWave, contract.StopWave{NeedLineID: contract.NeedLineID(in.ID)})
	return &answer[contract.Wave]{wave}, err
}

type askFilter struct {
	PageInput
	RequestID string   `query:"request_id" maxLength:"64"`
	OfferID   string   `query:"offer_id" maxLength:"64"`
	State     []string `query:"state,explode"`
}

func (a *api) listAsks(ctx context.Context, in *askFilter) (*answer[List[contract.Ask]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.MatcherAsks, contract.ListAsks{
		Page: in.page(), RequestID: contract.RequestID(in.RequestID), OfferID: contract.OfferID(in.OfferID), States: values[string](in.State),
	})
	return listOf(listing), err
}

func (a *api) getAsk(ctx context.Context, in *IDInput) (*answer[contract.Ask], error) {
	ask, err := bus.Call(ctx, a.Bus, contract.MatcherAsk, contract.GetByID{ID: in.ID})
	return &answer[contract.Ask]{ask}, err
}

func (a *api) moveAsk(ctx context.Context, m contract.Move) (contract.Moved, error) {
	ask, err := bus.Call(ctx, a.Bus, contract.MatcherMoveAsk, m)
	return contract.Moved{ID: string(ask.ID), State: ask.State, Version: ask.Version}, err
}

// askLink is for those who may call the helper anyway, as answerLink.
func (a *api) askLink(ctx context.Context, in *IDInput) (*answer[AnswerLink], error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadContact); err != nil {
		return nil, err
	}
	ask, err := bus.Call(ctx, a.Bus, contract.MatcherAsk, contract.GetByID{ID: in.ID})
	if err != nil {
		return nil, err
	}
	offer, err := bus.Call(ctx, a.Bus, contract.OfferGet, contract.GetByID{ID: string(ask.OfferID)})
	if fault.Is(err, fault.NotFound) || err == nil && !actor.Sees(offer.Path) {
		return nil, fault.NewForbidden("hand over the answer of another organisation's helper")
	}
	if err != nil {
		return nil, err
	}
	return &answer[AnswerLink]{AnswerLink{
		URL:  a.Link(site.Answer, string(ask.ID), ask.Generation),
		Code: ask.Code,
		Pin:  site.Pin(a.Keys, site.Answer, string(ask.ID), ask.Generation),
	}}, nil
}

func (a *api) standing(ctx context.Context, in *IDInput) (*answer[contract.Standing], error) {
	standing, err := bus.Call(ctx, a.Bus, contract.MatcherStanding, contract.AskStanding{OfferID: contract.OfferID(in.ID)})
	return &answer[contract.Standing]{standing}, err
}
