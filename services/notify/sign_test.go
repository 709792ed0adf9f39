package notify

import (
	"encoding/json"
	"net/url"
	"os"
	"testing"
	"time"

	"heli/pkg/contract"
)

// signatures are what others compute: the public JavaScript library of Standard
// Webhooks, and Node's HMAC as DingTalk and Feishu document it.
// testdata/javascript/make.js writes them.
type signatures struct {
	Webhooks []struct {
		ID        contract.EventID `json:"id"`
		Time      int64            `json:"time"`
		Body      string           `json:"body"`
		Secrets   []string         `json:"secrets"`
		Signature string           `json:"signature"`
	} `json:"webhooks"`
	Robots []struct {
		Secret   string `json:"secret"`
		Time     int64  `json:"time"`
		DingTalk string `json:"dingtalk"`
		Feishu   string `json:"feishu"`
	} `json:"robots"`
}

func TestSignaturesAreThoseOfOtherPrograms(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/signatures.json")
	must(t, err)
	var s signatures
	must(t, json.Unmarshal(raw, &s))
	if len(s.Webhooks) == 0 || len(s.Robots) == 0 {
		t.Fatal("nothing to compare with")
	}
	for _, c := range s.Webhooks {
		h, err := signatureHeaders(c.ID, time.Unix(c.Time, 0), []byte(c.Body), c.Secrets)
		must(t, err)
		if got := h.Get("webhook-signature"); got != c.Signature {
			t.Errorf("%s: signature %s, JavaScript's is %s", c.Body, got, c.Signature)
		}
	}
	for _, c := range s.Robots {
		now := time.Unix(c.Time, 0)
		address, err := dingTalkAddress(robotKey{URL: "https://oapi.dingtalk.com/robot/send?access_token=abc", Secret: c.Secret}, now)
		must(t, err)
		u, err := url.Parse(address)
		must(t, err)
		if got := url.QueryEscape(u.Query().Get("sign")); got != c.DingTalk || u.Query().Get("access_token") != "abc" {
			t.Errorf("DingTalk: %s, want %s", address, c.DingTalk)
		}
		_, body, err := robotMessage(contract.KindFeishu, robotKey{Secret: c.Secret}, "text", now)
		must(t, err)
		var m struct{ Timestamp, Sign string }
		must(t, json.Unmarshal(body, &m))
		if m.Sign != c.Feishu || m.Timestamp != "1795593600" {
			t.Errorf("Feishu: %s, want %s", body, c.Feishu)
		}
	}
}
