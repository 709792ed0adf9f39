package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"heli/pkg/contract"
)

// emptyDesk is an organisation in which nothing has ever happened.
const emptyDesk = "new"

// administrating is an administrator, named alike by nobody else.
func (i *instance) administrating(t *testing.T, name string) visitor {
	t.Helper()
	link := heli(t, "login", "--role", "administrator", "--name", name, "--demo", "--data", i.data)
	v := newVisitor(t, i.url)
	v.post("/console/login", url.Values{"token": {link[strings.IndexByte(link, '#')+1:]}}).leadsTo(t, "/console")
	return v
}

// registerEmpty adds it.
func (i *instance) registerEmpty() {
	i.t.Helper()
	made := i.administrating(i.t, "管理员").post("/console/registry/new", url.Values{
		"id": {contract.NewID[string]()}, "code": {emptyDesk}, "name": {"新成立的救援队"}, "kind": {"charity"}, "level": {"city"},
		"region_code": {"610100"}, "parent_code": {"root"},
	})
	if made.status != http.StatusSeeOther {
		i.t.Fatalf("register an organisation: %d: %s", made.status, made.body)
	}
}

// emptyPages are the twins of full pages that somebody sees on the first day.
func emptyPages() (pages []shownPage) {
	for _, room := range []struct {
		as    contract.Role
		paths []string
	}{
		{contract.RoleCoordinator, []string{
			"/console", "/console/mentions", "/console/offers", "/console/matches", "/console/plan", "/console/dashboard", "/console/wall",
			"/console/map", "/console/sessions", "/console/imports", "/console/messages",
		}},
		{contract.RoleAgencyLead, []string{"/console/pool", "/console/calendars", "/console/imports?kind=offers"}},
		{contract.RoleAdministrator, []string{
			"/console/alerts", "/console/people", "/console/keys", "/console/organisations", "/console/organisations/" + emptyDesk,
			"/console/policies", "/console/forms", "/console/audit", "/console/webhooks", "/console/complaints",
		}},
	} {
		for _, path := range room.paths {
			pages = append(pages, shownPage{name: "new organisation, " + path, path: path, as: room.as, at: emptyDesk})
		}
	}
	return pages
}

// signInPages are the steps of somebody who is invited, and then signs in by password
// and code. Each is where the one before has led; a wrong password leads to the page
// of the code as a right one does.
func signInPages() []shownPage {
	enrol, password, code := "/console/enrol", `form[action="/console/enrol/password"]`, `form[action="/console/login/code"]`
	app := []chromedp.Action[chromedp.Void]{press(`form[action="/console/enrol/totp"] button`), await(`svg.qr`)}
	return []shownPage{
		{name: "invitation that is none", path: "/console/login", prepare: sendForm("/console/login", url.Values{"token": {"none"}}, `.alert-error`), fails: http.StatusForbidden},
		{name: "enrolment, password", path: enrol, before: (*walk).followInvitation},
		{name: "enrolment, password refused", path: enrol, prepare: []chromedp.Action[chromedp.Void]{
			fill("login_name", "x"), fill("password", "password2020!"), press(password + " button"), await(`#f-password-error`),
		}},
		{name: "enrolment, second factor", path: enrol, before: (*walk).setPassword},
		{name: "enrolment, app", path: enrol, prepare: app},
		{name: "enrolment, code refused", path: enrol, prepare: append(app[:2:2],
			fill("code", "000000"), press(`form[action="/console/enrol/totp/confirm"] button`), await(`#f-code-error`))},
		{name: "enrolment, recovery codes", path: enrol, prepare: app, then: (*walk).confirmApp},
		{name: "code at sign-in", path: "/console/login/code", before: (*walk).typePassword},
		{name: "code at sign-in, wrong", path: "/console/login/code", prepare: []chromedp.Action[chromedp.Void]{
			fill("code", "000000"), press(code + " button"), await(`[data-error-summary]`),
		}},
	}
}

// invitation is the link that whoever invites is shown.
var invitation = regexp.MustCompile(`http[^"<> ]+/console/login[^"<> ]*#[A-Z0-9]+`)

