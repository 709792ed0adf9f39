package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTheCopiedLineShowsTheBoardInAnotherSite copies the line that the board gives, puts
// it into a page that somebody else serves, and finds what is published in the frame
// there, in the reader's language.
func TestTheCopiedLineShowsTheBoardInAnotherSite(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	code := i.publishOne()
	b := startBrowser(t)
	b.do("open the board", chromedp.Navigate(i.url+"/board?kind=request&lang=zh-Hant"), await("[data-copy]"))
	copied, err := chromedp.Run(b.ctx, chromedp.AttributeValue(chromedp.CSS("[data-copy]"), "data-copy"))
	if err != nil || !copied.Exists {
		t.Fatalf("find the line: %+v, %v", copied, err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Another site</title><h1>Neighbours</h1>%s
			<script>document.querySelector("iframe").addEventListener("load", () => (document.body.dataset.loaded = ""))</script></html>`, copied.Value)
	}))
	t.Cleanup(other.Close)
	b.do("open the other site", chromedp.Navigate(other.URL), await("body[data-loaded]"))
	frames, err := chromedp.Run(b.ctx, chromedp.Nodes(chromedp.CSS("iframe")))
	if err != nil || len(frames) != 1 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	inFrame := chromedp.FromNode(frames[0])
	b.do("see the entry", chromedp.WaitVisible(chromedp.CSS(`html[lang="zh-Hant"] a[href$="/board/`+code+`"]`), inFrame))
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main"), inFrame))
	if err != nil || text == "" {
		t.Errorf("the frame says %q, %v", text, err)
	}
}
