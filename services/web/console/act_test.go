package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func seen() string { return began.Add(10 * time.Minute).Format(time.RFC3339Nano) }

func TestAMoveCarriesItsVersionAndReason(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	form := url.Values{"move": {"refer"}, "reason": {" 更近 "}, "to": {"xian"}, "version": {"7"}, "seen": {seen()}}
	got := r.post("/console/requests/"+requestID+"/move", form)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/console/requests/"+requestID+"?done=1" {
		t.Fatalf("the move gave %d to %q", got.status, got.header.Get("Location"))
	}
	first := last[contract.Move](d, contract.RequestMove.Subject)
	want := contract.Move{ID: requestID, Move: "refer", Reason: "更近", To: "xian", Version: new(int64(7)), Key: first.Key}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("the move was sent (-want +got):\n%s", diff)
	}
	r.post("/console/requests/"+requestID+"/move", form)
	if second := last[contract.Move](d, contract.RequestMove.Subject); first.Key == "" || second.Key != first.Key {
		t.Errorf("sent twice, the keys are %q and %q", first.Key, second.Key)
	}
	r.post("/console/requests/"+requestID+"/move", url.Values{"move": {"withdraw"}, "version": {"7"}})
	if got := last[contract.Move](d, contract.RequestMove.Subject).OnBehalfOf; got != "requester" {
		t.Errorf("staff withdraw on behalf of %q", got)
	}
	r.post("/console/requests/"+requestID+"/move", url.Values{"move": {"claim"}, "version": {"7"}})
	if got := last[contract.Move](d, contract.RequestMove.Subject).Key; got != "" {
		t.Errorf("a claim has the key %q, so that it could be made once alone", got)
	}
	r.get("/console/requests/"+requestID+"?done=1").shows(t, http.StatusOK, "Done.")
}

// TestAConflictKeepsWhatWasTyped shows what happened since the reader looked and
// keeps the reason: in its form, or beside the message where the form is gone.
func TestAConflictKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	d.change(func() {
		d.moveErr = fault.NewConflict("stale_version", "")
		d.request.Version = 8
		d.request.History = append(d.request.History, contract.HistoryEntry{
			At: began.Add(20 * time.Minute), Move: "claim", From: "open", To: "open", Role: contract.RoleCoordinator, ActorName: "测试员丙",
		})
	})
	form := url.Values{"move": {"hold"}, "reason": {"等待物资到货"}, "version": {"7"}, "seen": {seen()}}
	page := r.post("/console/requests/"+requestID+"/move", form)
	page.shows(t, http.StatusConflict, "Somebody else has changed this meanwhile. What you typed is still here", "What happened since you looked", "测试员丙",
		`value="等待物资到货"`, `name="version" value="8"`, `action="/console/requests/`+requestID+`/move"`)
	if strings.Count(page.body, "测试员乙") > 3 { // the whole history and the notes, not the news
		t.Error("what was known already is told as news")
	}
	if got := last[contract.Move](d, contract.RequestMove.Subject); got.Version == nil || *got.Version != 7 {
		t.Errorf("the move named version %v", got.Version)
	}
	d.change(func() { d.request.Moves = []string{"reopen"} })
	r.post("/console/requests/"+requestID+"/move", form).shows(t, http.StatusConflict, "What you typed:", "等待物资到货")
}

func TestWhatIsWrongStandsBesideItsField(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	d.change(func() { d.moveErr = fault.NewInvalid(fault.Field{Location: "to", Code: "unknown"}) })
	r.post("/console/requests/"+requestID+"/move", url.Values{"move": {"refer"}, "to": {"nowhere"}, "reason": {"近"}, "version": {"7"}}).
		shows(t, http.StatusUnprocessableEntity, `value="nowhere"`, `-to-error"`, "This choice is not known", "open")
	d.change(func() { d.moveErr = fault.NewForbidden("close") })
	r.post("/console/requests/"+requestID+"/move", url.Values{"move": {"close"}, "version": {"7"}}).shows(t, http.StatusForbidden)
}

func TestNotesAreKeptUntilTheyAreStored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	form := url.Values{"note_id": {"01900000-0000-7000-8000-0000000000f1"}, "text": {"对方晚上八点后方便"}}
	d.change(func() { d.moveErr = fault.NewUnavailable(nil) })
	r.post("/console/requests/"+requestID+"/notes", form).
		shows(t, http.StatusServiceUnavailable, "对方晚上八点后方便</textarea>", `value="01900000-0000-7000-8000-0000000000f1"`)
	d.change(func() { d.moveErr = nil })
	if got := r.post("/console/requests/"+requestID+"/notes", form); got.status != http.StatusSeeOther {
		t.Errorf("the note gave %d", got.status)
	}
	want := contract.AddNote{ID: "01900000-0000-7000-8000-0000000000f1", SubjectID: requestID, Text: "对方晚上八点后方便"}
	if diff := cmp.Diff(want, last[contract.AddNote](d, contract.RequestNote.Subject)); diff != "" {
		t.Error(diff)
	}
}

