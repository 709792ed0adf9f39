package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// ending is one way in which help ends: what helper and requester press, and where
// it leaves the match and the request.
type ending struct {
	name         string
	helper       func(browser)
	requester    func(browser)
	after        func(*closing)
	match, state string
	reason       string // of a closed request
	queue        string // of the console, where somebody sees it next; empty: it is over
}

// closing is one request with its match.
type closing struct {
	t              *testing.T
	i              *instance
	staff          client
	browser        browser
	phone          string // of the helper, who is asked only so often
	request, match answer
}

// endings are all of them. Ten pieces are asked for and agreed on.
var endings = []ending{
	{
		name: "confirmed", helper: helps("10"), requester: answers(`button[name="came"][value="yes"]`),
		match: "confirmed", state: "confirmed", reason: "confirmed",
	},
	{
		name: "partly", helper: helps("6"), requester: answers(`button[name="came"][value="yes"]`),
		match: "confirmed", state: "partially_matched", queue: "/console?tab=to_match",
	},
	{
		name: "disputed", helper: helps("10"), requester: answers(`button[name="came"][value="no"]`),
		match: "disputed", state: "disputed", queue: "/console?tab=disputed",
	},
	{
		name: "silent", helper: helps("10"), after: (*closing).staySilent,
		match: "reported_done", state: "closed", reason: "reported_unconfirmed",
	},
	{
		name: "withdrawn", helper: func(b browser) {
			b.accept()
			b.do("withdraw", chromedp.Click(chromedp.CSS(`details:has(input[value="withdraw"]) summary`)),
				press(`input[name="move"][value="withdraw"] ~ button`), b.shows(contract.ThingMatch, "withdrawn"))
		},
		match: "withdrawn", state: "open", queue: "/console?tab=to_match",
	},
	{
		name: "no-show", helper: browser.accept, requester: answers(`button[name="came"][value="no"]`),
		match: "no_show", state: "open", queue: "/console?tab=to_match",
	},
	{
		name: "reopened", helper: helps("10"), requester: answers(`button[name="came"][value="yes"]`), after: (*closing).reopen,
		match: "confirmed", state: "reopened", queue: "/console?tab=to_match",
	},
}

// TestEveryEndingInABrowser walks from the yes to each end as people do, with the
// clock moved where silence must pass.
func TestEveryEndingInABrowser(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	for n, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			c := &closing{t: t, i: i, staff: staff, browser: startBrowser(t), phone: fmt.Sprintf("+86100000040%d", n)}
			c.begin(e.name)
			c.browser.openLink(c.staff.get(http.StatusOK, "/matches/"+c.match.ID+"/answer_link").URL, `input[name="move"][value="accept"]`)
			e.helper(c.browser)
			if e.requester != nil {
				c.browser.openLink(i.url+"/track#"+c.request.TrackingToken, `button[name="came"]`)
				e.requester(c.browser)
			}
			if e.after != nil {
				e.after(c)
			}
			c.check(e)
		})
	}
	checkInvariants(t, i)
}

// begin asks for ten, offers ten and proposes.
func (c *closing) begin(title string) {
	c.t.Helper()
	c.request = c.staff.post(http.StatusCreated, "/requests", requestDraft("wanted "+title, "open", 10))
	draft := offerDraft("offered "+title, "available", 10)
	draft["contact"] = map[string]any{"name": "Demo", "phone": c.phone}
	offer := c.staff.post(http.StatusCreated, "/offers", draft)
	awaitSuggestion(c.t, c.staff, c.request.ID, offer.ID)
	c.match = c.staff.post(http.StatusCreated, "/matches", proposal(c.request, offer, 10))
}

// check looks where the ending left the match and the request, and in the queue.
func (c *closing) check(e ending) {
	c.t.Helper()
	awaitState(c.t, c.staff, "/matches/"+c.match.ID, e.match)
	awaitState(c.t, c.staff, "/requests/"+c.request.ID, e.state)
	if reason := c.staff.get(http.StatusOK, "/requests/"+c.request.ID).ClosedReason; reason != e.reason {
		c.t.Errorf("closed with the reason %q, want %q", reason, e.reason)
	}
	if e.queue != "" {
		c.signIn()
		c.browser.do("find it in its queue", chromedp.Navigate(c.i.url+e.queue), chromedp.WaitVisible(c.row()))
	}
}

