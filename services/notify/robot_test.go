package notify

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestWhatRobotsAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   contract.EndpointKind
		status int
		answer string
		want   string
	}{
		{contract.KindWeCom, 200, `{"errcode":0,"errmsg":"ok"}`, ""},
		{contract.KindWeCom, 200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, reasonSlowDown},
		{contract.KindWeCom, 200, `{"errcode":93000,"errmsg":"invalid webhook url"}`, reasonRobotGone},
		{contract.KindWeCom, 200, `{"errcode":40058,"errmsg":"text.content is empty"}`, reasonRobotRefused},
		{contract.KindWeCom, 200, `{"errmsg":"ok"}`, reasonAnswer},
		{contract.KindWeCom, 200, `<html>ok</html>`, reasonAnswer},
		{contract.KindWeCom, 200, ``, reasonAnswer},
		{contract.KindWeCom, 502, `bad gateway`, reasonSlowDown},
		{contract.KindDingTalk, 200, `{"errcode":0,"errmsg":"ok"}`, ""},
		{contract.KindDingTalk, 200, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`, reasonSlowDown},
		{contract.KindDingTalk, 200, `{"errcode":410100,"errmsg":"发送速度太快而限流"}`, reasonSlowDown},
		{contract.KindDingTalk, 200, `{"errcode":310000,"errmsg":"sign not match"}`, reasonRobotGuarded},
		{contract.KindDingTalk, 200, `{"errcode":300005,"errmsg":"token is not exist"}`, reasonRobotGone},
		{contract.KindDingTalk, 200, `{"errcode":43004,"errmsg":"无效的HTTP HEADER Content-Type"}`, reasonRobotRefused},
		{contract.KindFeishu, 200, `{"StatusCode":0,"StatusMessage":"success"}`, ""},
		{contract.KindFeishu, 200, `{"code":0,"data":{},"msg":"success","StatusCode":0}`, ""},
		{contract.KindFeishu, 200, `{"code":11232,"msg":"frequency limited psm"}`, reasonSlowDown},
		{contract.KindFeishu, 400, `{"code":9499,"msg":"too many request","data":{}}`, reasonSlowDown},
		{contract.KindFeishu, 200, `{"code":9499,"msg":"Bad Request","data":{}}`, reasonRobotRefused},
		{contract.KindFeishu, 200, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}`, reasonRobotGuarded},
		{contract.KindFeishu, 200, `{"code":19024,"msg":"Key Words Not Found"}`, reasonRobotGuarded},
		{contract.KindFeishu, 200, `{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}`, reasonRobotGone},
		{contract.KindFeishu, 200, `{"code":19001,"msg":"param invalid"}`, reasonRobotRefused},
		{contract.KindFeishu, 200, `{"StatusCode":1,"StatusMessage":"no"}`, reasonRobotRefused},
		{contract.KindFeishu, 404, `not found`, reasonStatus},
		{contract.KindSlack, 200, "ok\n", ""},
		{contract.KindSlack, 200, "invalid_payload", reasonRobotRefused},
		{contract.KindSlack, 200, "<html>Sign in to the network</html>", reasonAnswer},
		{contract.KindSlack, 400, "invalid_payload", reasonRobotRefused},
		{contract.KindSlack, 403, "action_prohibited", reasonRobotGuarded},
		{contract.KindSlack, 404, "no_service", reasonRobotGone},
		{contract.KindSlack, 410, "channel_is_archived", reasonRobotGone},
		{contract.KindSlack, 429, "rate_limited", reasonSlowDown},
		{contract.KindSlack, 302, "", reasonRedirect},
	} {
		if got := robotReason(c.kind, c.status, []byte(c.answer)); got != c.want {
			t.Errorf("%s %d %s: %q, want %q", c.kind, c.status, c.answer, got, c.want)
		}
	}
}

