package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
	"heli/pkg/locale"
)

// helpPages are the private pages of a helper and a requester. They follow one match from its proposal to what both say of it, and another one
// to its good end. In each language it is help of its own.
func helpPages() []shownPage {
	refused := await(`[data-error-summary]`)
	return []shownPage{
		{name: "proposal", path: "/answer", before: (*walk).propose},
		{name: "proposal, refusal without a reason", path: "/answer", prepare: submit(`form:has([name="move"][value="decline"])`, refused)},
		{name: "accepted", path: "/answer", before: (*walk).helperAccepts},
		{name: "helper's terms", path: "/answer/terms"},
		{name: "helper's terms, wrong", path: "/answer/terms", prepare: append(
			[]chromedp.Action[chromedp.Void]{chromedp.SetValue(chromedp.CSS(`[name="weekly_budget"]`), "x")}, submit(`form[action="/answer/terms"]`, refused)...)},
		{name: "helper's complaint", path: "/answer?complain=1"},
		{name: "helper's appointment", path: "/answer", before: (*walk).agreeOnATime},
		{name: "somebody will help", path: "/track", before: (*walk).track},
		{name: "somebody will help, their contact", path: "/track", prepare: submit(`form[action="/track/contact"]`, await(`main dl`))},
		{name: "reported", path: "/answer", before: (*walk).helperReports},
		{name: "did help come", path: "/track", before: (*walk).track},
		{name: "requester's complaint", path: "/track", prepare: []chromedp.Action[chromedp.Void]{
			press(`a[href^="/track?complain="]`), await(`form[action="/track/complain"]`),
		}},
		{name: "help did not come", path: "/track", before: (*walk).deny},
		{name: "disputed", path: "/answer", before: func(w *walk) { w.openAnswer(`main .badge`) }},
		{name: "help came", path: "/track", before: (*walk).helpCame},
		{name: "request closed", path: "/track", before: (*walk).closeRequest},
		{name: "proposal of what is over", path: "/answer", before: func(w *walk) { w.openAnswer(`main .badge`) }},
	}
}

// askPages follow one of several who are asked at once.
func askPages() []shownPage {
	refused := await(`[data-error-summary]`)
	return []shownPage{
		{name: "ask", path: "/answer", before: (*walk).beAsked},
		{name: "ask, refusal without a reason", path: "/answer", prepare: submit(`form:has([name="move"][value="decline"])`, refused)},
		{name: "ask, no such colleague", path: "/answer", prepare: append(
			[]chromedp.Action[chromedp.Void]{chromedp.SetValue(chromedp.CSS(`[name="colleague"]`), "x")},
			submit(`form:has([name="move"][value="hand_on"])`, refused)...)},
		{name: "ask, taken back", path: "/answer", before: (*walk).stopAsking},
		{name: "link of no use", path: "/unsubscribe/none", fails: http.StatusNotFound},
	}
}

// submit sends a form of the page as one does whose browser checks nothing, and waits
// for what the answer shows.
func submit(form string, answered chromedp.Action[chromedp.Void]) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		await(form),
		chromedp.Evaluate[chromedp.Void](`(() => {
			document.documentElement.dataset.sent = "";
			const form = document.querySelector(` + "`" + form + "`" + `);
			form.noValidate = true;
			form.requestSubmit();
		})()`),
		await("html:not([data-sent])"), answered,
	}
}

// newHelp has a helper of its own: nobody is asked too often, in any language.
func (w *walk) newHelp() {
	w.t.Helper()
	w.helped++
	if w.helped == 1 {
		w.staff = w.i.coordinator()
	}
	w.help = &closing{
		t: w.t, i: w.i, staff: w.staff, browser: w.browser,
		phone: fmt.Sprintf("+8610000003%d%d", slices.Index(locale.Languages(), w.lang), w.helped),
	}
}

// begin asks for help and proposes some.
func (w *walk) begin() {
	w.t.Helper()
	w.newHelp()
	w.help.begin(longTitle)
}

func (w *walk) propose() {
	w.t.Helper()
	w.begin()
	w.openAnswer(`input[name="move"][value="accept"]`)
}

