package api

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

const tagPlans = "plans"

// planTime bounds the making of a plan and the confirming of its pairs: both may
// be many.
const planTime = 25 * time.Second

func (a *api) addPlans() {
	add(a, operation{
		method: http.MethodGet, path: "/plan", id: "plan", tag: tagPlans,
		summary: "The optimal plan of a scope",
		description: "Pairs the open need lines of a scope with offers so that all together fare best, and proves it: " +
			"objective is never below bound, and certified says that they are equal. Computed now; nothing is reserved " +
			"until pairs are confirmed, within 24 hours.",
	}, a.plan)
	add(a, operation{
		method: http.MethodPost, path: "/plan/confirm", id: "confirm_plan", tag: tagPlans,
		summary: "Propose pairs of a plan",
		description: "All of them, or those named. Each is guarded anew: a conflict of one is part of the answer and stops " +
			"no other. A repeat gives the same matches.",
	}, a.confirmPlan)
}

type planInput struct {
	Organisation string `query:"organisation" maxLength:"64" doc:"Code: its requests and those below it"`
	Region       string `query:"region" maxLength:"64" doc:"Code: it and what lies in it"`
	Category     string `query:"category" maxLength:"64" doc:"Code: it and what is below it"`
	Campaign     string `query:"campaign" maxLength:"64"`
	Limit        int    `query:"limit" minimum:"1" maximum:"2000" default:"200" doc:"Pairs in the answer, the most urgent first"`
}

// PlanView is a plan with the sentences of its factors.
type PlanView struct {
	contract.Plan
	Gap   float64        `json:"gap" doc:"How far the objective may be from the best, as a share of the bound"`
	Pairs []PlanPairView `json:"pairs"` // takes the place of the bare ones
}

// PlanPairView is a pair of a plan with the sentences of its factors.
type PlanPairView struct {
	contract.PlannedPair
	Factors []FactorView `json:"factors"` // takes the place of the bare ones
	Text    string       `json:"text,omitempty" doc:"Why the need does not get its own best offer"`
}

func (a *api) plan(ctx context.Context, in *planInput) (*answer[PlanView], error) {
	ctx, cancel := context.WithTimeout(ctx, planTime)
	defer cancel()
	p, err := bus.Call(ctx, a.Bus, contract.MatcherPlan, contract.AskPlan{
		Scope: contract.PlanScope{Organisation: in.Organisation, Region: in.Region, Category: in.Category, Campaign: in.Campaign},
		Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	e := a.explain(ctx)
	view := PlanView{Plan: p, Gap: p.Gap(), Pairs: make([]PlanPairView, len(p.Pairs))}
	for i, pair := range p.Pairs {
		view.Pairs[i] = PlanPairView{PlannedPair: pair, Factors: factorViews(e, pair.Factors), Text: e.Instead(pair.Instead)}
		view.Pairs[i].PlannedPair.Factors = nil
	}
	view.Plan.Pairs = nil
	return &answer[PlanView]{view}, nil
}

// ConfirmPlanInput names a plan and pairs of it.
type ConfirmPlanInput struct {
	PlanID contract.PlanID    `json:"plan_id" maxLength:"64"`
	Pairs  []contract.PairRef `json:"pairs,omitempty" maxItems:"10000" doc:"Left out means all"`
}

type confirmPlanInput struct {
	KeyInput
	Body ConfirmPlanInput
}

func (a *api) confirmPlan(ctx context.Context, in *confirmPlanInput) (*answer[contract.ConfirmedPlan], error) {
	ctx, cancel := context.WithTimeout(ctx, planTime)
	defer cancel()
	confirmed, err := bus.Call(ctx, a.Bus, contract.MatcherConfirmPlan, contract.ConfirmPlan{PlanID: in.Body.PlanID, Pairs: in.Body.Pairs})
	if err != nil {
		return nil, err
	}
	return &answer[contract.ConfirmedPlan]{confirmed}, nil
}
