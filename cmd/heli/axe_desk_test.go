package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// publicRoom names the pages that nobody signs in for: a browser has a visitor's code
// there.
const publicRoom = "public"

// longTitle breaks nowhere of itself.
const longTitle = "急需医用外科口罩一千只并请送到社区封控卡口Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"

// furnishings are the things that the pages of the console show.
type furnishings struct {
	code                                             string // on the public board
	request, alike, offer, match, complaint, webhook string
	organisation                                     string
}

// furnish makes one of everything.
func (i *instance) furnish() furnishings {
	i.t.Helper()
	i.registerEmpty()
	staff, v := i.coordinator(), i.visiting()
	f := furnishings{code: i.publishOne(), organisation: "root"}
	wanted := staff.post(http.StatusCreated, "/requests", requestDraft(longTitle, "open", 1000))
	f.alike = staff.post(http.StatusCreated, "/requests", requestDraft("急需口罩", "open", 100)).ID
	offered := staff.post(http.StatusCreated, "/offers", offerDraft(longTitle, "available", 600))
	staff.post(http.StatusCreated, "/offers", offerDraft("口罩一百只", "available", 100))
	awaitSuggestion(i.t, staff, wanted.ID, offered.ID)
	f.request, f.offer = wanted.ID, offered.ID
	f.match = staff.post(http.StatusCreated, "/matches", proposal(wanted, offered, 10)).ID
	v.post("/console/requests/"+f.request+"/notes", url.Values{"note_id": {contract.NewID[string]()}, "text": {longTitle + " @演示"}})
	v.post("/console/requests/"+f.request+"/link", url.Values{"other": {f.alike}, "do": {"link"}, "urgency": {"urgent"}})
	f.complaint = contract.NewID[string]()
	v.post("/console/matches/"+f.match+"/complain", url.Values{
		"id": {f.complaint}, "kind": {string(contract.ComplaintHarassment)}, "about": {string(contract.SideHelper)}, "text": {longTitle},
	})
	staff.post(http.StatusCreated, "/sessions", map[string]any{
		"held_on": "2026-01-02", "minutes": 50, "people": 3, "mode": "remote", "group": true, "category": "care", "region_code": "610100",
	})
	hooks := startReceiver(i.t)
	f.webhook = staff.post(http.StatusCreated, "/webhooks", map[string]any{"url": hooks.URL + "/" + strings.Repeat("long", 30), "events": []string{"*"}}).ID
	return f
}

// rooms returns the pages by the rooms that they are in.
func (f furnishings) rooms() map[string][]shownPage {
	return map[string][]shownPage{
		publicRoom: shownToPublic(f.code), "queue": f.queuePages(), "request": f.requestPages(), "desk": f.deskPages(), "administration": f.administrationPages(),
		"sign-in": signInPages(), "empty": emptyPages(), "help": helpPages(), "ask": askPages(), "made": madePages(),
	}
}

func opens(name string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		await(`[data-open="` + name + `"]:not([hidden])`), chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-open="` + name + `"]').click()`),
		await(`#` + name + `[open]`),
	}
}

// queuePages are the queue and what leads away from it.
func (f furnishings) queuePages() []shownPage {
	bulk := func(move, answer string) []chromedp.Action[chromedp.Void] {
		return sendForm("/console/bulk", url.Values{"move": {move}, "pick": {f.request, f.alike}, "query": {"tab=all"}}, answer)
	}
	coordinator := contract.RoleCoordinator
	return []shownPage{
		{name: "queue", path: "/console?tab=all", as: coordinator},
		{name: "queue, all columns", path: "/console?tab=all&columns=urgency&columns=place&columns=age&columns=source&columns=claimed&columns=state", as: coordinator},
		{name: "queue, awaiting an answer", path: "/console?tab=awaiting", as: coordinator},
		{name: "queue, nothing fits", path: "/console?tab=all&text=nothing", as: coordinator},
		{name: "a published request in the queue", path: "/console?tab=all&text=" + f.code, as: coordinator},
		{name: "command palette", path: "/console?tab=all", as: coordinator, prepare: append(opens("palette"), await(`#palette-list [role="option"]`))},
		{name: "menu", path: "/console?tab=all", as: coordinator, prepare: []chromedp.Action[chromedp.Void]{
			chromedp.Evaluate[chromedp.Void](`document.querySelector(".console-menu").open = true`), await(`.console-menu[open]`),
		}},
		{name: "keys", path: "/console?tab=all", as: coordinator, prepare: opens("keys")},
		{name: "bulk act, asking", path: "/console?tab=all", as: coordinator, prepare: bulk("hold", `#bulk-reason`)},
		{name: "bulk act, preview", path: "/console?tab=all", as: coordinator, prepare: bulk("claim", `[data-bulk-row]`)},
		{name: "bulk act, wrong", path: "/console?tab=all", as: coordinator, prepare: bulk("erase", `h1`)},
		{name: "unknown request", path: "/console/requests/" + contract.NewID[string](), as: coordinator, fails: http.StatusNotFound},
		{name: "not for this role", path: "/console/people", as: coordinator, fails: http.StatusForbidden},
		{name: "mentions", path: "/console/mentions", as: coordinator},
		{name: "style", path: "/console/style", as: coordinator},
	}
}

