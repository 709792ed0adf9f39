package main

import (
	"cmp"
	_ "embed" // axe-core
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/locale"
)

// axeSource is axe-core 4.14.1 (MPL-2.0), which looks for barriers in a page.
//
//go:embed testdata/axe/axe.min.js
var axeSource string

// axeRun returns a line for each thing that breaks a rule of WCAG 2.2 A and AA, or
// of good practice.
const axeRun = `axe.run(document, { resultTypes: ["violations"]%s }).then(({ violations }) => JSON.stringify(
	violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary))))`

// What axe looks for: everything, or what depends on the theme.
const (
	allRules    = ""
	colourRules = `, runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] }`
)

// shownPage is a page in a state, as it is looked at in both themes and all
// languages. Its path is opened in a language; then prepare brings it into its state.
type shownPage struct {
	name, path string
	as         contract.Role // who is signed in; nobody for the public
	at         string        // the code of their organisation; the root where it is empty
	before     func(*walk)   // comes before the page is opened, as to get to it
	prepare    []chromedp.Action[chromedp.Void]
	then       func(*walk) // goes on where steps depend on what the page shows
	fails      int         // the status of a page that says why there is no other
}

// shownToPublic are the pages and states that the public sees: one row each. Code is
// of something on the public board.
func shownToPublic(code string) []shownPage {
	wrong := func(form string) []chromedp.Action[chromedp.Void] { return sendForm(form, nil, `[data-error-summary]`) }
	return []shownPage{
		{name: "home", path: "/"},
		{name: "request form", path: "/request"},
		{name: "request form, wrong", path: "/request", prepare: wrong("/request")},
		{name: "offer form", path: "/offer"},
		{name: "offer form, wrong", path: "/offer", prepare: wrong("/offer")},
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
		{name: "unknown address", path: "/nowhere", fails: http.StatusNotFound},
		{name: "sign-in", path: "/console/login"},
		{name: "document of the API", path: "/api/v1/docs"},
		{name: "document of a call", path: "/api/v1/docs/submit_request"},
	}
}

// sendForm sends a form of the page with these values and no others, as one without
// script and without checks does, and waits for what the answer shows.
func sendForm(action string, values url.Values, answer string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		chromedp.Evaluate[chromedp.Void](`(() => {
			const form = document.createElement("form");
			form.method = "post";
			form.action = "` + action + `";
			for (const [name, value] of new URLSearchParams("` + values.Encode() + `")) {
				const input = document.createElement("input");
				input.name = name;
				input.value = value;
				form.append(input);
			}
			document.body.append(form);
			document.documentElement.dataset.sent = "";
			form.submit();
		})()`),
		await("html:not([data-sent]) " + answer),
	}
}

// themes are what the system of a reader may ask for.
var themes = []string{"light", "dark"}

// The two screens that a page is looked at on.
const (
	phoneWidth, phoneHeight = 390, 844
	deskWidth, deskHeight   = 1280, 900
)

// TestPagesHaveNoBarriers looks at every row in all languages and both themes, and
// at whether a phone has to be moved sideways.
func TestPagesHaveNoBarriers(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t), "--webhook-allow", "127.0.0.0/8")
	f := i.furnish()
	t.Run("unavailable", func(t *testing.T) { // alone: the others need what is cut off
		w := &walk{browser: startBrowser(t), i: i, seen: &addresses{}}
		w.signInAs(shownPage{as: contract.RoleCoordinator})
		i.withoutTables(func() {
			for _, lang := range locale.Languages() {
				w.lang = lang
				w.lookAt(unavailablePages(f))
			}
		})
	})
	seen := &addresses{}
	t.Run("rooms", func(t *testing.T) { // ends when all of them have been looked at
		for _, lang := range locale.Languages() {
			for name, pages := range f.rooms() {
				t.Run(name+" "+string(lang), func(t *testing.T) {
					t.Parallel()
					w := &walk{browser: startBrowser(t), i: i, lang: lang, seen: seen}
					if name == publicRoom {
						w.ask(i.url)
					}
					w.lookAt(pages)
				})
			}
		}
	})
	seen.checkAll(t)
}

