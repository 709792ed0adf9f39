package api

import (
	"context"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/explain"
)

func (a *api) addSuggestions() {
	add(a, operation{
		method: http.MethodGet, path: "/requests/{id}/suggestions", id: "suggest", tag: tagRequests,
		summary:     "The best offers for a request",
		description: "Computed now, best first for each need line, with the reasons in the language of Accept-Language or ?lang=.",
	}, a.suggest)
	add(a, operation{
		method: http.MethodGet, path: "/requests/{id}/verdict", id: "verdict", tag: tagRequests,
		summary: "Why an offer fits a request, or which rule stops it",
	}, a.verdict)
}

// FactorView is one soft factor of a score, with its sentence.
type FactorView struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value" doc:"0 to 1"`
	Weight float64 `json:"weight"`
	Text   string  `json:"text" doc:"The reason in the reader's language"`
}

func factorViews(e explain.Reader, factors []contract.Factor) []FactorView {
	views := make([]FactorView, len(factors))
	for i, f := range factors {
		views[i] = FactorView{f.Name, f.Value, f.Weight, e.Sentence(f.Key, f.Args)}
	}
	return views
}

// SuggestionView is one offer line that fits one need line.
type SuggestionView struct {
	NeedLineID  contract.NeedLineID  `json:"need_line_id"`
	OfferID     contract.OfferID     `json:"offer_id"`
	OfferLineID contract.OfferLineID `json:"offer_line_id"`
	Quantity    int64                `json:"quantity" doc:"In the need's unit"`
	Score       float64              `json:"score"`
	Factors     []FactorView         `json:"factors"`
}

// MissingView says what keeps a need line from offers.
type MissingView struct {
	NeedLineID contract.NeedLineID `json:"need_line_id"`
	Rule       string              `json:"rule"`
	Text       string              `json:"text"`
	Count      int                 `json:"count" doc:"Offers that this rule alone stops; 1000 stands for as many or more"`
}

// SuggestionsView is the answer to a question for offers.
type SuggestionsView struct {
	Items         []SuggestionView `json:"items"`
	Missing       []MissingView    `json:"missing"`
	PolicyVersion int64            `json:"policy_version"`
	Version       int64            `json:"version" doc:"The request's version that the answer knows"`
}

type suggestInput struct {
	IDInput
	Limit      int   `query:"limit" minimum:"1" maximum:"50" default:"10" doc:"Per need line"`
	MinVersion int64 `query:"min_version" minimum:"0" doc:"The request's version that the answer must know"`
}

func (a *api) suggest(ctx context.Context, in *suggestInput) (*answer[SuggestionsView], error) {
	found, err := bus.Call(ctx, a.Bus, contract.MatcherSuggest, contract.Suggest{
		RequestID: contract.RequestID(in.ID), Limit: in.Limit, MinVersion: in.MinVersion,
	})
	if err != nil {
		return nil, err
	}
	e := a.explain(ctx)
	view := SuggestionsView{
		Items: make([]SuggestionView, len(found.Items)), Missing: make([]MissingView, len(found.Missing)),
		PolicyVersion: found.PolicyVersion, Version: found.Version,
	}
	for i, s := range found.Items {
		view.Items[i] = SuggestionView{s.NeedLineID, s.OfferID, s.OfferLineID, s.Quantity, s.Score, factorViews(e, s.Factors)}
	}
	for i, m := range found.Missing {
		view.Missing[i] = MissingView{m.NeedLineID, m.Rule, e.Sentence(m.Key, m.Args), m.Count}
	}
	return &answer[SuggestionsView]{view}, nil
}

// VerdictView says why an offer fits a request, or which rule stops it.
type VerdictView struct {
	Fits        bool                 `json:"fits"`
	NeedLineID  contract.NeedLineID  `json:"need_line_id,omitempty"`
	OfferLineID contract.OfferLineID `json:"offer_line_id,omitempty"`
	Score       float64              `json:"score,omitempty"`
	Factors     []FactorView         `json:"factors,omitempty"`
	Rule        string               `json:"rule,omitempty"`
	Text        string               `json:"text,omitempty" doc:"The rule that stops it, in the reader's language"`
	Change      string               `json:"change,omitempty" doc:"What would have to change, in the reader's language"`
}

type verdictInput struct {
	IDInput
	OfferID string `query:"offer_id" required:"true" maxLength:"64"`
}

func (a *api) verdict(ctx context.Context, in *verdictInput) (*answer[VerdictView], error) {
	v, err := bus.Call(ctx, a.Bus, contract.MatcherVerdict, contract.AskVerdict{
		RequestID: contract.RequestID(in.ID), OfferID: contract.OfferID(in.OfferID),
	})
	if err != nil {
		return nil, err
	}
	e := a.explain(ctx)
	view := VerdictView{
		Fits: v.Fits, NeedLineID: v.NeedLineID, OfferLineID: v.OfferLineID, Score: v.Score,
		Factors: factorViews(e, v.Factors), Rule: v.Rule,
	}
	if v.Key != "" {
		view.Text, view.Change = e.Sentence(v.Key, v.Args), e.Change(v.Rule, v.Args)
	}
	return &answer[VerdictView]{view}, nil
}