// requestPages are those about one request, and the form that takes one down.
func (f furnishings) requestPages() []shownPage {
	coordinator, request := contract.RoleCoordinator, "/console/requests/"+f.request
	call := func(values url.Values, answer string) []chromedp.Action[chromedp.Void] {
		return sendForm("/console/requests/new", values, answer)
	}
	return []shownPage{
		{name: "request", path: request, as: coordinator},
		{name: "request, why not", path: request + "?verdict=" + f.code, as: coordinator},
		{name: "request, contact shown", path: request, as: coordinator, prepare: sendForm(request+"/contact", url.Values{"reason": {"演示"}}, `h1`)},
		{name: "request, note refused", path: request, as: coordinator, prepare: sendForm(request+"/notes", nil, `.alert-error`)},
		{name: "request, edit refused", path: request, as: coordinator, prepare: sendForm(request+"/edit", url.Values{"title": {""}}, `.alert-error`)},
		{name: "request, edit clash", path: request, as: coordinator, prepare: clash(request)},
		{name: "request, move refused", path: request, as: coordinator, prepare: sendForm(request+"/move", url.Values{"move": {"triage"}}, `.alert-error`)},
		{name: "alike", path: request + "/alike", as: coordinator},
		{name: "alike, side by side", path: request + "/alike?other=" + f.alike, as: coordinator},
		{name: "call", path: "/console/requests/new", as: coordinator},
		{name: "call, wrong", path: "/console/requests/new", as: coordinator, prepare: call(url.Values{"lines": {"2"}}, `[data-error-summary]`)},
		{name: "call, known caller", path: "/console/requests/new", as: coordinator, prepare: call(url.Values{
			"do": {"look_up"}, "contact.phone": {"+861000000123"},
		}, `a[href="`+request+`"]`)},
	}
}

// deskPages are the other pages of coordinators and agencies.
func (f furnishings) deskPages() []shownPage {
	coordinator, lead := contract.RoleCoordinator, contract.RoleAgencyLead
	offer, match := "/console/offers/"+f.offer, "/console/matches/"+f.match
	return []shownPage{
		{name: "offers", path: "/console/offers?tab=all", as: coordinator},
		{name: "offers, nothing fits", path: "/console/offers?text=nothing", as: coordinator},
		{name: "offer", path: offer, as: coordinator},
		{name: "offer, move refused", path: offer, as: coordinator, prepare: sendForm(offer+"/move", url.Values{"move": {"vet"}}, `.alert-error`)},
		{name: "matches", path: "/console/matches?queue=awaiting", as: coordinator},
		{name: "matches, none", path: "/console/matches?queue=stuck", as: coordinator},
		{name: "match", path: match, as: coordinator},
		{name: "match, complaint refused", path: match, as: coordinator, prepare: sendForm(match+"/complain", nil, `.alert-error`)},
		{name: "plan", path: "/console/plan", as: coordinator},
		{name: "plan, nothing to do", path: "/console/plan?category=customs", as: coordinator},
		{name: "dashboard", path: "/console/dashboard", as: coordinator},
		{name: "dashboard, nothing fits", path: "/console/dashboard?category=customs", as: coordinator},
		{name: "wall", path: "/console/wall", as: coordinator},
		{name: "map", path: "/console/map", as: coordinator},
		{name: "map, a region", path: "/console/map?region=610000", as: coordinator},
		{name: "sessions", path: "/console/sessions", as: coordinator},
		{name: "sessions by a table", path: "/console/imports?kind=sessions", as: coordinator},
		{name: "sessions, wrong", path: "/console/sessions", as: coordinator, prepare: sendForm("/console/sessions", nil, `[data-error-summary]`)},
		{name: "tables", path: "/console/imports", as: coordinator},
		{name: "table, to be mapped", path: "/console/imports", as: coordinator, prepare: table("needs", "待办.csv", someNeeds, `select[name="column.item"]`)},
		{name: "table, taken in", path: "/console/imports", as: coordinator, prepare: append(
			table("needs", "已导入.csv", someNeeds, `h1`), taken()...,
		)},
		{name: "messages", path: "/console/messages", as: coordinator},
		{name: "account", path: "/console/account", as: coordinator},
		{name: "pool", path: "/console/pool", as: lead},
		{name: "calendars", path: "/console/calendars", as: lead},
		{name: "tables of offers", path: "/console/imports?kind=offers", as: lead},
	}
}