func TestAddressesOfRobots(t *testing.T) {
	t.Parallel()
	const key = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
	for _, c := range []struct {
		kind            contract.EndpointKind
		address, secret string
		wrong           string // location
	}{
		{contract.KindWeCom, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + key, "", ""},
		{contract.KindWeCom, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + key, "SEC1", "secret"},
		{contract.KindWeCom, "https://qyapi.weixin.qq.com.example.org/send?key=" + key, "", "url"},
		{contract.KindWeCom, "https://qyapi.weixin.qq.com/", "", "url"},
		{contract.KindWeCom, "https://qyapi.weixin.qq.com:8443/send?key=" + key, "", "url"},
		{contract.KindDingTalk, "https://oapi.dingtalk.com/robot/send?access_token=" + key, "SEC0123abc", ""},
		{contract.KindDingTalk, "https://oapi.dingtalk.com/robot/send?access_token=" + key, "0123abc", "secret"},
		{contract.KindDingTalk, "https://oapi.dingtalk.com/robot/send?access_token=" + key, "https://oapi.dingtalk.com/", "secret"},
		{contract.KindFeishu, "https://open.feishu.cn/open-apis/bot/v2/hook/" + key, "", ""},
		{contract.KindFeishu, "https://open.larksuite.com/open-apis/bot/v2/hook/" + key, "IlMgbDXf5PPbiJQ3", ""},
		{contract.KindFeishu, "https://open.feishu.cn/open-apis/bot/v2/hook/" + key, "two words", "secret"},
		{contract.KindSlack, "https://hooks.slack.com/services/T000/B000/XXXXXXXX", "", ""},
		{contract.KindSlack, "https://open.feishu.cn/open-apis/bot/v2/hook/" + key, "", "url"},
	} {
		checker := check.New(nil)
		checkRobot(checker, c.kind, robotKey{URL: c.address, Secret: c.secret}, false)
		got := ""
		if f := fault.As(checker.Err()); f != nil {
			got = f.Fields[0].Location
		}
		if got != c.wrong {
			t.Errorf("%s %s %s: wrong is %q, want %q", c.kind, c.address, c.secret, got, c.wrong)
		}
		if shown := shownURL(c.address); strings.Contains(shown, key) || !strings.HasSuffix(shown, "…"+c.address[len(c.address)-4:]) {
			t.Errorf("shown is %s", shown)
		}
	}
}

// robot registers a robot on this machine, and lets it take its first message.
func (b *bench) robot(t *testing.T, kind contract.EndpointKind, address string, change ...func(*contract.WebhookDraft)) contract.Webhook {
	t.Helper()
	d := contract.WebhookDraft{ID: contract.NewID[contract.EndpointID](), Kind: kind, URL: address, Events: []string{"*"}}
	for _, f := range change {
		f(&d)
	}
	w, err := b.Register(as(t, contract.RoleIntegrator, xian), d)
	must(t, err)
	b.run(t)
	b.clock.Advance(vendors[kind].pace)
	return w
}

// group is a chat group with a robot; it answers as the kind does.
func group(t *testing.T, kind contract.EndpointKind) *receiver {
	t.Helper()
	answers := map[contract.EndpointKind]string{
		contract.KindWeCom: `{"errcode":0,"errmsg":"ok"}`, contract.KindDingTalk: `{"errcode":0,"errmsg":"ok"}`,
		contract.KindFeishu: `{"code":0,"msg":"success"}`, contract.KindSlack: "ok",
	}
	return newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answers[kind])) })
}

// said returns the texts that a group got.
func (r *receiver) said(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, q := range r.got() {
		var m struct {
			Text    json.RawMessage       `json:"text"`
			Content struct{ Text string } `json:"content"`
		}
		must(t, json.Unmarshal([]byte(q.body), &m))
		var plain string
		var wrapped struct{ Content string }
		switch {
		case json.Unmarshal(m.Text, &plain) == nil:
		case json.Unmarshal(m.Text, &wrapped) == nil:
			plain = wrapped.Content
		default:
			plain = m.Content.Text
		}
		texts = append(texts, plain)
	}
	return texts
}

// need is a fact about a need of Xi'an.
func need(state string, urgency contract.Urgency) contract.Event {
	id := contract.NewID[contract.RequestID]()
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest, State: state,
		AggregateID: string(id), Version: 1, Time: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Organisation: "xian", Paths: []string{xian},
		Data: contract.EventData{RequestID: id, Category: "ppe", RegionCode: "610100", Urgency: string(urgency), Reason: "violence"},
	}
}

