package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// TestSeveralAreAskedInABrowser: a coordinator asks three at once, one says yes, and
// another who comes later is thanked and stands by.
func TestSeveralAreAskedInABrowser(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	for n := range 3 {
		draft := offerDraft("口罩一百只", "available", 100)
		draft["contact"] = map[string]any{"name": "Demo", "phone": fmt.Sprintf("+86100000020%d", n)}
		staff.post(http.StatusCreated, "/offers", draft)
	}
	request := staff.post(http.StatusCreated, "/requests", requestDraft("急需口罩", "open", 10))
	b := startBrowser(t)
	b.do("read simplified Chinese", chromedp.Navigate(i.url+"/?lang=zh-Hans"), await(`html[lang="zh-Hans"]`))
	b.startWave(heli(t, "login", "--role", "coordinator", "--name", "调度员", "--demo", "--data", i.data), i.url+"/console/requests/"+request.ID)
	links := b.askLinks(staff, request.ID)
	b.do("open the first helper's page", chromedp.Navigate(links[0]), await(`form[action="/answer/ask"]`), b.shows(contract.ThingAsk, "asked"))
	b.do("say yes", press(`input[name="move"][value="accept"] ~ button`), b.shows(contract.ThingMatch, "accepted"))
	b.do("leave the page, which another link's fragment alone would not", chromedp.Navigate("about:blank"))
	b.do("open another helper's page", chromedp.Navigate(links[1]), b.shows(contract.ThingAsk, "filled"))
	b.do("stand by", press(`input[name="move"][value="accept"] ~ button`), chromedp.WaitVisible(`//p[contains(., "`+b.printer.T("ask.stands_by")+`")]`))
	b.do("see it at the desk", chromedp.Navigate(i.url+"/console/requests/"+request.ID), b.shows(contract.ThingAsk, "accepted"),
		chromedp.WaitVisible(`//span[contains(@class, "badge") and normalize-space() = "`+b.printer.T("wave.badge.filled")+`"]`))
	checkInvariants(t, i)
}

// startWave signs in and asks everybody whom the page would ask.
func (b browser) startWave(login, page string) {
	b.t.Helper()
	b.do("sign in", chromedp.Navigate(login), await(`a[href="/console/offers"]`))
	eventually(b.t, func() string {
		b.do("open the request", chromedp.Navigate(page), await(`#part-waves`))
		if !found(b, "count who would be asked", chromedp.Evaluate[bool](`document.querySelectorAll("#part-waves .row-list li").length === 3`)) {
			return "not all three would be asked"
		}
		return ""
	})
	b.do("ask them", press(`button[name="act"][value="start"]`), await(`button[name="act"][value="stop"]`))
}

// askLinks returns the links of all who are asked.
func (b browser) askLinks(staff client, request string) []string {
	b.t.Helper()
	var links []string
	for _, a := range staff.get(http.StatusOK, "/asks?request_id="+request).Items {
		links = append(links, staff.get(http.StatusOK, "/asks/"+a.ID+"/answer_link").URL)
	}
	if len(links) != 3 {
		b.t.Fatalf("%d are asked, want 3", len(links))
	}
	return links
}