func (w *walk) followInvitation() {
	w.t.Helper()
	w.newcomer = fmt.Sprint("newcomer", strings.ToLower(strings.ReplaceAll(string(w.lang), "-", "")))
	page := w.i.administrating(w.t, "管理员"+string(w.lang)).post("/console/people", url.Values{
		"id": {contract.NewID[string]()}, "name": {"新同事" + string(w.lang)}, "role": {string(contract.RoleCoordinator)},
		"organisation": {"root"}, "language": {string(w.lang)},
	})
	link := invitation.FindString(page.body)
	if link == "" {
		w.t.Fatalf("invite somebody: %d: %.2000s", page.status, page.body)
	}
	w.do("follow an invitation", chromedp.Navigate(w.i.url+"/"), chromedp.Navigate(link), await(`form[action="/console/enrol/password"]`))
}

func (w *walk) setPassword() {
	w.t.Helper()
	w.do("set a password", chromedp.Navigate(w.i.url+"/console/enrol"), fill("login_name", w.newcomer), fill("password", typedPassword),
		press(`form[action="/console/enrol/password"] button`), await(`form[action="/console/enrol/totp"]`))
}

func (w *walk) confirmApp() {
	w.t.Helper()
	secret := found(w.browser, "read the secret", chromedp.Value(chromedp.CSS(`input[name="secret"]`)))
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.do("confirm the app", fill("code", code), press(`form[action="/console/enrol/totp/confirm"] button`), await(`.recovery-codes`))
}

func (w *walk) signOut() {
	w.t.Helper()
	w.do("sign out", chromedp.Navigate(w.i.url+"/console"), press(`form[action="/console/logout"] button`), await(`form[action="/console/login"]`))
}

func (w *walk) typePassword() {
	w.t.Helper()
	w.signOut()
	w.do("type the password", fill("name", w.newcomer), fill("password", typedPassword),
		press(`form[action="/console/login"] button.btn-primary`), await(`input[name="code"]`))
}

// clash has somebody else save the title while this page is open, and then sends
// another one.
func clash(request string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		await(`#form-edit`),
		chromedp.Evaluate[chromedp.Void](`(async () => {
			const form = document.querySelector("#form-edit");
			const theirs = new URLSearchParams(new FormData(form));
			theirs.set("title", theirs.get("title").slice(0, 100) + " " + Date.now());
			const saved = await fetch("`+request+`/edit", { method: "POST", body: theirs });
			if (!saved.ok) throw new Error("the first save gave " + saved.status);
			form.querySelector("[name=title]").value = "别的标题 " + Date.now();
			form.submit();
		})()`, chromedp.EvalAwaitPromise),
		await(`dl.clash`),
	}
}

// unavailablePages are shown while the request service cannot reach its tables.
func unavailablePages(f furnishings) []shownPage {
	coordinator := contract.RoleCoordinator
	unavailable := []chromedp.Action[chromedp.Void]{await(`main :is(.alert-error, a.btn-primary)`)}
	return []shownPage{
		{name: "queue, unavailable", path: "/console?tab=all", as: coordinator, prepare: unavailable, fails: http.StatusServiceUnavailable},
		{name: "request, unavailable", path: "/console/requests/" + f.request, as: coordinator, prepare: unavailable, fails: http.StatusServiceUnavailable},
		{name: "tracking, unavailable", path: "/board/" + f.code, as: coordinator, prepare: unavailable, fails: http.StatusServiceUnavailable},
	}
}

// withoutTables calls look while the request service reaches its tables as little as
// when PostgreSQL has no connection left.
func (i *instance) withoutTables(look func()) {
	i.t.Helper()
	db := i.database()
	limit := func(most int) {
		_, err := db.ExecContext(i.t.Context(), fmt.Sprintf(`ALTER ROLE request_user CONNECTION LIMIT %d`, most))
		if err != nil {
			i.t.Fatalf("limit connections: %v", err)
		}
	}
	limit(0)
	defer limit(-1)
	if _, err := db.ExecContext(i.t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'request_user'`); err != nil {
		i.t.Fatalf("end connections: %v", err)
	}
	if status := newVisitor(i.t, i.url).get("/board").status; status != http.StatusServiceUnavailable {
		i.t.Fatalf("without tables the board gives %d", status)
	}
	look()
}
