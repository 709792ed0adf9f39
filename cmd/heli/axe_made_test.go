package main

import (
	"net/url"
	"strings"

	"github.com/chromedp/chromedp"

	"heli/pkg/contract"
)

// madePages are shown right after something was made or brought in: secrets that are
// told once, tables on their way, what is opened from a list.
func madePages() []shownPage {
	admin := contract.RoleAdministrator
	follow := func(css, answer string) []chromedp.Action[chromedp.Void] {
		return []chromedp.Action[chromedp.Void]{press(css), await(answer)}
	}
	return []shownPage{
		{name: "table, mapped", path: "/console/imports", as: admin, prepare: bring(oddTable, `button[name="act"][value="take"]`)},
		{name: "table, brought in", path: "/console/imports", as: admin, prepare: append(
			bring(oddTable, `button[name="act"][value="take"]`), follow(`button[name="act"][value="take"]`, `button[name="act"][value="undo"]`)...)},
		{name: "form of another program, its secret", path: "/console/forms", as: admin, prepare: sendForm(
			"/console/forms", url.Values{"kind": {"needs"}, "name": {"街道办·金数据"}}, `.secret-value`)},
		{name: "form of another program", path: "/console/forms", as: admin, prepare: follow(
			`main a[href^="/console/forms/"]`, `button[name="act"][value="rotate"]`)},
		{name: "session", path: "/console/sessions", as: admin, prepare: follow(`main td a[href^="/console/sessions/"]`, `form[action$="/roster"]`)},
		{name: "webhook, its secret", path: "/console/webhooks", as: admin, prepare: sendForm("/console/webhooks", url.Values{
			"id": {contract.NewID[string]()}, "kind": {"webhook"}, "url": {"https://127.0.0.1/" + strings.Repeat("long", 30)}, "events": {"*"},
		}, `.secret-value`)},
		{name: "key, its secret", path: "/console/keys", as: admin, prepare: sendForm("/console/keys", url.Values{
			"id": {contract.NewID[string]()}, "name": {"另一个程序"}, "role": {"integrator"}, "organisation": {"root"}, "expires_at": {"2027-10-01"},
		}, `.secret-value`)},
		{name: "calendar, its address", path: "/console/calendars", as: admin, prepare: sendForm("/console/calendars", url.Values{
			"id": {contract.NewID[string]()}, "name": {"街道办·金数据"},
		}, `.secret-value`)},
		{name: "policy, tried", path: "/console/policies/edit?version=1", as: admin, prepare: submit(`form[action="/console/policies/try"]`, await(`main .alert, main table`))},
		{name: "account of a helper", path: "/console/account", as: contract.RoleHelper},
	}
}

// oddTable is of another program: some rows can be taken, two cannot. Its last
// row is named by the language: what is there already is not brought in again.
const oddTable = "联系人,手机,城市,要什么,数量\\n甲,13800001234,陕西,N95口罩,200\\n乙,123,陕西,N95口罩,200\\n丙,13800001235,陕西,=1+1,3\\n"

// bring brings a table in by the page's own form, and waits for what its page shows.
func bring(table, answer string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		chromedp.Evaluate[chromedp.Void](`(async () => {
			const body = new FormData(document.querySelector('form[enctype="multipart/form-data"]'));
			for (const [name, value] of body) if (value instanceof File) body.set(name, new File(["`+table+`" + document.documentElement.lang + ",13800001236,陕西,N95口罩,100"], "急需物资.csv"));
			body.set("kind", "needs");
			const sent = await fetch("/console/imports", { method: "POST", body });
			if (!sent.ok) throw new Error("the table gave " + sent.status);
			location = sent.url;
		})()`, chromedp.EvalAwaitPromise),
		await(answer),
	}
}
