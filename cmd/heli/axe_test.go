package main

import (
	_ "embed" // axe-core
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"heli/pkg/locale"
	"heli/pkg/testkit"
)

// axeSource is axe-core 4.14.1 (MPL-2.0), which looks for barriers in a page.
//
//go:embed testdata/axe/axe.min.js
var axeSource string

// axeRun returns a line for each thing that breaks a rule of WCAG 2.2 A and AA, or
// of good practice.
const axeRun = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => JSON.stringify(
	violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary))))`

// shownPage is a page in a state, as it is looked at in both themes and all
// languages. Its path is opened in a language; then prepare brings it into its state.
type shownPage struct {
	name, path string
	staff      bool // a coordinator is signed in
	prepare    []chromedp.Action[chromedp.Void]
}

// barrierPages are the pages and states that are looked at: one row each. Code is of
// something on the public board.
func barrierPages(code string) []shownPage {
	sendEmpty := func(form string) []chromedp.Action[chromedp.Void] {
		return []chromedp.Action[chromedp.Void]{
			chromedp.Evaluate[chromedp.Void](`(() => { const f = document.querySelector('form[action="` + form + `"]'); f.noValidate = true;
				const p = document.createElement("form"); p.method = "post"; p.action = f.getAttribute("action"); document.body.append(p); p.submit(); })()`),
			await(`[data-error-summary]`),
		}
	}
	return []shownPage{
		{name: "home", path: "/"},
		{name: "request form", path: "/request"},
		{name: "request form, wrong", path: "/request", prepare: sendEmpty("/request")},
		{name: "offer form", path: "/offer"},
		{name: "offer form, wrong", path: "/offer", prepare: sendEmpty("/offer")},
		{name: "offer form for a need", path: "/offer?for=" + code},
		{name: "paper form", path: "/request/print"},
		{name: "board", path: "/board"},
		{name: "board, nothing fits", path: "/board?category=customs"},
		{name: "board entry", path: "/board/" + code},
		{name: "board in another site", path: "/board/embed"},
		{name: "honour roll", path: "/honours"},
		{name: "tracking page", path: "/track"},
		{name: "tracking page, editing", path: "/track?edit=1"},
		{name: "own data", path: "/track", prepare: []chromedp.Action[chromedp.Void]{
			press(`form[action="/track/data"] button`), await(`form[action="/track/consent"]`),
		}},
		{name: "helper's entry", path: "/answer"},
		{name: "unknown address", path: "/nowhere"},
		{name: "sign-in", path: "/console/login"},
		{name: "a published request at the desk", path: "/console?text=" + code, staff: true},
		{name: "messages to people", path: "/console/messages", staff: true},
	}
}

// themes are what the system of a reader may ask for.
var themes = []string{"light", "dark"}

// TestPagesHaveNoBarriers looks at every row in both themes and all languages.
func TestPagesHaveNoBarriers(t *testing.T) {
	t.Parallel()
	i := startHeli(t, testkit.DataDir(t))
	code := i.publishOne()
	for _, theme := range themes {
		for _, lang := range locale.Languages() {
			t.Run(theme+" "+string(lang), func(t *testing.T) {
				b := startBrowser(t)
				b.prefers(theme)
				b.ask(i.url)
				for _, page := range barrierPages(code) {
					b.findsNoBarrier(i, page, lang)
				}
			})
		}
	}
}

// prefers has the pages shown in the theme that a reader's system asks for.
func (b browser) prefers(theme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
	if err != nil {
		b.t.Fatalf("choose a theme: %v", err)
	}
}

// publishOne puts an open request on the public board and returns its code.
func (i *instance) publishOne() string {
	i.t.Helper()
	made := i.coordinator().post(http.StatusCreated, "/requests", requestDraft("急需口罩", "open", 100))
	b := startBrowser(i.t)
	b.signIn(i)
	b.do("publish", chromedp.Navigate(i.url+"/console/requests/"+made.ID),
		press(`details:has(form[action$="/publish"]) > summary`), fill("summary", "社区统一接收"), choose(`[name="confirmed"]`),
		press(`form[action$="/publish"] button`), await(`form[action$="/unpublish"]`))
	return made.Code
}

// signIn makes the tab a coordinator's.
func (b browser) signIn(i *instance) {
	b.t.Helper()
	login := heli(i.t, "login", "--role", "coordinator", "--name", "调度员", "--demo", "--data", i.data)
	b.do("sign in", chromedp.Navigate(login), chromedp.WaitVisible(`nav.console-nav`))
}

func (b browser) findsNoBarrier(i *instance, page shownPage, lang locale.Language) {
	b.t.Helper()
	if page.staff {
		b.signIn(i)
	}
	address := i.url + page.path
	if strings.Contains(address, "?") {
		address += "&"
	} else {
		address += "?"
	}
	doing := page.name + " in " + string(lang)
	b.do(doing, chromedp.Navigate(address+"lang="+string(lang)), await(`html[lang="`+string(lang)+`"]`))
	b.do(doing, page.prepare...)
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](axeSource+";undefined")); err != nil {
		b.t.Fatalf("%s: load axe: %v", doing, err)
	}
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: run axe: %v", doing, err)
	}
	var found []string
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatalf("%s: read what axe says: %v", doing, err)
	}
	for _, barrier := range found {
		b.t.Errorf("%s: %s", doing, barrier)
	}
}
