package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

const xianID = "01900000-0000-7000-8000-0000000000f1"

func somePolicy(version int64) contract.Policy {
	return contract.Policy{Version: version, CreatedAt: began, Document: []byte(`{"mode":"assisted","weights":{"closeness":3,"text":4},
		"hold_s":{"critical":900,"urgent":7200,"soon":43200,"routine":86400,"planned":172800},
		"wait_s":{"critical":3600,"urgent":86400,"soon":259200,"routine":604800,"planned":2592000},"weekly_budget":10}`)}
}

// answerAdministration answers as the services do for the administrator's pages.
func (d *desk) answerAdministration() {
	stub(d, contract.DirectoryRevise, func(_ context.Context, q contract.ReviseOrganisation) (contract.Organisation, error) {
		return contract.Organisation{Code: q.Code}, d.moveErr
	})
	stub(d, contract.DirectoryEnd, func(_ context.Context, q contract.EndOrganisation) (contract.Organisation, error) {
		return contract.Organisation{Code: q.Code}, d.moveErr
	})
	stub(d, contract.DirectoryRegister, func(_ context.Context, q contract.OrganisationDraft) (contract.RegisteredOrganisation, error) {
		return contract.RegisteredOrganisation{Outcome: "created"}, d.moveErr
	})
	stub(d, contract.DirectoryPutCategory, func(_ context.Context, q contract.PutCategory) (contract.Category, error) {
		return q.Category, d.moveErr
	})
	stub(d, contract.DirectoryAudit, func(context.Context, contract.AuditEntry) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(d, contract.DirectoryAuditTrail, func(ctx context.Context, q contract.ListAudit) (contract.Listing[contract.AuditRecord], error) {
		return contract.Listing[contract.AuditRecord]{Items: []contract.AuditRecord{{
			Organisation: "xian", Seq: 7, At: began, Action: "request.contact.read", SubjectID: requestID, Role: contract.RoleCoordinator,
			ActorID: hookID, ActorName: "=测试员", Reason: "回访",
		}}}, access.Require(contract.ActorFrom(ctx), access.ReadAudit)
	})
	stub(d, contract.DirectoryVerifyAudit, func(context.Context, contract.Empty) (contract.AuditVerdict, error) {
		return contract.AuditVerdict{Chains: 2, Rows: 9, Breaks: []contract.AuditBreak{{Organisation: "xian", Seq: 3, Reason: "its content was changed"}}}, nil
	})
	stub(d, contract.MatcherPolicies, func(context.Context, contract.Empty) (contract.Listing[contract.Policy], error) {
		return contract.Listing[contract.Policy]{Items: []contract.Policy{somePolicy(2)}}, nil
	})
	stub(d, contract.MatcherPolicyVersions, func(_ context.Context, q contract.ListPolicyVersions) (contract.Listing[contract.Policy], error) {
		if q.Version > 2 {
			return contract.Listing[contract.Policy]{}, nil
		}
		if q.Version > 0 {
			return contract.Listing[contract.Policy]{Items: []contract.Policy{somePolicy(q.Version)}}, nil
		}
		return contract.Listing[contract.Policy]{Items: []contract.Policy{somePolicy(2), somePolicy(1)}}, nil
	})
	stub(d, contract.MatcherSetPolicy, func(context.Context, contract.SetPolicy) (contract.Policy, error) { return somePolicy(3), d.moveErr })
	stub(d, contract.MatcherReplay, func(_ context.Context, q contract.ReplayPast) (contract.ReplayedPast, error) {
		return contract.ReplayedPast{
			Since: *q.Since, Until: *q.Until, Record: contract.ReplayRecord{Needs: 40, Offers: 30},
			Policies: []contract.ReplayResult{{Served: 31, UnitsMatched: 300, Share: 0.75}, {Served: 28, UnitsMatched: 290, Share: 0.7}},
		}, d.moveErr
	})
	for _, service := range contract.LetterKeepers() {
		d.answerLetters(service)
	}
}

func (d *desk) answerLetters(service string) {
	calls := contract.DeadLettersOf(service)
	stub(d, calls.List, func(ctx context.Context, _ contract.ListDeadLetters) (contract.DeadLetters, error) {
		letters := contract.DeadLetters{}
		if service == "offer" {
			letters = contract.DeadLetters{Count: 1, Items: []contract.DeadLetter{{
				ID: 41, Consumer: "offer_match", Subject: "evt.match.proposed.xian", Reason: "invalid: data malformed", Tries: 5, CreatedAt: began,
			}}}
		}
		return letters, access.Require(contract.ActorFrom(ctx), access.ReplayDeadLetters)
	})
	stub(d, calls.Replay, func(_ context.Context, q contract.ReplayDeadLetters) (contract.ReplayedLetters, error) {
		return contract.ReplayedLetters{Items: []contract.ReplayedLetter{{ID: q.IDs[0]}}}, d.moveErr
	})
	stub(d, calls.Drop, func(_ context.Context, q contract.DropDeadLetters) (contract.Empty, error) {
		if q.Reason == "" {
			return contract.Empty{}, fault.NewInvalid(fault.Field{Location: "reason", Code: "required"})
		}
		return contract.Empty{}, nil
	})
}

func TestAnOrganisationIsShownRevisedAndEnded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerAdministration()
	r := d.signIn(contract.RoleAdministrator)
	r.get("/console/organisations/shaanxi").shows(t, http.StatusOK, "陕西省社会组织服务中心")
	form := url.Values{"version": {"4"}, "name": {"示例·西安"}, "kind": {"charity"}, "level": {"city"}, "region_code": {"610100"}, "specialties": {"legal"}}
	if got := r.post("/console/organisations/xian", form); got.status != http.StatusSeeOther {
		t.Fatalf("a revision gave %d", got.status)
	}
	want := contract.ReviseOrganisation{
		Code: "xian", Version: 4, Name: "示例·西安", Kind: "charity", Level: "city", RegionCode: "610100", Specialties: []string{"legal"},
	}
	if diff := cmp.Diff(want, last[contract.ReviseOrganisation](d, contract.DirectoryRevise.Subject)); diff != "" {
		t.Errorf("revised (-want +got):\n%s", diff)
	}
	d.change(func() { d.moveErr = fault.NewConflict("open_work", "") })
	r.post("/console/organisations/xian/end", url.Values{"version": {"4"}, "reason": {"合并"}}).shows(t, http.StatusConflict, "is still open")
	if page := d.signIn(contract.RoleCoordinator).get("/console/organisations/shaanxi"); strings.Contains(page.body, "<textarea") || strings.Contains(page.body, `name="version"`) {
		t.Error("a coordinator gets the form")
	}
	if page := d.signIn(contract.RoleCoordinator).post("/console/organisations/xian", form); page.status != http.StatusForbidden {
		t.Errorf("a coordinator revises: %d", page.status)
	}
}