// administrationPages are those of administrators, and the steps of a new colleague.
func (f furnishings) administrationPages() []shownPage {
	admin := contract.RoleAdministrator
	return []shownPage{
		{name: "alerts", path: "/console/alerts", as: admin},
		{name: "people", path: "/console/people", as: admin},
		{name: "invitation, wrong", path: "/console/people", as: admin, prepare: sendForm("/console/people", url.Values{"name": {""}}, `h1`)},
		{name: "person", path: "/console/people", as: admin, prepare: []chromedp.Action[chromedp.Void]{
			press(`main td a[href^="/console/people/"]`), await(`form[action$="/grant"]`),
		}},
		{name: "keys of the API", path: "/console/keys", as: admin},
		{name: "key, wrong", path: "/console/keys", as: admin, prepare: sendForm("/console/keys", url.Values{"name": {""}}, `h1`)},
		{name: "organisations", path: "/console/organisations", as: admin},
		{name: "organisation", path: "/console/organisations/" + f.organisation, as: admin},
		{name: "new organisation", path: "/console/registry/new", as: admin},
		{name: "new organisation, wrong", path: "/console/registry/new", as: admin, prepare: sendForm("/console/registry/new", nil, `.alert-error`)},
		{name: "tables of organisations", path: "/console/imports?kind=organisations", as: admin},
		{name: "table of organisations, to be mapped", path: "/console/imports", as: admin, prepare: table(
			"organisations", "机构.csv", someOrganisations, `select[name="column.code"]`,
		)},
		{name: "categories", path: "/console/categories", as: admin},
		{name: "category, wrong", path: "/console/categories", as: admin, prepare: sendForm("/console/categories", url.Values{"new": {"1"}}, `.alert-error`)},
		{name: "policies", path: "/console/policies", as: admin},
		{name: "policy", path: "/console/policies/edit?version=1", as: admin},
		{name: "policy, wrong", path: "/console/policies/edit?version=1", as: admin, prepare: append(
			[]chromedp.Action[chromedp.Void]{chromedp.SetValue(chromedp.CSS(`[name="weights.closeness"]`), "-5")},
			submit(`form[action="/console/policies/try"]`, await(`[data-error-summary]`))...)},
		{name: "forms of other programs", path: "/console/forms", as: admin},
		{name: "form of another program, wrong", path: "/console/forms", as: admin, prepare: sendForm("/console/forms", nil, `.alert-error`)},
		{name: "form of another program, new", path: "/console/forms", as: admin, prepare: sendForm("/console/forms", url.Values{
			"kind": {"needs"}, "name": {"街道表单"},
		}, `h1`)},
		{name: "dead letters", path: "/console/letters", as: admin},
		{name: "audit", path: "/console/audit", as: admin},
		{name: "webhooks", path: "/console/webhooks", as: admin},
		{name: "webhook, wrong", path: "/console/webhooks", as: admin, prepare: sendForm("/console/webhooks", nil, `.alert-error`)},
		{name: "webhook", path: "/console/webhooks/" + f.webhook, as: admin},
		{name: "complaints", path: "/console/complaints", as: admin},
		{name: "complaint", path: "/console/complaints/" + f.complaint, as: admin},
		{name: "complaint, words read", path: "/console/complaints/" + f.complaint, as: admin, prepare: sendForm("/console/complaints/"+f.complaint+"/text", nil, `h1`)},
	}
}
