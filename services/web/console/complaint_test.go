package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const complaintID = "01900000-0000-7000-8000-0000000000c9"

func someComplaint() contract.Complaint {
	return contract.Complaint{
		ID: complaintID, MatchID: matchID, MatchCode: "WJHR-C3QHX", RequestID: requestID, OfferID: offerID, Kind: contract.ComplaintSafeguarding,
		By: contract.RoleRequester, About: contract.SideHelper, Keeper: contract.ThingOffer, State: "open", Version: 1, Apart: true, Pausing: true,
		Responsible: "负责人甲", CreatedAt: began, UpdatedAt: began, Moves: []string{"take", "close"},
	}
}

func (d *desk) answerComplaints() {
	stub(d, contract.MatcherComplaints, func(context.Context, contract.ListComplaints) (contract.Listing[contract.Complaint], error) {
		return contract.Listing[contract.Complaint]{Items: []contract.Complaint{d.report}}, d.listErr
	})
	stub(d, contract.MatcherComplaint, func(_ context.Context, q contract.ComplaintByID) (contract.Complaint, error) {
		if q.ID != complaintID {
			return contract.Complaint{}, fault.NewNotFound("complaint")
		}
		return d.report, nil
	})
	stub(d, contract.MatcherCountComplaints, func(context.Context, contract.Empty) (contract.Counts, error) {
		return contract.Counts{ByState: map[string]int64{"open": 4, "in_hand": 1}}, nil
	})
	stub(d, contract.MatcherDecide, func(context.Context, contract.DecideComplaint) (contract.Complaint, error) {
		return d.report, d.moveErr
	})
	stub(d, contract.MatcherComplain, func(context.Context, contract.FileComplaint) (contract.Complaint, error) { return d.report, d.moveErr })
	stub(d, contract.OfferKeepComplaint, func(context.Context, contract.KeepComplaint) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(d, contract.OfferReadComplaint, func(context.Context, contract.ReadComplaint) (contract.ComplaintText, error) {
		return contract.ComplaintText{Text: "他打了我"}, d.moveErr
	})
	stub(d, contract.DirectoryNameSafeguard, func(context.Context, contract.NameSafeguard) (contract.Organisation, error) {
		return contract.Organisation{}, d.moveErr
	})
}

// TestAComplaintIsReadAndDecided goes through the queue: the words are in no page
// before they are asked for, and a decision names what was looked at.
func TestAComplaintIsReadAndDecided(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console").shows(t, http.StatusOK, "/console/complaints", `badge-plain">4<`)
	r.get("/console/complaints?queue=open").shows(t, http.StatusOK, "Somebody was hurt", "helper paused", "负责人甲", "WJHR-C3QHX")
	if q := last[contract.ListComplaints](d, contract.MatcherComplaints.Subject); q.State != "open" {
		t.Errorf("the queue asked for %+v", q)
	}
	page := "/console/complaints/" + complaintID
	shown := r.get(page)
	shown.shows(t, http.StatusOK, "their offers are being paused", "may help again")
	if strings.Contains(shown.body, "他打了我") || d.times(contract.OfferReadComplaint.Subject) != 0 {
		t.Error("the words are shown, or were read, without being asked for")
	}
	r.post(page+"/text", nil).shows(t, http.StatusOK, "他打了我", "Your reading was recorded")
	d.change(func() { d.moveErr = fault.NewUnavailable(nil) })
	r.post(page+"/text", nil).shows(t, http.StatusServiceUnavailable, "Take it in hand")
	d.change(func() { d.moveErr = fault.NewInvalid(fault.Field{Location: "outcome", Code: "required"}) })
	r.post(page+"/decide", url.Values{"move": {"close"}, "version": {"1"}}).shows(t, http.StatusUnprocessableEntity, "f-outcome-error")
	d.change(func() { d.moveErr = nil })
	form := url.Values{"move": {"close"}, "version": {"1"}, "outcome": {"unfounded"}, "reinstate": {"yes"}, "together": {"on"}}
	if got := r.post(page+"/decide", form); got.header.Get("Location") != page+"?done=1" {
		t.Errorf("a decision gave %d", got.status)
	}
	want := contract.DecideComplaint{ID: complaintID, Move: "close", Outcome: "unfounded", Reinstate: true, Together: true, Version: new(int64(1))}
	if diff := cmp.Diff(want, last[contract.DecideComplaint](d, contract.MatcherDecide.Subject)); diff != "" {
		t.Error(diff)
	}
}

// TestStaffReportASide keeps what was typed on the page of the match.
func TestStaffReportASide(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAgencyLead)
	r.get("/console/matches/"+matchID).shows(t, http.StatusOK, "Report one side", "/console/matches/"+matchID+"/complain")
	form := url.Values{"id": {complaintID}, "about": {"helper"}, "kind": {"rude"}, "apart": {"no"}, "text": {""}}
	r.post("/console/matches/"+matchID+"/complain", form).shows(t, http.StatusUnprocessableEntity, "f-text-error", `value="`+complaintID+`"`)
	form.Set("text", " 语气很差 ")
	if got := r.post("/console/matches/"+matchID+"/complain", form); got.status != http.StatusSeeOther {
		t.Errorf("a report gave %d", got.status)
	}
	filed := contract.FileComplaint{ID: complaintID, MatchID: matchID, Kind: contract.ComplaintRude, About: contract.SideHelper, Apart: new(false)}
	kept := contract.KeepComplaint{ID: complaintID, SubjectID: offerID, Text: "语气很差"}
	if diff := cmp.Diff(filed, last[contract.FileComplaint](d, contract.MatcherComplain.Subject)) +
		cmp.Diff(kept, last[contract.KeepComplaint](d, contract.OfferKeepComplaint.Subject)); diff != "" {
		t.Error(diff)
	}
}

func TestAdministratorsNameWhomComplaintsLandWith(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAdministrator)
	r.get("/console/complaints").shows(t, http.StatusOK, "Whom complaints land with", `action="/console/safeguard"`)
	form := url.Values{"organisation": {" xian "}, "person_id": {personID}}
	if got := r.post("/console/safeguard", form); got.status != http.StatusSeeOther {
		t.Errorf("naming gave %d", got.status)
	}
	want := contract.NameSafeguard{Organisation: "xian", PersonID: personID}
	if got := last[contract.NameSafeguard](d, contract.DirectoryNameSafeguard.Subject); got != want {
		t.Errorf("named %+v", got)
	}
	d.change(func() { d.moveErr = fault.NewNotFound("organisation") })
	r.post("/console/safeguard", form).shows(t, http.StatusUnprocessableEntity, "f-organisation-error")
	if lead := d.signIn(contract.RoleCoordinator).get("/console/complaints"); strings.Contains(lead.body, "/console/safeguard") {
		t.Error("a coordinator is shown the form")
	}
}