// TestACodeInUseIsNotTakenOver keeps the form for a new organisation from changing
// one that it has not shown.
func TestACodeInUseIsNotTakenOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerAdministration()
	r := d.signIn(contract.RoleAdministrator)
	r.post("/console/registry/new", url.Values{"id": {xianID}, "code": {"xian"}, "name": {"示例"}}).shows(t, http.StatusConflict, "示例")
	if n := d.times(contract.DirectoryRegister.Subject); n != 0 {
		t.Errorf("it was registered %d times", n)
	}
}

func TestAPolicyIsTriedThenPublishedAnew(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerAdministration()
	r := d.signIn(contract.RoleAdministrator)
	r.get("/console/policies").shows(t, http.StatusOK, "In force", "version=1")
	r.get("/console/policies/edit?version=1").shows(t, http.StatusOK, `name="weights.closeness"`, `value="120"`, "Closeness")
	r.get("/console/policies/edit?version=9").shows(t, http.StatusNotFound)
	form := url.Values{
		"from": {"1"}, "key": {"k"}, "mode": {"assisted"}, "weights.closeness": {"5.5"}, "weights.text": {"4"}, "weekly_budget": {"8"}, "reason": {"示例"}, "days": {"7"},
	}
	for _, urgency := range contract.Urgencies() {
		form.Set("hold_s."+string(urgency), "60")
		form.Set("wait_s."+string(urgency), "600")
	}
	r.post("/console/policies/try", form).shows(t, http.StatusOK, "<strong>31</strong>", "75%")
	asked := last[contract.ReplayPast](d, contract.MatcherReplay.Subject)
	if document := string(asked.Policies[0].Document); !strings.Contains(document, `"closeness":5.5`) || !strings.Contains(document, `"critical":3600`) || !asked.Policies[1].InForce {
		t.Errorf("tried %s", document)
	}
	if got := r.post("/console/policies", form); got.status != http.StatusSeeOther {
		t.Errorf("publishing gave %d: %s", got.status, got.body)
	}
	form.Set("weights.text", "many")
	r.post("/console/policies", form).shows(t, http.StatusUnprocessableEntity, `value="many"`, `value="5.5"`)
	if n := d.times(contract.MatcherSetPolicy.Subject); n != 1 {
		t.Errorf("published %d times", n)
	}
}