// looksAt looks at one public page in all languages.
func (i *instance) looksAt(name, path string) {
	i.t.Helper()
	w := &walk{browser: startBrowser(i.t), i: i, seen: &addresses{}}
	for _, w.lang = range locale.Languages() {
		w.look(shownPage{name: name, path: path})
	}
}

// addresses are those of the pages that were looked at, for all walks together.
type addresses struct {
	sync.Mutex
	paths []string
}

// noPage are the routes of a reader that show no page of ours: files, feeds, answers to
// scripts and programs, and ways on to another page; and the one that only a letter
// leads to, which is looked at where letters are.
var noPage = regexp.MustCompile(`^/(assets/|calendar/|healthz|readyz|robots\.txt|worker\.js|board\.)|\.ics$|/errors$|/files/|/attachments/|^/unsubscribe/|^/console/(find|palette|live|login/account)`)

// checkAll demands every page that pkg/access knows.
func (a *addresses) checkAll(t *testing.T) {
	t.Helper()
	for _, row := range access.Routes() {
		route, read := strings.CutPrefix(row, "GET ")
		if !read || noPage.MatchString(route) || strings.HasPrefix(route, "/api/v1/") && !strings.HasPrefix(route, "/api/v1/docs") {
			continue
		}
		shape := regexp.MustCompile("^" + regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(route, "[^/]+") + "$")
		if !slices.ContainsFunc(a.paths, shape.MatchString) {
			t.Errorf("nobody has looked at %s", route)
		}
	}
}

// walk looks at pages in a language.
type walk struct {
	browser
	i    *instance
	lang locale.Language
	as   contract.Role // who is signed in
	seen *addresses
	// newcomer is the login name of somebody who enrols during the walk.
	newcomer string
	// help is what the private pages are about, visitor who asks for it.
	help    *closing
	helped  int // helps so far
	staff   client
	visitor visitor
}

func (w *walk) lookAt(pages []shownPage) {
	w.t.Helper()
	for _, page := range pages {
		w.look(page)
	}
}

// signInAs signs in who sees a page, unless they are.
func (w *walk) signInAs(page shownPage) {
	w.t.Helper()
	if page.as == w.as {
		return
	}
	w.signIn(w.i, page.as, "--organisation", cmp.Or(page.at, "root"))
	w.as = page.as
}

// look opens a page, unfolds all of it but the menu, which would cover it, and reports what is wrong with it in both themes.
func (w *walk) look(page shownPage) {
	w.t.Helper()
	w.signInAs(page)
	if page.before != nil {
		page.before(w)
	}
	separator := "?"
	if strings.Contains(page.path, "?") {
		separator = "&"
	}
	doing := page.name + " in " + string(w.lang)
	w.do(doing, chromedp.Navigate(w.i.url+page.path+separator+"lang="+string(w.lang)), await(`html[lang="`+string(w.lang)+`"]`))
	w.do(doing, page.prepare...)
	if page.then != nil {
		page.then(w)
	}
	w.answered(doing, page.fails)
	w.do(doing, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details:not(.console-menu)").forEach((d) => { d.open = true; })`),
		chromedp.Evaluate[chromedp.Void](axeSource+";undefined"))
	for n, theme := range themes {
		w.prefers(theme)
		rules := allRules
		if n > 0 {
			rules = colourRules // all else is the same page
		} else {
			w.picture(doing, "desk")
		}
		w.findsNoBarrier(doing+", "+theme, rules)
	}
	w.fitsAPhone(doing)
}

// answered checks that the page is the one that was meant, and no excuse for it.
func (w *walk) answered(doing string, fails int) {
	w.t.Helper()
	status := found(w.browser, doing+": read the status", chromedp.Evaluate[int](`performance.getEntriesByType("navigation")[0].responseStatus`))
	good := status == http.StatusOK || status == http.StatusUnprocessableEntity || status == http.StatusConflict
	if fails == 0 {
		w.note(doing)
	}
	if fails != 0 && status != fails || fails == 0 && !good {
		w.t.Errorf("%s: the page has the status %d", doing, status)
	}
}

