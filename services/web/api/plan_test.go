package api_test

import (
	"context"
	"net/http"
	"reflect"
	"testing"

	"heli/pkg/contract"
	"heli/services/web/api"
)

func TestPlansAreToldAndConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := make(chan contract.AskPlan, 1)
	stub(w, contract.MatcherPlan, func(_ context.Context, q contract.AskPlan) (contract.Plan, error) {
		asked <- q
		return contract.Plan{ID: "p", Objective: 110, Bound: 100, Greedy: 130, Pairs: []contract.PlannedPair{{
			NeedLineID: "n", OfferLineID: "l", Quantity: 2,
			Factors: []contract.Factor{{Name: "time", Key: "factor.time.any"}},
			Instead: &contract.Instead{Serves: []contract.NeedLineID{"m"}, Loss: 42_000},
		}}}, nil
	})
	var view api.PlanView
	w.do(ask{
		method: http.MethodGet, path: "/plan?organisation=xian&region=610100&category=ppe&campaign=c&limit=7", credential: coordinatorKey,
	}).into(t, http.StatusOK, &view)
	want := contract.AskPlan{Scope: contract.PlanScope{Organisation: "xian", Region: "610100", Category: "ppe", Campaign: "c"}, Limit: 7}
	if got := <-asked; got != want {
		t.Errorf("asked %+v", got)
	}
	if view.ID != "p" || view.Gap != 0.1 || view.Greedy != 130 || len(view.Pairs) != 1 {
		t.Fatalf("answered %+v", view)
	}
	if p := view.Pairs[0]; p.Quantity != 2 || p.Factors[0].Text == "" ||
		p.Text != "Its own best offer serves 1 other need in the plan: given here instead, all together would fare 4.2 points worse." {
		t.Errorf("pair %+v", p)
	}

	confirmed := make(chan contract.ConfirmPlan, 1)
	stub(w, contract.MatcherConfirmPlan, func(_ context.Context, q contract.ConfirmPlan) (contract.ConfirmedPlan, error) {
		confirmed <- q
		return contract.ConfirmedPlan{Items: []contract.ConfirmedPair{{PairRef: q.Pairs[0], Problem: "need_met"}}}, nil
	})
	var answer contract.ConfirmedPlan
	w.do(ask{
		method: http.MethodPost, path: "/plan/confirm", credential: coordinatorKey,
		body: `{"plan_id": "p", "pairs": [{"need_line_id": "n", "offer_line_id": "l"}]}`,
	}).into(t, http.StatusOK, &answer)
	if got := <-confirmed; !reflect.DeepEqual(got, contract.ConfirmPlan{PlanID: "p", Pairs: []contract.PairRef{{NeedLineID: "n", OfferLineID: "l"}}}) {
		t.Errorf("confirmed %+v", got)
	}
	if len(answer.Items) != 1 || answer.Items[0].Problem != "need_met" {
		t.Errorf("answered %+v", answer)
	}
}
