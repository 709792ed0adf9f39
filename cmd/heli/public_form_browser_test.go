package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// valueIs waits until a field holds a text.
func valueIs(name, text string) chromedp.Action[chromedp.Void] {
	return until(`document.querySelector('[name="` + name + `"]').value === "` + text + `"`)
}

// openForm opens the public form in a language.
func (b browser) openForm(url string) {
	b.t.Helper()
	b.do("open the form", chromedp.Navigate(url+"/request?lang=zh-Hans"), await(`html[lang="zh-Hans"] form[data-proof]`))
}

// tab opens another tab of the same browser, which keeps the same things.
func (b browser) tab() browser {
	b.t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	b.t.Cleanup(stop)
	b.ctx = ctx
	b.hear()
	return b
}

// nothingKept says that this device keeps no word of a form.
const nothingKept = `!Object.keys(localStorage).some((name) => name.startsWith("heli-draft"))`

// TestADraftIsKeptOnTheDevice leaves a form and comes back to it: what was typed is
// offered, goes on as it was, and is forgotten once it has been sent.
func TestADraftIsKeptOnTheDevice(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	b := startBrowser(t)
	b.openForm(i.url)
	b.fillIn("急需口罩一千只")
	b = b.tab()
	b.openForm(i.url)
	b.do("be offered it", await(`[data-draft]:not([hidden])`), valueIs("title", ""))
	b.do("go on", press(`[data-draft-resume]`), await(`form[data-proof][data-typed]`), valueIs("title", "急需口罩一千只"), valueIs("contact.phone", "+861000000123"),
		await(`[name="region_code"][value="610100"]:checked`))
	b.do("agree and send", choose(`[name="consent"]`), press(`form[action="/request"] button.btn-lg`),
		await(`form[action="/track/forget"]`), b.shows(contract.ThingRequest, "submitted"))
	b.do("have nothing left", until(nothingKept))
	b.openForm(i.url)
	b.do("begin anew", await(`[data-draft][hidden]`), valueIs("title", ""))
}

// TestAQuickExitLeavesNothing types, leaves at once, and comes back: neither the draft
// nor the page is on the device, and the way back does not lead to it.
func TestAQuickExitLeavesNothing(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	b := startBrowser(t)
	b.openForm(i.url)
	b.do("let the worker begin", until(`navigator.serviceWorker.controller !== null`))
	b.openForm(i.url) // now the worker sees it
	b.do("type", fill("title", "他又打人了"), until(`!(`+nothingKept+`)`))
	b.do("be kept by the worker", until(`caches.has("heli-forms")`))
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	b.do("leave", chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-quick-exit]").href = "`+elsewhere.URL+`"`),
		press(`[data-quick-exit]`), until(`location.origin === "`+elsewhere.URL+`"`))
	b.do("find nothing", chromedp.Navigate(i.url+"/healthz"), until(nothingKept),
		until(`caches.has("heli-forms").then((there) => !there)`))
	b.openForm(i.url)
	b.do("begin anew", await(`[data-draft][hidden]`), valueIs("title", ""))
}

// TestAFormIsFilledInWithoutANetwork opens the form again where no network is, fills
// it in and sends it: it arrives when the network is back.
func TestAFormIsFilledInWithoutANetwork(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	way := newLostWay(t, i.url)
	b := startBrowser(t)
	b.openForm(way.URL)
	b.do("let the worker begin", until(`navigator.serviceWorker.controller !== null`))
	b.openForm(way.URL) // now the worker sees it
	b.do("be kept by the worker", until(`caches.match("/request")`))
	way.state.Store(cut)
	b.openForm(way.URL)
	b.do("fill in what asks nobody", fill("title", "急需口罩一千只"), choose(`[name="need_lines[0].category"][value="ppe"]`), choose(`[name="urgency"][value="urgent"]`),
		fill("place", "610100"), choose(`[name="mode"][value="delivery"]`), fill("contact.name", "演示"), fill("contact.phone", "+861000000123"), choose(`[name="consent"]`))
	b.lose(way, cut, press(`form[action="/request"] button.btn-lg`))
	way.state.Store(connected)
	b.do("arrive without another press", await(`form[action="/track/forget"]`), b.shows(contract.ThingRequest, "submitted"))
}

// equipped stands for a phone that understands speech, of which it hears one sentence,
// and knows where it is.
const equipped = `navigator.geolocation.getCurrentPosition = (found) => found({ coords: { latitude: 34.2655, longitude: 108.9541 } });
window.SpeechRecognition = window.webkitSpeechRecognition = class {
	start() {
		this.onstart();
		this.onresult({ results: [[{ transcript: "需要心理咨询师聊聊" }]] });
		this.onend();
	}
};`

// TestTheFormHelpsToAnswer speaks in place of typing, is offered the category that the
// words mean, and finds the place by the phone's position.
func TestTheFormHelpsToAnswer(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	b := startBrowser(t)
	if _, err := chromedp.Call(b.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: equipped}); err != nil {
		t.Fatalf("equip the phone: %v", err)
	}
	b.openForm(i.url)
	b.do("speak", press(`[data-voice="title"]`), valueIs("title", "需要心理咨询师聊聊"))
	b.do("confirm what the words mean", press(`[data-category="psych"]`), await(`[name="need_lines[0].category"][value="psych"]:checked`))
	b.do("see whom to call first", await(`[data-crisis].crisis-strong`))
	b.do("be found", press(`[data-position]`), await(`[name="region_code"][value="610100"]`))
}

// TestWordsOfDangerBringTheNumbersFirst types them in three languages: the numbers to
// call come to the fore, and with the script away they stand above all else; the form
// is taken all the same.
func TestWordsOfDangerBringTheNumbersFirst(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	b := startBrowser(t)
	for _, words := range []string{"我不想活了", "我不想活了，幫幫我", "I want to kill myself"} {
		b.openForm(i.url)
		b.do("say it", await(`[data-crisis]:not(.crisis-strong)`), chromedp.SendKeys(chromedp.CSS(`textarea[name="description"]`), words), await(`[data-crisis].crisis-strong`))
		b = b.tab() // what was typed there would be asked about
	}
	b.openForm(i.url)
	b.do("send half of it", sendForm("/request", url.Values{"title": {"我不想活了"}}, `main > :first-child.crisis-strong`)...)
}
