package main

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// retype replaces what stands in a field, as somebody does who selects all of it.
func retype(css, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(css), text)
}

// holds waits until an element shows a text, over any change of the page.
func holds(element, text string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(`//` + element + `[contains(., "` + text + `")]`)
}

func holdsNot(css, text string) chromedp.Action[chromedp.Void] {
	return until(`!document.querySelector('` + css + `').textContent.includes('` + text + `')`)
}

// signedIn returns the browser of a coordinator who has just followed a link.
func (i *instance) signedIn(t *testing.T, name string) browser {
	t.Helper()
	b := startBrowser(t)
	b.do("sign in", chromedp.Navigate(heli(t, "login", "--role", "coordinator", "--name", name, "--demo", "--data", i.data)),
		await(`a[href="/console/account"]`))
	return b
}

// TestTwoCoordinatorsOnOnePage sees each other, and the later save of the same field
// is shown the difference: nothing typed or saved is lost.
func TestTwoCoordinatorsOnOnePage(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	request := staff.post(http.StatusCreated, "/requests", requestDraft("隔离点口罩", "open", 10))
	page := i.url + "/console/requests/" + request.ID + "?lang=zh-Hans"
	one, two := i.signedIn(t, "调度员甲"), i.signedIn(t, "调度员乙")
	one.do("open the page", chromedp.Navigate(page), await(`#live[data-state="on"]`), await(`form[id="form-edit"]`))
	two.do("open the page too", chromedp.Navigate(page), await(`#live[data-state="on"]`), holds(`*[@id="part-present"]`, "调度员甲"))
	one.do("see the other", holds(`*[@id="part-present"]`, "调度员乙"))

	one.do("edit and save the title",
		press(`#edit summary`), retype(`#edit-title`, "隔离点口罩三千只"), press(`#form-edit button.btn-primary`),
		holds("h1", "隔离点口罩三千只"))
	two.do("see it without losing one's place", holds("h1", "隔离点口罩三千只"))
	two.do("save another title and more from the page of before",
		press(`#edit summary`), retype(`#edit-title`, "隔离点口罩两千只"), retype(`[name="description"]`, "库存只够用到今晚"),
		press(`#form-edit button.btn-primary`), await(`.clash`), holds(`dl[@class="clash"]`, "隔离点口罩三千只"), holds(`dl[@class="clash"]`, "隔离点口罩两千只"))
	if title := staff.get(http.StatusOK, "/requests/"+request.ID).Title; title != "隔离点口罩三千只" {
		t.Errorf("the later save overwrote the title: %q", title)
	}
	two.do("save what is in the form", press(`#form-edit button.btn-primary`), holds("h1", "隔离点口罩两千只"))
	got := staff.get(http.StatusOK, "/requests/"+request.ID)
	if got.Title != "隔离点口罩两千只" || got.Description != "库存只够用到今晚" {
		t.Errorf("saved %q, %q", got.Title, got.Description)
	}
	one.do("leave", chromedp.Navigate(i.url+"/console"), await(`#live[data-state="on"]`))
	two.do("see that the other has gone", holdsNot("#part-present", "调度员甲"))
	checkInvariants(t, i)
}

// signInAgain follows a new link in the same tab.
func (b browser) signInAgain(i *instance, name string) {
	b.t.Helper()
	b.do("sign in again", chromedp.Navigate(i.url+"/"),
		chromedp.Navigate(heli(b.t, "login", "--role", "coordinator", "--name", name, "--demo", "--data", i.data)),
		await(`main[data-person]`))
}

// noDraftKept waits until the tab keeps no draft.
const noDraftKept = `!Object.keys(sessionStorage).some((key) => key.startsWith("heli-draft-"))`

// TestACallOutlivesItsSession signs somebody out in the middle of a call: what was
// typed is there after signing in again, on the page where they were, and is saved once.
func TestACallOutlivesItsSession(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	b := i.signedIn(t, "接线员甲")
	b.do("note the call down",
		chromedp.Navigate(i.url+"/console/requests/new?lang=zh-Hans"), await(`#form-call`),
		fill("contact.phone", "+861000000123"), fill("contact.name", "演示"), fill("title", "急需口罩"),
		choose(`[name="urgency"][value="urgent"]`),
		chromedp.SetValue(chromedp.CSS(`[name="need_lines[0].category"]`), "ppe"),
		chromedp.SetValue(chromedp.CSS(`[name="region_code"]`), "610100"), fill("need_lines[0].quantity", "10"),
		choose(`[name="consent"]`), choose(`[name="open"]`))
	b.endSession()
	b.do("save without a session", press(`#form-call button.btn-primary`), await(`form[action="/console/login"]`))
	b.signInAgain(i, "接线员甲")
	b.do("find everything as it was", await(`#form-call [data-restored]`), until(`document.querySelector('[name="title"]').value === "急需口罩" &&
		document.querySelector('[name="region_code"]').value === "610100" && document.querySelector('[name="open"]').checked`))
	b.do("be led back from another page", chromedp.Navigate(i.url+"/console/offers"),
		chromedp.WaitVisible(chromedp.CSS(`#drafts a`)), press(`#drafts a`), await(`#form-call [data-restored]`))
	b.do("save", press(`#form-call button.btn-primary`), b.shows(contract.ThingRequest, "open"))
	b.do("have nothing left to go on with", until(noDraftKept))
	checkInvariants(t, i)
}

