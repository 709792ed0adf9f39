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
	"heli/pkg/testkit"
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
	i := startHeli(t, testkit.DataDir(t))
	way := newLostWay(t, i.url)
	b := startBrowser(t)
	b.do("open the form", chromedp.Navigate(way.URL+"/request?lang=zh-Hans"), await(`html[lang="zh-Hans"]`))
	b.fillIn("急需口罩一千只")
	b.lose(way, cut, press(`form[action="/request"] button.btn-lg`))
	b.do("still have everything", chromedp.Poll[chromedp.Void](`document.querySelector('[name="title"]').value === "急需口罩一千只"`))
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
	i := startHeli(t, testkit.DataDir(t))
	way := newLostWay(t, i.url)
	b := startBrowser(t)
	b.ask(way.URL)
	b.do("ask to withdraw", chromedp.Navigate(way.URL+"/track?confirm=withdraw"), await(`form[action="/track/move"]`))
	b.lose(way, cut, press(`form[action="/track/move"] button`))
	way.state.Store(connected)
	b.do("see it withdrawn", b.shows(contract.ThingRequest, "closed"))
}

// TestAnEndedSessionLosesNoForm writes a note as the session ends: after signing in
// again it is there as it was typed, for nobody but its author, and is saved once.
func TestAnEndedSessionLosesNoForm(t *testing.T) {
	t.Parallel()
	i := startHeli(t, testkit.DataDir(t))
	staff := i.coordinator()
	request := staff.post(http.StatusCreated, "/requests", requestDraft("隔离点口罩", "open", 10))
	page := i.url + "/console/requests/" + request.ID + "?lang=zh-Hans"
	signIn := func(b browser, name string) {
		b.do("sign in", chromedp.Navigate(heli(t, "login", "--role", "coordinator", "--name", name, "--demo", "--data", i.data)), await(`a[href="/console/account"]`))
	}
	open := func(b browser) {
		b.do("open the page", chromedp.Navigate(page), await(`#live[data-state="on"]`))
	}
	write := func(b browser, text string) {
		b.do("write a note", chromedp.SendKeys(chromedp.CSS(`form[action$="/notes"] [name="text"]`), text))
		b.endSession()
		b.do("send it without a session", chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action$="/notes"] [type="submit"]').click()`),
			await(`form[action="/console/login"]`))
	}
	b := i.signedIn(t, "调度员甲")
	open(b)
	write(b, "药房明早九点开门")
	signIn(b, "调度员甲")
	b.do("go on", await(`[data-unsent]:not([hidden])`), press(`[data-unsent] a`), await(`form[action$="/notes"]`),
		chromedp.Poll[chromedp.Void](`document.querySelector('form[action$="/notes"] [name="text"]').value === "药房明早九点开门"`))
	b.do("save it", chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action$="/notes"] [type="submit"]').click()`), holds("li", "药房明早九点开门"))
	open(b)
	b.do("begin another", chromedp.SendKeys(chromedp.CSS(`form[action$="/notes"] [name="text"]`), "只给"))
	b.endSession()
	staff.post(http.StatusCreated, "/offers", offerDraft("口罩", "available", 10)) // the stream looks who hears of it
	b.do("hear of the end and lose nothing", await(`[data-ended]:not([hidden])`))
	write(b, "自己看的话")
	signIn(b, "调度员乙")
	b.do("see nothing of another's", chromedp.Navigate(page), await(`form[action$="/notes"]`),
		chromedp.Poll[chromedp.Void](`document.querySelector('form[action$="/notes"] [name="text"]').value === "" && !Object.values(sessionStorage).some((kept) => kept.includes("只给自己看的话"))`))
	var saved int
	if err := i.database().Get(&saved, `SELECT count(*) FROM request.notes WHERE text = '药房明早九点开门'`); err != nil || saved != 1 {
		t.Errorf("the note was saved %d times: %v", saved, err)
	}
	checkInvariants(t, i)
}
