package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// How a connection may fail: not at all, before heli hears of anything, or only
// after it has answered.
const (
	connected int32 = iota
	cut
	unheard
)

// lostWay is a proxy before heli whose connection can be lost.
type lostWay struct {
	*httptest.Server
	state   atomic.Int32
	refused atomic.Int32 // forms that met a lost connection
}

func newLostWay(t *testing.T, to string) *lostWay {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatalf("read address: %v", err)
	}
	way := &lostWay{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	way.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := way.state.Load()
		if state == unheard && r.Method == http.MethodPost {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
		}
		if state != connected {
			_, _ = io.Copy(io.Discard, r.Body) // so that only the answer is missing
			if r.Method == http.MethodPost {
				way.refused.Add(1)
			}
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		way.CloseClientConnections() // an open stream would keep it
		way.Close()
	})
	return way
}

// lose has the connection fail in a way, and waits until a form has met that.
func (b browser) lose(way *lostWay, state int32, send ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	way.refused.Store(0)
	way.state.Store(state)
	b.do("send while the connection is lost", send...)
	eventually(b.t, func() string {
		if way.refused.Load() == 0 {
			return "no form has met the lost connection"
		}
		return ""
	})
	b.do("be told", await(`[data-connection]:not([hidden])`), holds("*[@data-connection-text]", b.printer.T("connection.waiting")))
}

// fillIn answers the public form, all but sending it.
func (b browser) fillIn(title string) {
	b.t.Helper()
	b.do("fill in the form",
		fill("title", title), choose(`[name="need_lines[0].category"][value="ppe"]`), choose(`[name="urgency"][value="urgent"]`),
		fill("place", "西安市"), choose(`[name="region_code"][value="610100"]`), choose(`[name="mode"][value="delivery"]`),
		fill("contact.name", "演示"), fill("contact.phone", "+861000000123"), choose(`[name="consent"]`))
}

// TestALostConnectionLosesNothing sends the public form while nobody is heard, and
// again so that heli hears it and its answer is lost: the page says so, keeps what was
// typed and goes on by itself, with one request.
func TestALostConnectionLosesNothing(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	way := newLostWay(t, i.url)
	b := startBrowser(t)
	b.do("open the form", chromedp.Navigate(way.URL+"/request?lang=zh-Hans"), await(`html[lang="zh-Hans"]`))
	b.fillIn("急需口罩一千只")
	b.lose(way, cut, press(`form[action="/request"] button.btn-lg`))
	b.do("still have everything", until(`document.querySelector('[name="title"]').value === "急需口罩一千只"`))
	b.lose(way, unheard, chromedp.Evaluate[chromedp.Void](`window.dispatchEvent(new Event("online"))`))
	way.state.Store(connected)
	b.do("arrive without another press", await(`form[action="/track/forget"]`), b.shows(contract.ThingRequest, "submitted"))
	if all := i.coordinator().get(http.StatusOK, "/requests").Items; len(all) != 1 {
		t.Errorf("%d requests came of one form", len(all))
	}
	checkInvariants(t, i)
}

// TestAPressIsKeptOverALostConnection withdraws while the connection is lost.
func TestAPressIsKeptOverALostConnection(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	way := newLostWay(t, i.url)
	b := startBrowser(t)
	b.ask(way.URL)
	b.do("ask to withdraw", chromedp.Navigate(way.URL+"/track?confirm=withdraw"), await(`form[action="/track/move"]`))
	b.lose(way, cut, press(`form[action="/track/move"] button`))
	way.state.Store(connected)
	b.do("see it withdrawn", b.shows(contract.ThingRequest, "closed"))
}