func TestEveryKindOfRobotSpeaks(t *testing.T) {
	t.Parallel()
	const key = "0ec2-key-of-the-group"
	for _, kind := range contract.EndpointKinds()[1:] {
		b := setup(t, loopback)
		r := group(t, kind)
		w := b.robot(t, kind, r.URL+"/send?key="+key, func(d *contract.WebhookDraft) {
			d.Language = "en"
			if vendors[kind].signs {
				d.Secret = "SECret-of-the-robot"
			}
		})
		if now := b.shown(t, w); now.State != stateActive || strings.Contains(now.URL, key) || now.Secret != "" || w.Secret != "" {
			t.Errorf("%s: after its first message %+v", kind, now)
		}
		e := need("submitted", contract.Critical)
		b.hear(t, e)
		b.run(t)
		said := r.said(t)
		want := "[Heli] A new critical need in 西安市: 防护物资\nhttps://heli.example.org/console/requests/" + e.AggregateID
		if len(said) != 2 || !strings.HasPrefix(said[0], "[Heli] This group is now connected") || said[1] != want {
			t.Fatalf("%s said %q, want %q", kind, said, want)
		}
		if q := r.got()[1]; q.header.Get("webhook-id") != string(e.ID) || q.header.Get("webhook-signature") != "" {
			t.Errorf("%s: headers %v", kind, q.header)
		}
	}
}

// A robot says in words what it is told of: not what it has no words for.
func TestARobotSaysNothingItHasNoWordsFor(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := group(t, contract.KindSlack)
	b.robot(t, contract.KindSlack, r.URL+"/send?key=abcdefgh", func(d *contract.WebhookDraft) { d.Language = "en" })
	for _, thing := range []contract.Thing{contract.ThingAsk, contract.ThingReminder, contract.ThingAppointment} {
		e := need("moved", contract.Urgent)
		e.Thing = thing
		b.hear(t, e)
	}
	b.run(t)
	said := r.said(t)
	if len(said) != 2 || !strings.HasPrefix(said[1], "[Heli] An appointment in 西安市 (防护物资): Changed\n") {
		t.Errorf("said %q", said)
	}
}

func TestARobotIsActiveOnlyAfterItTookAMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ answer, reason, state string }{
		"signature": {`{"errcode":310000,"errmsg":"sign not match"}`, reasonRobotGuarded, stateUnverified},
		"no robot":  {`hello`, reasonAnswer, stateUnverified},
		"gone":      {`{"errcode":300005,"errmsg":"token is not exist"}`, reasonRobotGone, stateDisabled},
	} {
		b := setup(t, loopback)
		r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.answer)) })
		w := b.robot(t, contract.KindDingTalk, r.URL+"/send?access_token=abcdefgh")
		b.hear(t, need("submitted", contract.Critical))
		b.run(t)
		d := b.only(t, w) // the fact has no way to it
		if got := b.shown(t, w); got.State != c.state || d.Attempts[0].Reason != c.reason || d.Attempts[0].StatusCode != 200 {
			t.Errorf("%s: %+v, %+v", name, got, d)
		}
	}
}