// note remembers the address that a page has come to.
func (w *walk) note(doing string) {
	w.t.Helper()
	path := found(w.browser, doing+": read the address", chromedp.Evaluate[string](`location.pathname`))
	w.seen.Lock()
	defer w.seen.Unlock()
	w.seen.paths = append(w.seen.paths, path)
}

// prefers has the pages shown in the theme that a reader's system asks for, at once.
func (b browser) prefers(theme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err != nil {
		b.t.Fatalf("choose a theme: %v", err)
	}
}

func (b browser) findsNoBarrier(doing, rules string) {
	b.t.Helper()
	text := found(b, doing+": run axe", chromedp.Evaluate[string](fmt.Sprintf(axeRun, rules), chromedp.EvalAwaitPromise))
	var found []string
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatalf("%s: read what axe says: %v", doing, err)
	}
	for _, barrier := range found {
		b.t.Errorf("%s: %s", doing, barrier)
	}
}

// widest names the innermost elements that reach beyond the window; it is empty for
// a page that need not be moved sideways. What scrolls by itself may be wider.
const widest = `(() => {
	const root = document.documentElement;
	if (root.scrollWidth <= root.clientWidth) return "";
	const beyond = (e) => e.getBoundingClientRect().right > root.clientWidth + 0.5;
	const scrolls = (e) => e && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
	const found = [...document.body.querySelectorAll("*")].filter((e) => beyond(e) && !scrolls(e.parentElement) && ![...e.children].some(beyond));
	return root.scrollWidth + " px: " + found.slice(0, 3).map((e) => e.outerHTML.slice(0, 200)).join(" | ");
})()`

// tabOutOfSight is the text of a current tab that its row does not show, once the page
// knows how wide its window is.
const tabOutOfSight = `new Promise(requestAnimationFrame).then(() => {
	const hidden = [...document.querySelectorAll(".tabs [aria-current]")].find((tab) => {
		const [row, box] = [tab.closest(".tabs").getBoundingClientRect(), tab.getBoundingClientRect()];
		return box.left < row.left - 1 || box.right > row.right + 1;
	});
	return hidden ? hidden.textContent.trim() : "";
})`

func (b browser) fitsAPhone(doing string) {
	b.t.Helper()
	b.do(doing, chromedp.EmulateViewport(phoneWidth, phoneHeight))
	b.picture(doing, "phone")
	wide := found(b, doing+": measure the page", chromedp.Evaluate[string](widest))
	if wide != "" {
		b.t.Errorf("%s: wider than %d px: %s", doing, phoneWidth, wide)
	}
	if tab := found(b, doing+": look for the current tab", chromedp.Evaluate[string](tabOutOfSight, chromedp.EvalAwaitPromise)); tab != "" {
		b.t.Errorf("%s: its tab %q is out of sight on a phone", doing, tab)
	}
	b.do(doing, chromedp.EmulateViewport(deskWidth, deskHeight))
}

// publishOne puts an open request on the public board and returns its code.
func (i *instance) publishOne() string {
	i.t.Helper()
	made := i.coordinator().post(http.StatusCreated, "/requests", requestDraft("急需口罩", "open", 100))
	b := startBrowser(i.t)
	b.signIn(i, contract.RoleCoordinator)
	b.do("publish", chromedp.Navigate(i.url+"/console/requests/"+made.ID),
		press(`details:has(form[action$="/publish"]) > summary`), fill("summary", "社区统一接收"), choose(`[name="confirmed"]`),
		press(`form[action$="/publish"] button`), await(`form[action$="/unpublish"]`))
	return made.Code
}

// signIn makes the tab that of somebody in a role: of each test another one, for whom
// nobody else makes links.
func (b browser) signIn(i *instance, role contract.Role, more ...string) {
	b.t.Helper()
	name := "演示 " + string(role) + " " + b.t.Name()[strings.LastIndexByte(b.t.Name(), '/')+1:]
	login := heli(b.t, append([]string{"login", "--role", string(role), "--name", name, "--demo", "--data", i.data}, more...)...)
	b.do("sign in", chromedp.Navigate(login), chromedp.WaitVisible(`nav.console-nav`))
}
