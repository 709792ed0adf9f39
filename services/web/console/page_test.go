package console_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

// volatile are what differs from one rendering to the next.
var volatile = regexp.MustCompile(`\?v=[0-9a-f]{16}|data-person="[^"]+"|name="(note_id|match_id|match_code|view_id|attachment_id|added_id)" value="[^"]+"`)

// TestPagesAreAsRecorded compares with testdata; HELI_WRITE_GOLDEN=1 records anew.
func TestPagesAreAsRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	for _, lang := range []string{"en", "zh-Hans"} {
		r.lang = lang
		for name, path := range map[string]string{"queue": "/console?tab=to_match", "request": "/console/requests/" + requestID, "plan": "/console/plan"} {
			html := volatile.ReplaceAllString(r.get(path).body, "VOLATILE")
			for id, generation := range map[string]int{matchID: 0, askID: 1} {
				html = strings.ReplaceAll(html, site.Pin(d.site.Keys, site.Answer, id, generation), "PIN")
				html = strings.ReplaceAll(html, site.Token(d.site.Keys, site.Answer, id, generation), "TOKEN")
			}
			got := strings.ReplaceAll(html, "><", ">\n<") + "\n"
			golden := filepath.Join("testdata", name+"."+lang+".html")
			if os.Getenv("HELI_WRITE_GOLDEN") != "" {
				must(t, os.MkdirAll("testdata", 0o755))
				must(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s in %s (-recorded +now):\n%s", name, lang, diff)
			}
		}
	}
}

func TestTheQueueAsksForWhatTheAddressSays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	page := r.get("/console?tab=to_match&urgency=urgent&category=ppe&region=610100&text=mask&cursor=abc")
	page.shows(t, http.StatusOK, "社区隔离点急需口罩", "K7FM-3QRAG", "cursor=further", "Awaiting answer")
	got := last[contract.ListRequests](d, contract.RequestList.Subject)
	want := contract.ListRequests{
		Page: contract.Page{Cursor: "abc"}, States: []string{"triaged", "open", "partially_matched", "reopened"},
		Urgencies: []contract.Urgency{contract.Urgent}, Categories: []string{"ppe"}, RegionCode: "610100", Text: "mask",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the list was asked (-want +got):\n%s", diff)
	}
	r.get("/console?state=closed")
	if got := last[contract.ListRequests](d, contract.RequestList.Subject).States; !cmp.Equal(got, []string{"closed"}) {
		t.Errorf("the state alone asked for %v", got)
	}
}

// TestAPageStandsWhileItsServiceDoesNot shows why a list is missing, and has a
// part keep trying.
func TestAPageStandsWhileItsServiceDoesNot(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	d.change(func() { d.listErr = fault.NewUnavailable(errors.New("down")) })
	r.get("/console").shows(t, http.StatusServiceUnavailable, "console-nav", "Please try again in a minute")
	r.get("/console?part=queue").shows(t, http.StatusServiceUnavailable, `id="part-queue"`, `hx-trigger="changed from:#live`, "Please try again")
	d.change(func() { d.listErr = fault.NewInvalid(fault.Field{Location: "cursor", Code: "malformed"}) })
	r.get("/console?cursor=x").shows(t, http.StatusUnprocessableEntity, "console-nav")
}

func TestPartsComeAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	for path, want := range map[string]string{
		"/console?part=queue":                                  `id="part-queue"`,
		"/console/offers?part=queue":                           `id="part-queue"`,
		"/console/matches?part=matches":                        `id="part-matches"`,
		"/console/matches/" + matchID + "?part=match":          `id="part-match"`,
		"/console/offers/" + offerID + "?part=offer":           `id="part-offer"`,
		"/console/offers/" + offerID + "?part=history":         `id="part-history"`,
		"/console/requests/" + requestID + "?part=request":     `id="part-request"`,
		"/console/requests/" + requestID + "?part=history":     `id="part-history"`,
		"/console/requests/" + requestID + "?part=suggestions": `id="part-suggestions"`,
	} {
		page := r.get(path)
		page.shows(t, http.StatusOK, want)
		if !strings.HasPrefix(page.body, "<div "+want) || strings.Contains(page.body, "<html") {
			t.Errorf("%s gives more than the part: %.200s", path, page.body)
		}
	}
}

// TestSuggestionsSayWhy shows the reasons, what is missing and the verdict in
// the reader's words.
func TestSuggestionsSayWhy(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/requests/"+requestID+"?offer=ktyj4w94w").shows(t, http.StatusOK,
		"N95 口罩现货", "3.5 km away", "Speaks Mandarin", "3 offers fit otherwise, but none speaks Cantonese.",
		"The offer does not reach 新城区.", `value="1400"`)
	r.get("/console/requests/"+requestID+"?offer=mask").shows(t, http.StatusOK, "offer=KTYJ-4W94W", "N95 口罩现货")
	if got := last[contract.ListOffers](d, contract.OfferList.Subject); got.Text != "mask" {
		t.Errorf("looked for %+v", got)
	}
	r.lang = "zh-Hans"
	r.get("/console/requests/"+requestID).shows(t, http.StatusOK, "会说普通话", "都不会说粤语")
	r.get("/console/requests/"+requestID+"?offer=KTYJ-4W94A").shows(t, http.StatusOK, "verdict-offer-error")
}

// TestAnswerSecretsAreForTheOwnerOfTheOffer hides link and PIN, and the
// helper's moves, from those who do not see the offer's organisation.
func TestAnswerSecretsAreForTheOwnerOfTheOffer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pin := site.Pin(d.site.Keys, site.Answer, matchID, 0)
	link := "https://heli.example/answer#" + site.Token(d.site.Keys, site.Answer, matchID, 0)
	d.signIn(contract.RoleCoordinator).get("/console/matches/"+matchID).shows(t, http.StatusOK, pin, link, `value="accept"`)
	if page := d.signIn(contract.RoleAuditor).get("/console/matches/" + matchID); strings.Contains(page.body, pin) {
		t.Error("an auditor reads the PIN")
	}
	d.change(func() { d.offer.Path = "root/hubei/" })
	page := d.signIn(contract.RoleCoordinator).get("/console/matches/" + matchID)
	page.shows(t, http.StatusOK, `value="cancel"`)
	if strings.Contains(page.body, pin) || strings.Contains(page.body, `value="accept"`) {
		t.Error("another organisation's helper can be answered for")
	}
}

var navEntry = regexp.MustCompile(`<a href="(/console[^"]*)"[^>]*><svg[^>]*><path d="([^"]+)">`)

// TestEachPageHasAnIconOfItsOwn looks at the navigation of who sees most of it: what
// looks alike is the same.
func TestEachPageHasAnIconOfItsOwn(t *testing.T) {
	t.Parallel()
	shown := newDesk(t).signIn(contract.RoleAdministrator).get("/console/account")
	_, nav, _ := strings.Cut(shown.body, `class="console-nav"`)
	nav, _, _ = strings.Cut(nav, "</nav>")
	drawn := map[string]string{}
	for _, entry := range navEntry.FindAllStringSubmatch(nav, -1) {
		if other := drawn[entry[2]]; other != "" {
			t.Errorf("%s has the icon of %s", entry[1], other)
		}
		drawn[entry[2]] = entry[1]
	}
	if len(drawn) < 20 {
		t.Errorf("found only %d entries in %s", len(drawn), nav)
	}
}