func TestTheKeyOfARobotIsNowhereInClear(t *testing.T) {
	t.Parallel()
	const key, secret = "0123456789abcdef", "SECfedcba9876543210"
	b := setup(t, loopback)
	r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
		_, _ = w.Write([]byte(`{"errcode":0,"errmsg":"you came to ` + q.URL.String() + ` with ` + key + ` and ` + secret + `"}`))
	})
	draft := contract.WebhookDraft{
		ID: contract.NewID[contract.EndpointID](), Kind: contract.KindDingTalk, URL: r.URL + "/robot/send?access_token=" + key, Events: []string{"*"},
		Secret: secret, Key: contract.NewID[string](), BodyHash: "hash",
	}
	ctx := as(t, contract.RoleIntegrator, xian)
	w, err := b.Register(ctx, draft)
	must(t, err)
	b.run(t)
	if again, err := b.Register(ctx, draft); err != nil || again.ID != w.ID || again.Secret != "" {
		t.Errorf("again: %+v, %v", again, err)
	}
	other := draft
	other.Key, other.URL = "", strings.Replace(draft.URL, "0123", "3210", 1) // it looks the same
	_, err = b.Register(ctx, other)
	wantFault(t, err, fault.Conflict, "id_taken")
	_, err = b.Rotate(ctx, contract.WebhookByID{ID: w.ID})
	wantFault(t, err, fault.Conflict, "robot_key")
	q := r.got()[0]
	if q.header.Get("User-Agent") == "" || b.shown(t, w).State != stateActive {
		t.Fatalf("the robot was not reached: %+v", q)
	}
	var tables []string
	must(t, b.admin.SelectContext(t.Context(), &tables, `SELECT tablename FROM pg_tables WHERE schemaname = 'notify'`))
	for _, table := range tables {
		var rows []string
		must(t, b.admin.SelectContext(t.Context(), &rows, `SELECT x::text FROM notify.`+table+` x`))
		if all := strings.ReplaceAll(strings.Join(rows, "\n"), "sign=…", ""); strings.Contains(all, key) || strings.Contains(all, secret) || strings.Contains(all, "sign=") {
			t.Errorf("%s holds the key of a robot in clear: %s", table, all)
		}
	}
}

func TestNoNameCallsAWholeGroup(t *testing.T) {
	t.Parallel()
	for kind, want := range map[contract.EndpointKind]string{
		contract.KindSlack: `{"text":"&lt;!channel&gt; &amp; &lt;at user_id=all&gt;"}`, contract.KindFeishu: `{"content":{"text":"＜!channel＞ & ＜at user_id=all＞"},"msg_type":"text"}`,
	} {
		_, body, err := robotMessage(kind, robotKey{URL: "https://robot.example/"}, `<!channel> & <at user_id=all>`, time.Now())
		must(t, err)
		var got, wanted any
		must(t, json.Unmarshal(body, &got))
		must(t, json.Unmarshal([]byte(want), &wanted))
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

func TestTooMuchMeansAPause(t *testing.T) {
	t.Parallel()
	for kind, answer := range map[contract.EndpointKind]string{
		contract.KindWeCom: `{"errcode":45009}`, contract.KindDingTalk: `{"errcode":130101}`, contract.KindFeishu: `{"code":11232}`, contract.KindSlack: "rate_limited",
	} {
		b := setup(t, loopback)
		flood := false
		r := group(t, kind)
		r.Config.Handler = flooded(r.Config.Handler, &flood, answer)
		w := b.robot(t, kind, r.URL+"/send?key=abcdefgh")
		flood = true
		b.hear(t, need("submitted", contract.Critical))
		b.run(t)
		before := len(r.got())
		b.hear(t, need("submitted", contract.Critical))
		b.clock.Advance(vendors[kind].pause - time.Millisecond)
		b.run(t)
		if n := len(r.got()); n != before {
			t.Errorf("%s: %d messages in the pause", kind, n-before)
		}
		flood = false
		b.clock.Advance(time.Millisecond)
		for range 2 {
			b.run(t)
			b.clock.Advance(vendors[kind].pace)
		}
		for _, d := range b.deliveries(t, w) {
			if d.State != stateDelivered {
				t.Errorf("%s: %+v", kind, d)
			}
		}
	}
}

// flooded answers that it is too much while told so.
func flooded(usual http.Handler, flood *bool, answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if *flood {
			_, _ = w.Write([]byte(answer))
			return
		}
		usual.ServeHTTP(w, q)
	})
}

func TestARobotIsNeverHurried(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := group(t, contract.KindWeCom)
	b.robot(t, contract.KindWeCom, r.URL+"/send?key=abcdefgh")
	first := len(r.got())
	for range 3 {
		b.hear(t, need("submitted", contract.Urgent))
	}
	for n := 1; n <= 3; n++ {
		b.run(t)
		if got := len(r.got()) - first; got != n {
			t.Fatalf("%d messages, want %d", got, n)
		}
		b.clock.Advance(vendors[contract.KindWeCom].pace)
	}
}
