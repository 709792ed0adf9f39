package console_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/pkg/testkit"
	"heli/services/web/console"
	"heli/services/web/inbound"
	"heli/services/web/intake"
	"heli/services/web/live"
	"heli/services/web/page"
	"heli/services/web/session"
	"heli/services/web/site"
	"heli/services/web/upload"
)

// desk is the console, served, over a real bus with services that answer as told.
type desk struct {
	disabled atomic.Bool // its robot gets nothing any more
	tb       testing.TB
	world    *testkit.World
	site     site.Deps
	address  string

	mu       sync.Mutex
	servers  map[string]*bus.Server
	people   map[contract.PersonID]contract.Actor
	asked    map[string][]any // questions by subject
	request  contract.Request
	offer    contract.Offer
	match    contract.Match
	moveErr  error
	editErr  error
	alike    []contract.Alike
	listErr  error
	auditErr error
	contacts int
	report   contract.Complaint
	enrolled bool // those who follow a link enrol by it; else they are people of the demo
	invited  bool // everybody has been invited only
}

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	d := &desk{
		tb: tb, world: testkit.NewWorld(tb, "web"), servers: map[string]*bus.Server{},
		people: map[contract.PersonID]contract.Actor{}, asked: map[string][]any{},
		request: someRequest(), offer: someOffer(), match: someMatch(), report: someComplaint(),
	}
	d.serve()
	d.answerDirectory()
	d.answerRequests()
	d.answerOffers()
	d.answerMatcher()
	d.answerNotify()
	d.answerPeople()
	d.answerComplaints()
	d.answerBeside()
	return d
}

func (d *desk) serve() {
	d.tb.Helper()
	deps := d.world.Deps(d.tb, "web")
	catalogue, err := locale.New()
	must(d.tb, err)
	zone, _ := catalogue.Zone("Asia/Shanghai")
	pages, err := page.New(page.Options{Catalogue: catalogue, Zone: zone, Clock: deps.Clock, Log: deps.Log})
	must(d.tb, err)
	identities := session.NewIdentities(deps.Bus, deps.Clock)
	passing := intake.New(deps)
	d.site = site.Deps{
		Deps: deps, Pages: pages, Identities: identities, Live: live.New(deps.Clock), Intake: passing, Uploads: upload.New(deps, passing), Forms: inbound.New(deps, passing), PublicURL: "https://heli.example",
		MaxBodyBytes: 64 << 10,
		Sessions: session.New(session.Options{
			DB: deps.Worker, Bus: deps.Bus, Keys: deps.Keys, Identities: identities, PublicURL: "https://heli.example", Clock: deps.Clock, Fail: pages.Fail,
		}),
	}
	router := chi.NewRouter()
	router.Use(pages.Headers, pages.Locale, pages.SameOrigin)
	console.Mount(router, d.site)
	router.NotFound(pages.NotFound)
	server := httptest.NewServer(router)
	ctx, cancel := context.WithCancel(context.WithoutCancel(d.tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- d.site.Live.Run(ctx, deps.Bus) }()
	d.tb.Cleanup(func() {
		cancel()
		must(d.tb, <-ended)
		server.Close()
	})
	d.address = server.URL
}

// stub answers an endpoint as its service would, and keeps what was asked.
func stub[Q, R any](d *desk, e contract.Endpoint[Q, R], answer func(context.Context, Q) (R, error)) {
	d.tb.Helper()
	must(d.tb, bus.Handle(d.server(e.Service()), e, func(ctx context.Context, q Q) (R, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.asked[e.Subject] = append(d.asked[e.Subject], q)
		return answer(ctx, q)
	}))
}

func (d *desk) server(service string) *bus.Server {
	if s, ok := d.servers[service]; ok {
		return s
	}
	s, err := bus.NewServer(testkit.Bus(d.tb, d.world.Server, service), service)
	must(d.tb, err)
	d.tb.Cleanup(s.Stop)
	d.servers[service] = s
	return s
}

// change alters what the stubs answer.
func (d *desk) change(how func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	how()
}

// last returns what a subject was asked last.
func last[Q any](d *desk, subject string) Q {
	d.tb.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.asked[subject]
	if len(all) == 0 {
		d.tb.Fatalf("nobody asked %s", subject)
	}
	q, ok := all[len(all)-1].(Q)
	if !ok {
		d.tb.Fatalf("%s was asked %T", subject, all[len(all)-1])
	}
	return q
}

func (d *desk) times(subject string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked[subject])
}

// reader is a browser of somebody.
type reader struct {
	tb      testing.TB
	client  *http.Client
	address string
	lang    string
}

// signIn returns the browser of somebody who has just signed in.
func (d *desk) signIn(role contract.Role) *reader {
	d.tb.Helper()
	return d.signInTo(role, testkit.Shaanxi.Path)
}

// signInTo is signIn for somebody of the organisation at a path.
func (d *desk) signInTo(role contract.Role, path string) *reader {
	d.tb.Helper()
	id := contract.NewID[contract.PersonID]()
	d.change(func() {
		d.people[id] = contract.Actor{Role: role, Name: "测试员甲", PersonID: id, Organisation: testkit.Shaanxi.ID, Path: path}
	})
	r := d.stranger()
	answer := r.post("/console/login", url.Values{"token": {string(id)}})
	if answer.status != http.StatusSeeOther || answer.header.Get("Location") != "/console" {
		d.tb.Fatalf("signing in gave %d to %q", answer.status, answer.header.Get("Location"))
	}
	return r
}