// TestEveryFormOutlivesItsSession ends the session of somebody who writes a note and
// corrects a request: both are there afterwards, for that person alone, until the
// server has taken them. A refusal keeps them too.
func TestEveryFormOutlivesItsSession(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	request := i.coordinator().post(http.StatusCreated, "/requests", requestDraft("隔离点口罩", "open", 10))
	page := i.url + "/console/requests/" + request.ID
	b := i.signedIn(t, "调度员甲")
	typed := until(`document.querySelector('[name="text"]').value === "已联系，等回复" && document.querySelector('#edit').open &&
		document.querySelector('#edit-title').value === "三千只隔离点口罩"`)
	b.do("type a note and another title", chromedp.Navigate(page+"?lang=zh-Hans"), await(`#live[data-state="on"]`), fill("text", "已联系，等回复"),
		press(`#edit summary`), chromedp.SendKeys(chromedp.CSS(`#edit-title`), "三千只"))
	b.endSession()
	b.do("send the note without a session", press(`form[action$="/notes"] button`), await(`form[action="/console/login"]`))
	b.signInAgain(i, "调度员甲")
	b.do("be where one was, with all that was typed", until(`location.pathname.endsWith("`+request.ID+`")`), typed)
	b.endSession()
	b.do("lose the session again", chromedp.Navigate(page), await(`form[action="/console/login"]`))
	b.signInAgain(i, "调度员乙")
	b.do("show it to nobody else", chromedp.Navigate(page), await(`#live[data-state="on"]`), until(
		`document.querySelector('[name="text"]').value === "" && !document.querySelector('[data-restored]')`), until(noDraftKept))
	b.do("be refused and keep what was typed", fill("text", "   "),
		press(`form[action$="/notes"] button`), await(`.alert-error`), fill("text", "已办"), press(`form[action$="/notes"] button`),
		holds(`*[@id="part-history"]`, "已办"), until(noDraftKept))
	checkInvariants(t, i)
}

// TestAnEndedSessionIsToldToWhoeverTypes ends a session while a note is being typed:
// the page says so and stays.
func TestAnEndedSessionIsToldToWhoeverTypes(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	request := staff.post(http.StatusCreated, "/requests", requestDraft("隔离点口罩", "open", 10))
	b := i.signedIn(t, "调度员甲")
	b.do("begin a note", chromedp.Navigate(i.url+"/console/requests/"+request.ID+"?lang=zh-Hans"), await(`#live[data-state="on"]`), fill("text", "已联系"))
	b.endSession()
	staff.post(http.StatusCreated, "/offers", offerDraft("口罩", "available", 10)) // the stream looks who hears of it
	b.do("hear of the end and go on typing", await(`[data-ended]:not([hidden])`), fill("text", "，等回复"))
	b.do("send it", press(`form[action$="/notes"] button`), await(`form[action="/console/login"]`))
}

// TestANoteIsKeptOverALostConnection writes a note while the connection is lost: the
// page says so instead of leaving, and sends it once the way is back.
func TestANoteIsKeptOverALostConnection(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	request := i.coordinator().post(http.StatusCreated, "/requests", requestDraft("隔离点口罩", "open", 10))
	way := newLostWay(t, i.url)
	b := i.signedIn(t, "调度员")
	b.do("type a note", chromedp.Navigate(way.URL+"/console/requests/"+request.ID+"?lang=zh-Hans"), await(`#live[data-state="on"]`), fill("text", "已联系，等回复"))
	b.lose(way, cut, press(`form[action$="/notes"] button`))
	way.state.Store(connected)
	b.do("see it arrive", holds(`*[@id="part-history"]`, "已联系，等回复"), until(noDraftKept))
	checkInvariants(t, i)
}

// endSession ends the session behind the page's back, as time does.
func (b browser) endSession() {
	b.t.Helper()
	b.do("lose the session", until(`(() => {
		const call = new XMLHttpRequest();
		call.open("POST", "/console/logout", false);
		call.send();
		return call.status;
	})()`))
}