// openAnswer and track open the private pages and wait for an element.
func (w *walk) openAnswer(css string) {
	w.t.Helper()
	w.openLink(w.help.staff.get(http.StatusOK, "/matches/"+w.help.match.ID+"/answer_link").URL, css)
}

func (w *walk) track() {
	w.t.Helper()
	w.openLink(w.i.url+"/track#"+w.help.request.TrackingToken, `form[action="/track/forget"]`)
}

func (w *walk) helperAccepts() {
	w.t.Helper()
	w.openAnswer(`input[name="move"][value="accept"]`)
	w.accept()
}

// agreeOnATime sets an appointment, and lets each know how to reach the other.
func (w *walk) agreeOnATime() {
	w.t.Helper()
	day := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	w.help.staff.call(http.StatusOK, http.MethodPut, "/matches/"+w.help.match.ID+"/appointment", "", map[string]any{
		"start": day + "T09:30", "end": day + "T10:30", "zone": "Asia/Shanghai", "place": longTitle,
	})
	w.help.staff.post(http.StatusOK, "/matches/"+w.help.match.ID+"/release_contact", nil)
	w.openAnswer(`a[href="/answer/appointment.ics"]`)
}

func (w *walk) helperReports() {
	w.t.Helper()
	w.openAnswer(`input[name="move"][value="report"]`)
	w.do("report", press(`input[name="move"][value="report"] ~ button`), w.shows(contract.ThingMatch, "reported_done"))
}

func (w *walk) deny() {
	w.t.Helper()
	w.track()
	answers(`button[name="came"][value="no"]`)(w.browser)
	awaitState(w.t, w.help.staff, "/requests/"+w.help.request.ID, "disputed")
}

// helpCame is another match, to its good end.
func (w *walk) helpCame() {
	w.t.Helper()
	w.propose()
	helps("10")(w.browser)
	w.track()
	answers(`button[name="came"][value="yes"]`)(w.browser)
	awaitState(w.t, w.help.staff, "/requests/"+w.help.request.ID, "confirmed")
}

func (w *walk) closeRequest() {
	w.t.Helper()
	w.begin()
	w.help.staff.post(http.StatusOK, "/requests/"+w.help.request.ID+"/close", map[string]any{"reason": "no_longer_needed"})
	awaitState(w.t, w.help.staff, "/matches/"+w.help.match.ID, "cancelled")
	w.track()
}

// beAsked has several asked, and opens the page of one of them.
func (w *walk) beAsked() {
	w.t.Helper()
	w.newHelp()
	w.visitor = w.i.administrating(w.t, "发起人"+string(w.lang))
	offer := offerDraft(longTitle, "available", 10)
	offer["contact"] = map[string]any{"name": "Demo", "phone": w.help.phone}
	made := w.help.staff.post(http.StatusCreated, "/offers", offer)
	w.help.request = w.help.staff.post(http.StatusCreated, "/requests", requestDraft(longTitle, "open", 10))
	awaitSuggestion(w.t, w.help.staff, w.help.request.ID, made.ID)
	w.moveWave("start")
	var asked string
	eventually(w.t, func() string {
		for _, a := range w.help.staff.get(http.StatusOK, "/asks?request_id="+w.help.request.ID).Items {
			asked = a.ID
			return ""
		}
		return "nobody is asked"
	})
	w.openLink(w.help.staff.get(http.StatusOK, "/asks/"+asked+"/answer_link").URL, `form[action="/answer/ask"]`)
}

func (w *walk) stopAsking() {
	w.t.Helper()
	w.moveWave("stop")
}

func (w *walk) moveWave(act string) {
	w.t.Helper()
	moved := w.visitor.post("/console/requests/"+w.help.request.ID+"/wave", url.Values{
		"act": {act}, "need_line": {w.help.request.NeedLines[0].ID},
	})
	if moved.status != http.StatusSeeOther {
		w.t.Fatalf("%s asking: %d: %.3000s", act, moved.status, moved.body)
	}
}