// stranger returns the browser of somebody who is not signed in.
func (d *desk) stranger() *reader {
	d.tb.Helper()
	jar, err := cookiejar.New(nil)
	must(d.tb, err)
	return &reader{d.tb, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, d.address, "en"}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (r *reader) get(path string) answer { return r.do(http.MethodGet, path, nil) }

func (r *reader) post(path string, form url.Values) answer { return r.do(http.MethodPost, path, form) }

func (r *reader) do(method, path string, form url.Values) answer {
	r.tb.Helper()
	response := r.open(r.tb.Context(), method, path, form)
	defer func() { must(r.tb, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	must(r.tb, err)
	return answer{response.StatusCode, response.Header, string(body)}
}

func (r *reader) open(ctx context.Context, method, path string, form url.Values) *http.Response {
	r.tb.Helper()
	request, err := http.NewRequestWithContext(ctx, method, r.address+path, strings.NewReader(form.Encode()))
	must(r.tb, err)
	request.Header.Set("Accept-Language", r.lang)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := r.client.Do(request)
	must(r.tb, err)
	return response
}

// shows fails unless the answer has the status and every text.
func (a answer) shows(tb testing.TB, status int, texts ...string) {
	tb.Helper()
	if a.status != status {
		tb.Fatalf("status %d, want %d:\n%s", a.status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			tb.Errorf("the page does not show %q:\n%s", text, a.body)
		}
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (d *desk) answerDirectory() {
	stub(d, contract.DirectoryRedeemLogin, func(_ context.Context, q contract.RedeemLogin) (contract.Person, error) {
		a, ok := d.people[contract.PersonID(q.Secret)]
		if !ok {
			return contract.Person{}, fault.NewNotFound("login")
		}
		return contract.Person{ID: a.PersonID, Name: a.Name, Role: a.Role, Path: a.Path, Demo: !d.enrolled}, nil
	})
	stub(d, contract.DirectoryAuthenticate, func(_ context.Context, q contract.Authenticate) (contract.Actor, error) {
		a, ok := d.people[q.PersonID]
		if !ok {
			return contract.Actor{}, fault.NewNotFound("person")
		}
		return a, nil
	})
	stub(d, contract.DirectoryOrganisation, func(_ context.Context, q contract.OrganisationByCode) (contract.Organisation, error) {
		if q.Code == "lianhu" {
			return contract.Organisation{}, fault.NewNotFound("organisation")
		}
		return contract.Organisation{Code: q.Code, Name: "陕西省社会组织服务中心", Path: testkit.Shaanxi.Path}, nil
	})
	stub(d, contract.DirectoryCampaigns, func(context.Context, contract.Empty) (contract.Listing[contract.Campaign], error) {
		return contract.Listing[contract.Campaign]{Items: []contract.Campaign{{Code: "winter", Name: map[string]string{"zh-Hans": "暖冬行动", "en": "Warm winter"}}}}, nil
	})
	stub(d, contract.DirectoryAudit, func(context.Context, contract.AuditEntry) (contract.Empty, error) {
		if d.auditErr != nil {
			return contract.Empty{}, d.auditErr
		}
		return contract.Empty{}, nil
	})
	stub(d, contract.DirectoryAlerts, func(ctx context.Context, _ contract.Empty) (contract.Listing[contract.Alert], error) {
		alert := contract.Alert{ID: hookID, Kind: "readings", ActorName: "测试员丙", Path: testkit.Xian.Path, Count: 41, Since: began, At: began}
		return contract.Listing[contract.Alert]{Items: []contract.Alert{alert}}, access.Require(contract.ActorFrom(ctx), access.ReadAlerts)
	})
	stub(d, contract.DirectoryOrganisations, func(_ context.Context, q contract.ListOrganisations) (contract.Listing[contract.Organisation], error) {
		if q.Cursor == "further" {
			return contract.Listing[contract.Organisation]{}, nil
		}
		return contract.Listing[contract.Organisation]{Items: []contract.Organisation{{
			Code: "xian", Name: "西安市志愿服务联合会", Level: "city", RegionCode: "610100", ParentCode: "shaanxi", Coordinates: true, Verified: true,
		}}, NextCursor: "further"}, nil
	})
	stub(d, contract.DirectoryRollUp, func(_ context.Context, q contract.AskRollUp) (contract.RollUp, error) {
		return contract.RollUp{RegionCode: q.RegionCode, Items: []contract.RollUpRow{
			{RegionCode: "610100", Level: "city", Count: 3, Verified: 2}, {RegionCode: "610100", Level: "county", Count: 1200, Verified: 7},
		}}, nil
	})
}

const (
	requestID = "01900000-0000-7000-8000-0000000000a1"
	offerID   = "01900000-0000-7000-8000-0000000000b1"
	matchID   = "01900000-0000-7000-8000-0000000000c1"
	askID     = "01900000-0000-7000-8000-0000000000f1"
	planID    = "01900000-0000-7000-8000-0000000000d1"
	needLine  = "01900000-0000-7000-8000-0000000000a2"
	needLine2 = "01900000-0000-7000-8000-0000000000a3"
	offerLine = "01900000-0000-7000-8000-0000000000b2"
	hookID    = "01900000-0000-7000-8000-0000000000d1"
	robotID   = "01900000-0000-7000-8000-0000000000d3"
)

// began is when everything in the tests was entered: an hour before its clock.
var began = testkit.NewClock(time.Time{}).Now().Add(-time.Hour)

// keptLonger is longer than a session's identity is believed without asking.
const keptLonger = time.Minute