func (c *closing) row() string {
	return `//a[@href="/console/requests/` + c.request.ID + `" and contains(., "` + c.request.Code + `")]`
}

func (c *closing) signIn() {
	c.t.Helper()
	login := heli(c.t, "login", "--role", "coordinator", "--name", "调度员", "--demo", "--data", c.i.data)
	c.browser.do("sign in", chromedp.Navigate(login), await(`a[href="/console/matches"]`))
}

// reopen has a coordinator open the request again, since more is missing.
func (c *closing) reopen() {
	c.t.Helper()
	awaitState(c.t, c.staff, "/requests/"+c.request.ID, "confirmed")
	c.signIn()
	form := `form:has(button[name="move"][value="reopen"])`
	c.browser.do("reopen", chromedp.Navigate(c.i.url+"/console/requests/"+c.request.ID), await(form),
		chromedp.Click(chromedp.CSS(`details:has(button[name="move"][value="reopen"]) summary`)),
		chromedp.SendKeys(chromedp.CSS(form+` [name="reason"]`), "还缺"), press(form+` button`), c.browser.shows(contract.ThingRequest, "reopened"))
}

// staySilent lets the days pass in which nobody answers, as the tables know time.
func (c *closing) staySilent() {
	c.t.Helper()
	awaitState(c.t, c.staff, "/requests/"+c.request.ID, "reported_fulfilled")
	db := c.i.database()
	change := func(query string) {
		c.t.Helper()
		if _, err := db.ExecContext(c.t.Context(), query, c.match.ID); err != nil {
			c.t.Fatalf("let days pass: %v", err)
		}
	}
	change(`UPDATE request.line_matches SET state_at = state_at - interval '6 days' WHERE match_id = $1`)
	change(`UPDATE request.requests SET updated_at = updated_at - interval '6 days'
		WHERE id = (SELECT n.request_id FROM request.line_matches m JOIN request.need_lines n ON n.id = m.need_line_id WHERE m.match_id = $1)`)
	for told := 1; told <= 2; told++ {
		eventually(c.t, func() string {
			var n int
			if err := db.GetContext(c.t.Context(), &n, `SELECT count(*) FROM request.reminders WHERE subject_id = $1`, c.match.ID); err != nil {
				c.t.Fatalf("count reminders: %v", err)
			}
			if n < told {
				return "the requester is not reminded"
			}
			return ""
		})
		change(`UPDATE request.reminders SET told_at = told_at - interval '2 days' WHERE subject_id = $1`)
	}
}

// secretTaken is a page that sends no secret from its address any more: whoever was
// here before sees what they look for before that.
const secretTaken = `html:not(:has(form[data-hash-form]:not([hidden])))`

// openLink opens a private link in a fresh page: from one to another only what is
// after # would change.
func (b browser) openLink(link, css string) {
	b.t.Helper()
	b.do("open the private page", chromedp.Navigate("about:blank"), chromedp.Navigate(link), await(secretTaken), await(css))
	b.do("read it in Chinese", chromedp.Navigate(lastPage(link)+"?lang=zh-Hans"), await(`html[lang="zh-Hans"]`), await(css))
}

// lastPage is the address of a private page without its secret.
func lastPage(link string) string {
	page, _, _ := strings.Cut(link, "#")
	return page
}

func (b browser) accept() {
	b.t.Helper()
	b.do("accept", press(`input[name="move"][value="accept"] ~ button`), b.shows(contract.ThingMatch, "accepted"))
}

// helps accepts, and reports an amount.
func helps(amount string) func(browser) {
	return func(b browser) {
		b.t.Helper()
		b.accept()
		b.do("report", chromedp.SetValue(chromedp.CSS(`[name="quantity"]`), amount), press(`input[name="move"][value="report"] ~ button`),
			b.shows(contract.ThingMatch, "reported_done"))
	}
}

// answers presses a button about whether help came.
func answers(css string) func(browser) {
	return func(b browser) {
		b.t.Helper()
		b.do("answer whether help came", chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.sent = ""`), press(css),
			await(`html:not([data-sent]) form[action="/track/forget"]`))
	}
}
