package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestAWaveIsStartedAndStopped with its need line, and what is refused is said.
func TestAWaveIsStartedAndStopped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	page := r.get("/console/requests/" + requestID)
	page.shows(t, http.StatusOK, "Ask several at once", "Ask 1 helper", "Would be asked now: 1 of 5 who fit", "Stop asking", "1 has not answered", "1 stands by")
	path := "/console/requests/" + requestID + "/wave"
	if got := r.post(path, url.Values{"need_line": {needLine2}, "act": {"start"}}); got.status != http.StatusSeeOther {
		t.Fatalf("starting gave %d", got.status)
	}
	if got := last[contract.StartWave](d, contract.MatcherStartWave.Subject); got.NeedLineID != needLine2 {
		t.Errorf("started %+v", got)
	}
	r.post(path, url.Values{"need_line": {needLine}, "act": {"stop"}})
	if got := last[contract.StopWave](d, contract.MatcherStopWave.Subject); got.NeedLineID != needLine {
		t.Errorf("stopped %+v", got)
	}
	r.post(path, url.Values{"need_line": {needLine}, "act": {"shout"}}).shows(t, http.StatusUnprocessableEntity, "Ask several at once")
	d.change(func() { d.moveErr = fault.NewConflict("request_not_open", "") })
	r.post(path, url.Values{"need_line": {needLine2}, "act": {"start"}}).shows(t, http.StatusConflict, "not open for matching")
	d.signIn(contract.RoleAuditor).get("/console/requests/"+requestID).lacks(t, "Ask 1 helper", "Stop asking")
}

// TestACoordinatorAgreesOnAnotherTime on the page of the request, and of the offer.
func TestACoordinatorAgreesOnAnotherTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	ask := someAsk()
	r.get("/console/requests/"+requestID).shows(t, http.StatusOK, "Suggests another time", "Agree on this time", "Take the question back")
	r.get("/console/offers/"+offerID).shows(t, http.StatusOK, "What this helper was asked")
	for _, page := range []string{"/console/requests/" + requestID, "/console/offers/" + offerID} {
		form := url.Values{"move": {"accept_time"}, "version": {"2"}, "seen": {seen()}, "to": {"somebody"}}
		got := r.post(page+"/asks/"+string(ask.ID), form)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != page+"?done=1" {
			t.Fatalf("the move gave %d to %q", got.status, got.header.Get("Location"))
		}
		sent := last[contract.Move](d, contract.MatcherMoveAsk.Subject)
		if diff := cmp.Diff(contract.Move{ID: string(ask.ID), Move: "accept_time", Version: new(int64(2)), Key: sent.Key}, sent); diff != "" || sent.Key == "" {
			t.Errorf("the move was sent (-want +got):\n%s", diff)
		}
		d.change(func() { d.moveErr = fault.NewConflict("illegal_move", "") })
		r.post(page+"/asks/"+string(ask.ID), form).shows(t, http.StatusConflict, "not possible in the present state", "Agree on this time")
		d.change(func() { d.moveErr = nil })
	}
}

// TestAPatternIsNotedKindly where the organisation sees the offer.
func TestAPatternIsNotedKindly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.change(func() { d.offer.Path = d.request.Path })
	d.signIn(contract.RoleCoordinator).get("/console/offers/"+offerID).shows(t, http.StatusOK, "3 of the last 5 agreed matches fell away.", "A friendly call")
	d.change(func() { d.offer.Path = "root/hubei/" })
	d.signIn(contract.RoleCoordinator).get("/console/offers/"+offerID).lacks(t, "fell away")
}

// lacks fails for a page that shows any of the texts.
func (a answer) lacks(tb testing.TB, texts ...string) {
	tb.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			tb.Errorf("the page shows %q", text)
		}
	}
}