func TestDeadLettersAreReplayedAndDropped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerAdministration()
	r := d.signIn(contract.RoleAdministrator)
	r.get("/console/letters").shows(t, http.StatusOK, "evt.match.proposed.xian", "invalid: data malformed", "Nothing was put aside")
	r.post("/console/letters/replay", url.Values{"service": {"offer"}, "id": {"41"}}).shows(t, http.StatusOK, "Handled")
	r.post("/console/letters/drop", url.Values{"service": {"offer"}, "id": {"41"}}).shows(t, http.StatusUnprocessableEntity)
	if got := r.post("/console/letters/drop", url.Values{"service": {"offer"}, "id": {"41"}, "reason": {"示例"}}); got.status != http.StatusSeeOther {
		t.Errorf("dropping gave %d", got.status)
	}
	if got := d.signIn(contract.RoleCoordinator).get("/console/letters"); got.status != http.StatusForbidden {
		t.Errorf("a coordinator reads dead letters: %d", got.status)
	}
}

func TestTheAuditChainIsReadVerifiedAndExported(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerAdministration()
	r := d.signIn(contract.RoleAuditor)
	r.get("/console/audit?verify=1&actor=x&from=2026-01-02").shows(t, http.StatusOK, ">request.contact.read</a>", "Contact of a request read", `<optgroup label="Organisation">`, "xian, row 3", "=测试员")
	asked := last[contract.ListAudit](d, contract.DirectoryAuditTrail.Subject)
	if asked.Actor != "x" || asked.From == nil || asked.From.UTC().Format("2006-01-02 15") != "2026-01-01 16" {
		t.Errorf("asked %+v", asked)
	}
	r.get("/console/audit?action=request.publish").shows(t, http.StatusOK, `value="request.publish" selected`)
	r.get("/console/audit?action=request.").shows(t, http.StatusOK, `value="request." selected`)
	if asked = last[contract.ListAudit](d, contract.DirectoryAuditTrail.Subject); asked.Action != "request." {
		t.Errorf("asked %+v", asked)
	}
	r.get("/console/audit?from=tomorrow").shows(t, http.StatusUnprocessableEntity)
	export := r.post("/console/audit/export", url.Values{})
	export.shows(t, http.StatusOK, "xian,7,request.contact.read", "'=测试员")
	if entry := last[contract.AuditEntry](d, contract.DirectoryAudit.Subject); entry.Action != contract.ActExportAudit || entry.Path != testkit.Shaanxi.Path {
		t.Errorf("recorded %+v", entry)
	}
	if got := d.signIn(contract.RoleCoordinator).post("/console/audit/export", url.Values{}); got.status != http.StatusForbidden {
		t.Errorf("a coordinator exports: %d", got.status)
	}
}

func TestACategoryIsEditedByTheTopAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerAdministration()
	r := d.signIn(contract.RoleAdministrator)
	if page := r.get("/console/categories?code=ppe"); page.status != http.StatusOK || strings.Contains(page.body, `name="names.en"`) {
		t.Errorf("a province gets the form: %d", page.status)
	}
	form := url.Values{
		"code": {"ppe"}, "names.en": {"Masks"}, "names.zh-Hans": {"口罩"}, "names.zh-Hant": {"口罩"}, "units": {"piece", "box"}, "modes": {"delivery"},
		"matching": {"manual"}, "order": {"4"}, "retired": {"on"},
	}
	r.post("/console/categories", form)
	want := contract.Category{
		Code: "ppe", Names: map[string]string{"en": "Masks", "zh-Hans": "口罩", "zh-Hant": "口罩"}, Units: []contract.Unit{"piece", "box"},
		Modes: []contract.Mode{"delivery"}, Matching: "manual", Order: 4, Retired: true,
	}
	if diff := cmp.Diff(want, last[contract.PutCategory](d, contract.DirectoryPutCategory.Subject).Category); diff != "" {
		t.Errorf("put (-want +got):\n%s", diff)
	}
}
