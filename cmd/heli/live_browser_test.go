package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// faultyWay is a proxy before heli that answers for it while it is broken, as one
// does whose server has too much to do.
type faultyWay struct {
	*httptest.Server
	parts, stream atomic.Bool // broken
}

func newFaultyWay(t *testing.T, to string) *faultyWay {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatalf("read address: %v", err)
	}
	way := &faultyWay{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	way.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isPart, isStream := r.URL.Query().Has("part"), strings.HasPrefix(r.URL.Path, "/console/live")
		if way.parts.Load() && isPart || way.stream.Load() && isStream {
			http.Error(w, "too much to do", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		way.CloseClientConnections() // an open stream would keep it
		way.Close()
	})
	return way
}

// TestAPartThatFailedHealsItself changes what a queue shows while the part cannot be
// loaded: the page keeps what it shows and says that it is behind, and shows what is
// there once it can, although nothing changes any more. The same when the stream
// could not be had at first.
func TestAPartThatFailedHealsItself(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	request := staff.post(http.StatusCreated, "/requests", requestDraft("隔离点口罩", "open", 10))
	way := newFaultyWay(t, i.url)
	way.stream.Store(true)
	b := i.signedIn(t, "调度员")
	row := `//tr[@id="row-` + request.ID + `"]`
	state := func(name string) chromedp.Action[chromedp.Void] {
		return chromedp.WaitVisible(row + `//span[normalize-space() = "` + b.printer.State(contract.ThingRequest, name) + `"]`)
	}
	b.do("open the queue without a stream", chromedp.Navigate(way.URL+"/console?tab=all&lang=zh-Hans"),
		await(`#live[data-state="off"]`), state("open"))
	way.stream.Store(false)
	b.do("have the stream", await(`#live[data-state="on"]`))

	way.parts.Store(true)
	staff.post(http.StatusOK, "/requests/"+request.ID+"/hold", map[string]any{"reason": "other"})
	b.do("be told that it is behind", await(`#live[data-state="behind"]`),
		chromedp.WaitVisible(chromedp.CSS(`#part-queue > .behind`)), state("open"))
	way.parts.Store(false)
	b.do("see what is there", state("on_hold"), await(`#live[data-state="on"]`), await(`#part-queue > .behind[hidden]`))
}
