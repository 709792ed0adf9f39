package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
)

func TestARobotIsRegisteredAndItsTimesAreChanged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAdministrator)
	r.get("/console/webhooks").shows(t, http.StatusOK, "WeCom group robot", "Feishu or Lark group robot", `name="quiet_hours.from"`)
	form := url.Values{
		"id": {robotID}, "kind": {"dingtalk"}, "url": {"https://oapi.dingtalk.com/robot/send?access_token=abc"}, "events": {"request.*"}, "secret": {" SEC1 "},
		"language": {"zh-Hant"}, "digest": {"daily"}, "quiet_hours.from": {"23:00"}, "quiet_hours.to": {"06:30"}, "time_zone": {"Asia/Taipei"},
	}
	r.post("/console/webhooks", form)
	times := contract.NoticeTimes{
		Language: "zh-Hant", Digest: contract.DigestDaily, Quiet: &contract.QuietHours{From: "23:00", To: "06:30"}, TimeZone: "Asia/Taipei",
	}
	got := last[contract.WebhookDraft](d, contract.NotifyRegister.Subject)
	if got.Kind != contract.KindDingTalk || got.Secret != "SEC1" || !cmp.Equal(got.NoticeTimes, times) {
		t.Errorf("registered %+v", got)
	}
	form.Set("kind", "webhook") // what only a robot has is left out
	r.post("/console/webhooks", form)
	if got := last[contract.WebhookDraft](d, contract.NotifyRegister.Subject); !cmp.Equal(got.NoticeTimes, contract.NoticeTimes{}) {
		t.Errorf("a webhook has times: %+v", got)
	}
	page := r.get("/console/webhooks/" + robotID)
	page.shows(t, http.StatusOK, "qyapi.weixin.qq.com/…5aaa", `value="22:00"`, "Told in a summary")
	if strings.Contains(page.body, robotID+"/rotate") {
		t.Error("the key of a robot can be renewed here")
	}
	if got := r.post("/console/webhooks/"+robotID+"/schedule", form); got.status != http.StatusSeeOther {
		t.Errorf("the times gave %d", got.status)
	}
	if got := last[contract.ScheduleNotices](d, contract.NotifySchedule.Subject); got.ID != robotID || !cmp.Equal(got.NoticeTimes, times) {
		t.Errorf("scheduled %+v", got)
	}
	form.Set("time_zone", "Mars")
	r.post("/console/webhooks/"+robotID+"/schedule", form).shows(t, http.StatusUnprocessableEntity, "This time zone is not known", `value="23:00"`, `value="Mars"`)
}

func TestDeliveriesAreSearchedAndCountedBeforeTheyAreSentAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAdministrator)
	path := "/console/webhooks/" + hookID
	r.get(path+"?state=dead&type=match.*+request.open&since=2026-11-24T08:00&until=2026-11-24T20:30&cursor=abc").shows(t, http.StatusOK, `value="2026-11-24T08:00"`, "What is sent", "specversion", "out of order")
	zone, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	since, until := time.Date(2026, 11, 24, 8, 0, 0, 0, zone), time.Date(2026, 11, 24, 20, 30, 0, 0, zone)
	span := contract.DeliverySpan{Types: []string{"match.*", "request.open"}, Since: &since, Until: &until}
	want := contract.ListDeliveries{Page: contract.Page{Cursor: "abc"}, EndpointID: hookID, States: []string{"dead"}, DeliverySpan: span}
	if diff := cmp.Diff(want, last[contract.ListDeliveries](d, contract.NotifyDeliveries.Subject)); diff != "" {
		t.Errorf("the log was asked (-want +got):\n%s", diff)
	}
	r.get(path+"?since=yesterday").shows(t, http.StatusUnprocessableEntity, "console-nav")
	form := url.Values{"type": {"match.* request.open"}, "since": {"2026-11-24T08:00"}, "until": {"2026-11-24T20:30"}, "which": {"all"}, "preview": {"1"}}
	r.post(path+"/replay", form).shows(t, http.StatusOK, "37 deliveries would be sent again.", "Send 37 again", `name="since" value="2026-11-24T08:00"`)
	again := contract.ReplayDeliveries{EndpointID: hookID, States: []string{"dead", "delivered"}, DeliverySpan: span, Preview: true}
	if diff := cmp.Diff(again, last[contract.ReplayDeliveries](d, contract.NotifyReplay.Subject)); diff != "" {
		t.Errorf("the preview asked (-want +got):\n%s", diff)
	}
	form.Del("preview")
	if got := r.post(path+"/replay", form); got.status != http.StatusSeeOther {
		t.Errorf("the replay gave %d", got.status)
	}
	again.Preview = false
	if diff := cmp.Diff(again, last[contract.ReplayDeliveries](d, contract.NotifyReplay.Subject)); diff != "" {
		t.Errorf("the replay asked (-want +got):\n%s", diff)
	}
	form.Set("preview", "1")
	form.Set("type", "nothing")
	r.post(path+"/replay", form).shows(t, http.StatusOK, "there is nothing to send again")
	form.Set("since", "yesterday")
	r.post(path+"/replay", form).shows(t, http.StatusUnprocessableEntity, "console-nav")
}

func TestAnEndpointIsChanged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAdministrator)
	r.get("/console/webhooks/"+hookID).shows(t, http.StatusOK, hookID+"/edit", `name="events"`)
	form := url.Values{"version": {"4"}, "url": {" https://hook.example.org/2 "}, "events": {"match.*, request.open"}, "description": {"ours"}}
	if got := r.post("/console/webhooks/"+hookID+"/edit", form); got.status != http.StatusSeeOther {
		t.Errorf("the change gave %d", got.status)
	}
	want := contract.EditWebhook{
		ID: hookID, Version: 4, URL: new("https://hook.example.org/2"), Events: []string{"match.*", "request.open"}, Description: new("ours"),
	}
	if diff := cmp.Diff(want, last[contract.EditWebhook](d, contract.NotifyEdit.Subject)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	form.Set("url", "http://127.0.0.1/")
	r.post("/console/webhooks/"+hookID+"/edit", form).shows(t, http.StatusUnprocessableEntity, `value="http://127.0.0.1/"`, `<details open id="edit">`, `value="match.*, request.open"`)
	form.Set("url", "") // the key of a robot stays
	r.post("/console/webhooks/"+robotID+"/edit", form)
	if got := last[contract.EditWebhook](d, contract.NotifyEdit.Subject); got.URL != nil {
		t.Errorf("an address that nobody typed replaces the key: %+v", got)
	}
	if page := r.get("/console/webhooks/" + robotID); strings.Contains(page.body, `value="qyapi`) {
		t.Error("what is shown of a key is offered as the new one")
	}
}

func TestADisabledEndpointIsSaidAboveTheList(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAdministrator)
	d.disabled.Store(true)
	r.get("/console/webhooks").shows(t, http.StatusOK, "1 endpoint is disabled: nothing is sent to it")
}
