package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/services/web/inbound"
)

var madeSecret = regexp.MustCompile(`hin_[a-z2-7]+`)

func TestAFormElsewhereIsConnectedByThePages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/forms").shows(t, http.StatusOK, "No form posts here yet")
	r.post("/console/forms", url.Values{"kind": {"needs"}, "name": {" "}}).shows(t, http.StatusUnprocessableEntity, "Please fill this in.")
	made := r.post("/console/forms", url.Values{"kind": {"needs"}, "name": {"街道办·金数据"}})
	made.shows(t, http.StatusOK, "街道办·金数据", "Copy it now", "Nothing was posted yet")
	secret := madeSecret.FindString(made.body)
	listed := r.get("/console/forms")
	listed.shows(t, http.StatusOK, "街道办·金数据")
	id := regexp.MustCompile(`/console/forms/([0-9a-f-]{36})`).FindStringSubmatch(listed.body)[1]
	path := "/console/forms/" + id
	if page := r.get(path); strings.Contains(page.body, secret) {
		t.Error("the secret is shown again")
	}
	// The stub of the request service takes nothing without a title, so that all is kept.
	receipt, err := d.site.Forms.Receive(t.Context(), id, inbound.Post{
		Header: http.Header{"X-Heli-Secret": {secret}}, Query: url.Values{}, Body: []byte(`{"entry":{"姓名":"甲","手机":"13800001234","备注":"小米粥"}}`),
	})
	must(t, err)
	if receipt.State != inbound.Look {
		t.Fatalf("receipt %+v", receipt)
	}
	page := r.get(path)
	page.shows(t, http.StatusOK, `<option value="entry.手机" selected>`, "Category: Please fill this in.", "Read and correct")
	if strings.Contains(page.body, "13800001234") || strings.Contains(page.body, "小米粥") {
		t.Error("the page shows what a post holds before anybody asked")
	}
	r.post(path, url.Values{"act": {"save"}, "version": {"1"}, "name": {"x"}, "proof": {"secret"}, "per_minute": {"many"}}).shows(t, http.StatusUnprocessableEntity, "It must be between 1")
	saved := r.post(path, url.Values{
		"act": {"save"}, "version": {"1"}, "name": {"金数据"}, "proof": {"secret"}, "per_minute": {"60"},
		"column.contact_name": {"entry.姓名"}, "column.contact_phone": {"entry.手机"}, "column.remark": {"entry.备注"},
	})
	if saved.status != http.StatusSeeOther {
		t.Fatalf("saving gave %d:\n%s", saved.status, saved.body)
	}
	waiting, err := d.site.Forms.Posts(contract.WithActor(t.Context(), contract.System()), id, inbound.Look)
	must(t, err)
	post := url.Values{"post": {waiting[0].ID}, "act": {"read"}}
	r.post(path+"/post", post).shows(t, http.StatusOK, "That you read it has been recorded.", "13800001234", `value="小米粥"`)
	if entry := last[contract.AuditEntry](d, contract.DirectoryAudit.Subject); entry.Action != contract.ActReadPost || entry.SubjectID != waiting[0].ID {
		t.Errorf("recorded %+v", entry)
	}
	post.Set("act", "take")
	post.Set("field.remark", "两碗")
	r.post(path+"/post", post).shows(t, http.StatusUnprocessableEntity, `value="两碗"`, "Please fill this in.")
	post.Set("act", "drop")
	if got := r.post(path+"/post", post); got.status != http.StatusSeeOther {
		t.Errorf("dropping gave %d", got.status)
	}
	r.get(path).shows(t, http.StatusOK, "Deleted")
	d.switchesOff(r, path, secret)
}

// switchesOff gives a form another secret and disables it.
func (d *desk) switchesOff(r *reader, path, secret string) {
	t := d.tb
	again := r.post(path, url.Values{"act": {"rotate"}})
	if fresh := madeSecret.FindString(again.body); fresh == "" || fresh == secret {
		t.Errorf("the new secret is %q", fresh)
	}
	r.post(path, url.Values{"act": {"disable"}})
	r.get(path).shows(t, http.StatusOK, "Switched off")
	if got := d.signIn(contract.RoleAgencyLead).get(path); got.status != http.StatusForbidden {
		t.Errorf("an agency lead is shown the form: %d", got.status)
	}
}
