package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/locale"
)

// TestEveryRoleReachesWhatItMay walks all pages in every role: what a role may
// not read is refused, and no page shows a key or breaks the content policy.
func TestEveryRoleReachesWhatItMay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const ok, refused, unknown, moved = http.StatusOK, http.StatusForbidden, http.StatusNotFound, http.StatusSeeOther
	for _, tt := range []struct {
		path                                          string
		administrator, coordinator, lead, audit, help int
	}{
		{"/console", ok, ok, moved, ok, moved},
		{"/console?tab=disputed&urgency=urgent&category=ppe&region=610100&text=x&state=open", ok, ok, moved, ok, moved},
		{"/console/requests/" + requestID, ok, ok, unknown, ok, refused},
		{"/console/requests/" + requestID + "?offer=KTYJ-4W94W", ok, ok, unknown, ok, refused},
		{"/console/requests/" + offerID, unknown, unknown, unknown, unknown, refused},
		{"/console/offers", ok, ok, ok, ok, refused},
		{"/console/offers/" + offerID, ok, ok, ok, ok, refused},
		{"/console/matches?queue=stuck", ok, ok, ok, ok, refused},
		{"/console/matches/" + matchID, ok, ok, ok, ok, refused},
		{"/console/webhooks", ok, ok, refused, refused, refused},
		{"/console/webhooks/" + hookID, ok, ok, refused, refused, refused},
		{"/console/organisations", ok, ok, ok, ok, ok},
		{"/console/complaints", ok, ok, refused, refused, refused},
		{"/console/complaints/" + complaintID, ok, ok, refused, refused, refused},
		{"/console/complaints/" + offerID, unknown, unknown, refused, refused, refused},
		{"/console/alerts", ok, refused, refused, ok, refused},
		{"/console/style", ok, ok, ok, ok, ok},
		{"/console/people", ok, refused, ok, refused, refused},
		{"/console/people/" + personID, ok, refused, ok, refused, refused},
		{"/console/people/" + offerID, unknown, refused, unknown, refused, refused},
		{"/console/keys", ok, refused, refused, refused, refused},
		{"/console/account", ok, ok, ok, ok, ok},
		{"/console/nothing", unknown, unknown, unknown, unknown, unknown},
	} {
		for role, want := range map[contract.Role]int{
			contract.RoleAdministrator: tt.administrator, contract.RoleCoordinator: tt.coordinator,
			contract.RoleAgencyLead: tt.lead, contract.RoleAuditor: tt.audit, contract.RoleHelper: tt.help,
		} {
			if got := d.signIn(role).get(tt.path); got.status != want {
				t.Errorf("%s as %s gave %d, want %d", tt.path, role, got.status, want)
			}
		}
	}
}

// TestEveryRoleBeginsOnAPageOfItsOwn follows the first page to one that opens.
func TestEveryRoleBeginsOnAPageOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for role, first := range map[contract.Role]string{
		contract.RoleAdministrator: "", contract.RoleCoordinator: "", contract.RoleAuditor: "", contract.RoleIntegrator: "",
		contract.RoleAgencyLead: "/console/pool", contract.RoleHelper: "/console/account",
	} {
		begun := d.signIn(role).get("/console")
		if at := begun.header.Get("Location"); at != first {
			t.Errorf("%s begins on %q, want %q", role, at, first)
		}
		if first != "" {
			d.signIn(role).get(first).shows(t, http.StatusOK)
		}
	}
	d.signIn(contract.RoleHelper).get("/console/account").shows(t, http.StatusOK, `href="/answer"`)
}

func TestNobodyGetsInWithoutSigningIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	stranger := d.stranger()
	for _, path := range []string{"/console", "/console/requests/" + requestID, "/console/webhooks"} {
		if got := stranger.get(path); got.status != http.StatusSeeOther || got.header.Get("Location") != "/console/login" {
			t.Errorf("%s gave %d to %q", path, got.status, got.header.Get("Location"))
		}
	}
	if got := stranger.post("/console/requests/"+requestID+"/move", url.Values{"move": {"close"}}); got.status != http.StatusSeeOther {
		t.Errorf("a move gave %d", got.status)
	}
	for _, path := range []string{"/console?part=queue", "/console/live"} {
		part := stranger.get(path)
		if part.status != http.StatusUnauthorized || part.body != "" {
			t.Errorf("%s, which a page asks for, gave %d: %s", path, part.status, part.body)
		}
	}
	stranger.post("/console/login", url.Values{"token": {"wrong"}}).shows(t, http.StatusForbidden, "does not work any more")
	if n := d.times(contract.RequestGet.Subject) + d.times(contract.RequestMove.Subject); n != 0 {
		t.Errorf("the request service was asked %d times", n)
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console").shows(t, http.StatusOK, "测试员甲", "陕西省社会组织服务中心")
	r.post("/console/logout", url.Values{})
	if got := r.get("/console"); got.status != http.StatusSeeOther {
		t.Errorf("after signing out the queue gave %d", got.status)
	}
}

var (
	rawKey  = regexp.MustCompile(`>\s*(console|move|state|reason|factor|factor_name|missing|rule)\.[a-z_.0-9]+\s*<`)
	element = regexp.MustCompile(` id="([^"]+)"`)
	points  = regexp.MustCompile(` (?:for|form|aria-describedby|aria-labelledby)="([^"]+)"`)
)

// TestPagesAreWholeInEveryLanguage looks at every page in three languages for
// keys without a text, ids that stand twice or lead nowhere, and what the
// Content-Security-Policy forbids.
func TestPagesAreWholeInEveryLanguage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAdministrator)
	for _, lang := range locale.Languages() {
		r.lang = string(lang)
		for _, path := range []string{
			"/console", "/console/requests/" + requestID + "?offer=KTYJ-4W94W", "/console/offers", "/console/offers/" + offerID,
			"/console/matches", "/console/matches/" + matchID, "/console/webhooks", "/console/webhooks/" + hookID,
			"/console/organisations", "/console/login", "/console/people", "/console/people/" + personID, "/console/keys", "/console/account",
		} {
			page := r.get(path)
			page.shows(t, http.StatusOK, `lang="`+string(lang)+`"`)
			if key := rawKey.FindString(page.body); key != "" {
				t.Errorf("%s in %s shows a key: %s", path, lang, key)
			}
			for _, forbidden := range []string{" style=", "<style", " onclick=", "javascript:", "hx-on"} {
				if strings.Contains(page.body, forbidden) {
					t.Errorf("%s has %q", path, forbidden)
				}
			}
			checkIDs(t, path, page.body)
		}
	}
}

func checkIDs(t *testing.T, path, html string) {
	t.Helper()
	known := map[string]bool{}
	for _, match := range element.FindAllStringSubmatch(html, -1) {
		if known[match[1]] {
			t.Errorf("%s: the id %q stands twice", path, match[1])
		}
		known[match[1]] = true
	}
	for _, match := range points.FindAllStringSubmatch(html, -1) {
		for id := range strings.FieldsSeq(match[1]) {
			if !known[id] {
				t.Errorf("%s: nothing has the id %q", path, id)
			}
		}
	}
}
