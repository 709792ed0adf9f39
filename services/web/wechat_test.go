package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestWeChatSavesNoFiles goes the public way as WeChat's browser shows it: everything
// is there, and where a file is offered the page says how to get it.
func TestWeChatSavesNoFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hint := "在手机自带的浏览器中打开"
	for agent, within := range map[string]bool{
		"Mozilla/5.0 (Linux; Android 10; HMA-AL00) AppleWebKit/537.36 Chrome/107.0.5304.141 XWEB/5169 MMWEBSDK/20221109 Mobile Safari/537.36 MicroMessenger/8.0.30.2260": true,
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36":                                                                           false,
	} {
		r := b.reader()
		r.agent = agent
		r.post("/request", requestForm(key(80+len(agent)%7))).shows(http.StatusOK, "您的求助已收到", "/track/data.json")
		if got := strings.Contains(r.page, hint); got != within {
			t.Errorf("the tracking page tells of WeChat: %v, in %s", got, agent)
		}
		r.post("/track/data", url.Values{})
		if got := strings.Contains(r.page, hint); r.status != http.StatusOK || got != within {
			t.Errorf("one's data gave %d, told of WeChat: %v, in %s", r.status, got, agent)
		}
	}
}
