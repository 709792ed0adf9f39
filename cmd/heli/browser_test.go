package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"heli/cmd/heli/bench"
	"heli/pkg/contract"
	"heli/pkg/locale"
)

// enter presses what has the focus, wherever a page that changes by itself has
// moved it; space chooses it.
const (
	enter = "\r"
	space = " "
)

// browser is one tab. Its pages are read in simplified Chinese.
type browser struct {
	t       *testing.T
	ctx     context.Context // of the tab: chromedp keeps it there
	printer *locale.Printer
}

func startBrowser(t *testing.T) browser {
	t.Helper()
	catalogue, err := locale.New()
	if err != nil {
		t.Fatalf("load texts: %v", err)
	}
	ctx, stop := bench.StartBrowser(context.WithoutCancel(t.Context()))
	t.Cleanup(stop)
	b := browser{t, ctx, catalogue.Printer(locale.Simplified, time.UTC, time.Now())}
	b.hear()
	return b
}

// do goes on only when every step has been made.
func (b browser) do(doing string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	whole := make([]chromedp.Action[chromedp.Void], len(steps))
	for n, step := range steps {
		whole[n] = onWhatIsThere(step)
	}
	found(b, doing, chromedp.Steps(whole...))
}

// onWhatIsThere makes a step again whose element went with a page that was replaced
// between finding and touching it.
func onWhatIsThere(step chromedp.Action[chromedp.Void]) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		for {
			_, err := step(ctx, tab)
			if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "Could not find node with given id") {
				return chromedp.Void{}, err
			}
		}
	}
}

// found makes a step and returns what it finds.
func found[T any](b browser, doing string, step chromedp.Action[T]) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, waitLimit)
	defer stop()
	what, err := chromedp.Run(ctx, step)
	if err != nil {
		b.t.Fatalf("%s: %v", doing, err)
	}
	return what
}

// text waits for an element that has some; the page may be another one meanwhile.
func (b browser) text(doing, path string) string {
	b.t.Helper()
	read := "(document.evaluate(`" + path + "`, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue || {}).textContent || ''"
	var text string
	eventually(b.t, func() string {
		text = strings.TrimSpace(found(b, doing, chromedp.Evaluate[string](read)))
		if text == "" {
			return doing + ": there is none"
		}
		return ""
	})
	return text
}

// press, choose and fill work by keyboard, as a reader without a mouse does.
func press(css string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(css), enter)
}
func choose(css string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(css), space)
}

func fill(name, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(`[name="`+name+`"]`), text)
}

func await(css string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitReady(chromedp.CSS(css))
}

// until waits until an expression holds, or comes to hold where it is a promise. It may
// go wrong meanwhile, as where the page is about to be another one.
func until(expression string) chromedp.Action[chromedp.Void] {
	asked := chromedp.Evaluate[bool]("Promise.resolve("+expression+").then(Boolean)", chromedp.EvalAwaitPromise)
	return func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			holds, err := asked(ctx, tab)
			if holds && err == nil {
				return chromedp.Void{}, nil
			}
			select {
			case <-ctx.Done():
				return chromedp.Void{}, fmt.Errorf("await %s: %w", expression, errors.Join(err, ctx.Err()))
			case <-ticker.C:
			}
		}
	}
}

// shows waits for the badge of a state.
func (b browser) shows(thing contract.Thing, state string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(`//span[contains(@class, "badge") and normalize-space() = "` + b.printer.State(thing, state) + `"]`)
}

// TestTheWholeWayInABrowser walks from the public form to the requester's
// confirmation as people do: requester, coordinator and helper.
func TestTheWholeWayInABrowser(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	offer := staff.post(http.StatusCreated, "/offers", offerDraft("口罩一百只", "available", 100))
	b := startBrowser(t)

	code := b.ask(i.url)
	link := b.coordinate(heli(t, "login", "--role", "coordinator", "--name", "调度员", "--demo", "--data", i.data), code)
	b.help(link)
	b.confirm(i.url)

	awaitState(t, staff, "/offers/"+offer.ID, "available")
	checkInvariants(t, i)
}

// ask fills in the public form and returns the code on the tracking page.
func (b browser) ask(url string) string {
	b.t.Helper()
	b.do("open the form", chromedp.Navigate(url+"/request?lang=zh-Hans"), await(`html[lang="zh-Hans"]`))
	b.do("fill in the form",
		fill("title", "急需口罩"),
		choose(`[name="need_lines[0].category"][value="ppe"]`),
		fill("need_lines[0].quantity", "10"),
		chromedp.SetValue(chromedp.CSS(`[name="need_lines[0].unit"]`), "piece"),
		choose(`[name="urgency"][value="urgent"]`),
		fill("place", "西安市"),
		choose(`[name="region_code"][value="610100"]`),
		choose(`[name="mode"][value="delivery"]`),
		fill("contact.name", "演示"),
		fill("contact.phone", "+861000000123"),
		choose(`[name="consent"]`),
		until(`document.querySelector("form[data-proof]").elements.proof.value !== ""`),
	)
	b.do("send the form",
		press(`form[action="/request"] button.btn-lg`),
		await(`form[action="/track/forget"]`),
		b.shows(contract.ThingRequest, "submitted"),
	)
	return b.text("read the code", `(//output[contains(@class, "secret-value")])[1]`)
}

// coordinate signs in, opens the request and proposes the offer. It returns
// the link for the helper.
func (b browser) coordinate(login, code string) string {
	b.t.Helper()
	row := `//a[starts-with(@href, "/console/requests/") and contains(., "` + code + `")]`
	b.do("sign in", chromedp.Navigate(login), chromedp.WaitVisible(row))
	b.do("open the request's page", chromedp.SendKeys(row, enter), await(`button[name="move"][value="triage"]`))
	b.do("open the request",
		press(`button[name="move"][value="triage"]`), b.shows(contract.ThingRequest, "triaged"),
		press(`button[name="move"][value="open"]`), b.shows(contract.ThingRequest, "open"),
	)
	b.do("propose the offer", press(`form.propose button.btn-primary`), b.shows(contract.ThingMatch, "proposed"))
	return b.text("read the link", `//output[contains(., "/answer#")]`)
}

// help accepts by the link, and reports.
func (b browser) help(link string) {
	b.t.Helper()
	b.do("open the helper's page", chromedp.Navigate(link), await(`input[name="move"][value="accept"]`))
	b.do("accept", press(`input[name="move"][value="accept"] ~ button`), b.shows(contract.ThingMatch, "accepted"))
	b.do("report", press(`input[name="move"][value="report"] ~ button`), b.shows(contract.ThingMatch, "reported_done"))
}

// confirm says on the tracking page that help came.
func (b browser) confirm(url string) {
	b.t.Helper()
	b.do("open the tracking page", chromedp.Navigate(url+"/track"), await(`button[name="came"][value="yes"]`))
	b.do("confirm", press(`button[name="came"][value="yes"]`), b.shows(contract.ThingMatch, "confirmed"))
	eventually(b.t, func() string {
		b.do("look again", chromedp.Navigate(url+"/track"), await(`form[action="/track/forget"]`))
		badge := b.text("read the state", `(//span[contains(@class, "badge")])[1]`)
		if want := b.printer.State(contract.ThingRequest, "confirmed"); badge != want {
			return "the tracking page says " + badge + ", not " + want
		}
		return ""
	})
}