func TestAContactIsShownOnceAndForAReason(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.post("/console/requests/"+requestID+"/contact", url.Values{}).shows(t, http.StatusUnprocessableEntity, "contact-reason-error")
	page := r.post("/console/requests/"+requestID+"/contact", url.Values{"reason": {"回访"}})
	page.shows(t, http.StatusOK, "+8610000001234", "Your reading was recorded")
	if page.header.Get("Cache-Control") != "no-store" {
		t.Error("the page with a contact may be kept")
	}
	if again := r.get("/console/requests/" + requestID); strings.Contains(again.body, "+8610000001234") {
		t.Error("the contact stays readable")
	}
	if d.contacts != 1 {
		t.Errorf("%d readings", d.contacts)
	}
}

func TestAProposalIsMadeOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	form := url.Values{
		"match_id": {"01900000-0000-7000-8000-0000000000c2"}, "match_code": {"KTYJ-4W94W"}, "need_line": {needLine},
		"offer_line": {offerLine}, "unit": {"piece"}, "quantity": {"1,200"},
	}
	if got := r.post("/console/requests/"+requestID+"/propose", form); got.status != http.StatusSeeOther {
		t.Fatalf("proposing gave %d:\n%s", got.status, got.body)
	}
	got := last[contract.Propose](d, contract.MatcherPropose.Subject)
	if got.ID != "01900000-0000-7000-8000-0000000000c2" || got.Quantity == nil || *got.Quantity != 1200 || got.Key == "" {
		t.Errorf("proposed %+v", got)
	}
	d.change(func() { d.moveErr = fault.NewConflict("capacity_gone", "") })
	r.post("/console/requests/"+requestID+"/propose", form).shows(t, http.StatusConflict, "has not enough left", `value="1,200"`)
	form.Set("quantity", "many")
	asked := d.times(contract.MatcherPropose.Subject)
	r.post("/console/requests/"+requestID+"/propose", form).shows(t, http.StatusUnprocessableEntity, `value="many"`, "quantity-error")
	if d.times(contract.MatcherPropose.Subject) != asked {
		t.Error("an amount that is none was proposed")
	}
}

func TestAMatchIsMovedWithAmountAndTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	path := "/console/matches/" + matchID + "/move"
	r.post(path, url.Values{"move": {"report"}, "quantity": {"150"}, "unit": {"piece"}, "version": {"2"}})
	if got := last[contract.Move](d, contract.MatcherMove.Subject); got.Quantity == nil || *got.Quantity != 150 {
		t.Errorf("reported %v", got.Quantity)
	}
	r.post(path, url.Values{"move": {"reschedule"}, "at": {"2026-12-01T09:30"}, "version": {"2"}})
	want := time.Date(2026, 12, 1, 1, 30, 0, 0, time.UTC) // the reader is in Asia/Shanghai
	if got := last[contract.Move](d, contract.MatcherMove.Subject); got.At == nil || !got.At.Equal(want) {
		t.Errorf("moved to %v, want %v", got.At, want)
	}
	d.change(func() { d.moveErr = fault.NewConflict("illegal_move", "") })
	r.post(path, url.Values{"move": {"decline"}, "reason": {"no_time"}, "version": {"2"}}).
		shows(t, http.StatusConflict, "This step is not possible", `<option value="no_time" selected`)
}

func TestOffersAreMovedAndCredentialsVerified(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.post("/console/offers/"+offerID+"/move", url.Values{"move": {"pause"}, "version": {"3"}})
	if got := last[contract.Move](d, contract.OfferMove.Subject); got.Move != "pause" || *got.Version != 3 {
		t.Errorf("moved %+v", got)
	}
	r.post("/console/offers/"+offerID+"/credentials/1", url.Values{"version": {"3"}})
	want := contract.VerifyCredential{ID: offerID, N: 1, Version: new(int64(3))}
	if diff := cmp.Diff(want, last[contract.VerifyCredential](d, contract.OfferVerifyCredential.Subject)); diff != "" {
		t.Error(diff)
	}
	r.post("/console/offers/"+offerID+"/credentials/x", url.Values{}).shows(t, http.StatusNotFound)
}

func TestAWebhooksSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAdministrator)
	form := url.Values{"id": {hookID}, "url": {"https://hooks.example/heli"}, "events": {"match.*, request.open"}, "description": {"月报"}}
	r.post("/console/webhooks", form).shows(t, http.StatusOK, "whsec_dGVzdA==", "it is not shown again")
	if got := last[contract.WebhookDraft](d, contract.NotifyRegister.Subject).Events; !cmp.Equal(got, []string{"match.*", "request.open"}) {
		t.Errorf("registered for %v", got)
	}
	if page := r.get("/console/webhooks"); strings.Contains(page.body, "whsec_") {
		t.Error("the secret is shown again")
	}
	form.Set("url", "http://127.0.0.1/")
	r.post("/console/webhooks", form).shows(t, http.StatusUnprocessableEntity, "Heli does not send to this address", `value="月报"`)
	r.post("/console/webhooks/"+hookID+"/rotate", url.Values{}).shows(t, http.StatusOK, "whsec_dGVzdA==")
	for _, act := range []string{"test", "replay", "remove"} {
		if got := r.post("/console/webhooks/"+hookID+"/"+act, url.Values{}); got.status != http.StatusSeeOther {
			t.Errorf("%s gave %d", act, got.status)
		}
	}
}
