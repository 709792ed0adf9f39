package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestPairsOfAPlanAreConfirmed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/plan?category=ppe&region=610100&organisation=xian&campaign=c").
		shows(t, http.StatusOK, "Proved to be the best", "Confirm all 60 pairs", needLine+"/"+offerLine)
	want := contract.AskPlan{Scope: contract.PlanScope{Organisation: "xian", Region: "610100", Category: "ppe", Campaign: "c"}, Limit: 50}
	if got := last[contract.AskPlan](d, contract.MatcherPlan.Subject); got != want {
		t.Errorf("asked %+v", got)
	}
	r.post("/console/plan/confirm", url.Values{"plan_id": {planID}, "pair": {needLine + "/" + offerLine}}).
		shows(t, http.StatusOK, "1 match was proposed", "1 pair could not be confirmed", "already covered", matchID)
	chosen := contract.ConfirmPlan{PlanID: planID, Pairs: []contract.PairRef{{NeedLineID: needLine, OfferLineID: offerLine}}}
	if diff := cmp.Diff(chosen, last[contract.ConfirmPlan](d, contract.MatcherConfirmPlan.Subject)); diff != "" {
		t.Errorf("confirmed (-want +got):\n%s", diff)
	}
	r.post("/console/plan/confirm", url.Values{"plan_id": {planID}, "which": {"all"}, "pair": {needLine + "/" + offerLine}})
	if got := last[contract.ConfirmPlan](d, contract.MatcherConfirmPlan.Subject); len(got.Pairs) > 0 {
		t.Errorf("all pairs were asked for as %+v", got)
	}
	r.post("/console/plan/confirm", url.Values{"plan_id": {planID}}).shows(t, http.StatusUnprocessableEntity)
	d.moveErr = fault.NewUnavailable(nil)
	r.post("/console/plan/confirm", url.Values{"plan_id": {planID}, "which": {"all"}}).shows(t, http.StatusServiceUnavailable)
}
