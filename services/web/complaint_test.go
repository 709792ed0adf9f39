package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

// report is what the stubs keep of a complaint.
type report struct {
	by    contract.Actor
	filed contract.FileComplaint
	kept  contract.KeepComplaint
}

func (s *services) complain(ctx context.Context, q contract.FileComplaint) (contract.Complaint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.Kind == "" {
		return contract.Complaint{}, fault.NewInvalid(fault.Field{Location: "kind", Code: "required"})
	}
	s.reports[q.ID] = report{by: contract.ActorFrom(ctx), filed: q}
	c := contract.Complaint{ID: q.ID, Keeper: contract.ThingRequest, RequestID: s.matches[string(q.MatchID)].RequestID}
	if contract.ActorFrom(ctx).Role == contract.RoleAnswerer {
		c.Keeper, c.OfferID = contract.ThingOffer, s.matches[string(q.MatchID)].OfferID
	}
	return c, nil
}

func (s *services) keepComplaint(_ context.Context, q contract.KeepComplaint) (contract.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wordless {
		return contract.Empty{}, fault.NewUnavailable(nil)
	}
	r := s.reports[q.ID]
	r.kept = q
	s.reports[q.ID] = r
	return contract.Empty{}, nil
}

// TestEitherSideReports fills the forms of both pages as a browser without script
// does: what is wrong stands beside its field, what was typed stays, and nothing
// happens twice.
func TestEitherSideReports(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/request", requestForm(key(14)))
	m := b.addMatch(r.tracked(), "", "accepted")
	r.get("/track").shows(http.StatusOK, "/track?complain="+string(m.ID))
	r.get("/track?complain="+string(m.ID)).shows(http.StatusOK, "反映帮助者的问题", "110", "120", `name="kind"`)
	form := url.Values{"id": {r.field("id")}, "match": {r.field("match")}, "text": {""}, "kind": {"safeguarding"}, "apart": {""}}
	r.post("/track/complain", form).shows(http.StatusUnprocessableEntity, "f-text-error", "data-error-summary")
	form.Set("text", " 他打了我 ")
	b.set(func() { b.wordless = true })
	r.post("/track/complain", form).shows(http.StatusServiceUnavailable, "他打了我", `value="`+form.Get("id")+`"`)
	b.set(func() { b.wordless = false })
	r.post("/track/complain", form).shows(http.StatusOK, "谢谢您告诉我们", "110", "120")
	got, ok := b.reports[contract.ComplaintID(form.Get("id"))]
	if !ok || len(b.reports) != 1 || got.filed.Apart != nil || got.filed.Kind != contract.ComplaintSafeguarding || got.by.Role != contract.RoleRequester ||
		got.kept.Text != "他打了我" || got.kept.SubjectID != r.tracked() {
		t.Errorf("reported %+v", b.reports)
	}

	h := b.reader()
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}})
	h.get("/answer?complain=1").shows(http.StatusOK, "反映求助者的问题", "110")
	form = url.Values{"id": {h.field("id")}, "text": {"要钱"}, "apart": {"yes"}}
	h.post("/answer/complain", form).shows(http.StatusUnprocessableEntity, "f-kind-error", "要钱")
	form.Set("kind", "asked_money")
	h.post("/answer/complain", form).shows(http.StatusOK, "谢谢您告诉我们")
	got = b.reports[contract.ComplaintID(form.Get("id"))]
	if got.by.Role != contract.RoleAnswerer || got.filed.Apart == nil || !*got.filed.Apart || got.kept.SubjectID != string(m.OfferID) {
		t.Errorf("reported %+v", got)
	}
	b.reader().post("/answer/complain", form).shows(http.StatusOK, `name="pin"`)
	b.reader().post("/track/complain", form).shows(http.StatusOK, `name="pin"`)
	b.set(func() { m.State = "proposed" })
	r.get("/track?complain=" + string(m.ID))
	if strings.Contains(r.page, `name="kind"`) {
		t.Error("who has not answered yet may be reported")
	}
}

// set changes what the stubs answer.
func (s *services) set(how func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how()
}
