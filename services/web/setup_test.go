package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/testkit"
	"heli/services/web"
	"heli/services/web/intake"
	"heli/services/web/site"
)

// services stand for the others on the bus: they keep what they are told and
// make the few moves that the pages ask for.
type services struct {
	intake *intake.Intake // checks drafts as the services do

	mu        sync.Mutex
	requests  map[string]*contract.Request
	offers    map[string]*contract.Offer
	matches   map[string]*contract.Match
	asks      map[string]*contract.Ask
	keys      map[string]string // idempotency key → id
	hashes    map[string]string
	contacts  map[string]contract.Contact
	moves     []contract.Move
	submits   int
	revoked   bool
	reports   map[contract.ComplaintID]report
	wordless  bool // no words of complaints are kept
	terms     []contract.SetTerms
	helped    []string             // codes of organisations
	published []contract.Published // on the board
	actor     contract.Actor
	channels  []contract.Channel // on which people are written to
	languages map[string]string  // of drafts
	ownSilent atomic.Bool        // messages cannot be asked for
	bounces   []contract.MailBounce
	bounceErr error               // what notify says of a bounce
	ended     []contract.PersonID // who wants no mail any more
}

// bench is web, served, with stubs behind it.
type bench struct {
	*services
	t       testing.TB
	world   *testkit.World
	server  *web.Server
	address string
	stop    func() // of the stubs
}

func setup(t testing.TB) *bench {
	t.Helper()
	world := testkit.NewWorld(t, "web")
	d := world.Deps(t, "web")
	b := &bench{t: t, world: world, services: &services{
		intake: intake.New(d), requests: map[string]*contract.Request{}, offers: map[string]*contract.Offer{},
		matches: map[string]*contract.Match{}, asks: map[string]*contract.Ask{}, keys: map[string]string{}, hashes: map[string]string{},
		contacts: map[string]contract.Contact{}, languages: map[string]string{}, reports: map[contract.ComplaintID]report{},
		actor: contract.Actor{Role: contract.RoleCoordinator, Name: "Li", Path: "root/shaanxi/", PersonID: contract.NewID[contract.PersonID]()},
	}}
	b.startStubs()
	secret := filepath.Join(t.TempDir(), "bounces")
	if err := os.WriteFile(secret, []byte(bounceSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	server, err := web.New(ctx, d, web.Config{
		Listen: "127.0.0.1:0", SecurityContact: []string{"mailto:security@heli.example"}, BounceSecretFile: secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("web ended with %v", err)
		}
	})
	b.server, b.address = server, "http://"+server.Address()
	return b
}

// startStubs answers calls until stop.
func (b *bench) startStubs() {
	b.t.Helper()
	var servers []*bus.Server
	for name, register := range map[string]func(*bus.Server) error{
		"request": b.answerRequests, "offer": b.answerOffers, "matcher": b.answerMatches, "directory": b.answerDirectory,
		"notify": b.answerNotify,
	} {
		server, err := bus.NewServer(testkit.Bus(b.t, b.world.Server, name), name)
		if err == nil {
			err = register(server)
		}
		if err != nil {
			b.t.Fatalf("start stub of %s: %v", name, err)
		}
		servers = append(servers, server)
	}
	once := sync.OnceFunc(func() {
		for _, server := range servers {
			server.Stop()
		}
	})
	b.stop = once
	b.t.Cleanup(once)
}

// reader is a browser without script.
type reader struct {
	b      *bench
	client *http.Client
	agent  string // of the browser; empty for none that is known
	page   string
	status int
	path   string
}

func (b *bench) reader() *reader {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &reader{b: b, client: &http.Client{Jar: jar}}
}

func (r *reader) take(response *http.Response, err error) *reader {
	r.b.t.Helper()
	if err != nil {
		r.b.t.Fatal(err)
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		r.b.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		r.b.t.Fatal(err)
	}
	r.page, r.status, r.path = string(raw), response.StatusCode, response.Request.URL.Path
	return r
}

func (r *reader) get(path string) *reader {
	r.b.t.Helper()
	request, err := http.NewRequestWithContext(r.b.t.Context(), http.MethodGet, r.b.address+path, nil)
	if err != nil {
		r.b.t.Fatal(err)
	}
	return r.send(request)
}

func (r *reader) send(request *http.Request) *reader {
	r.b.t.Helper()
	request.Header.Set("Accept-Language", "zh-CN")
	request.Header.Set("User-Agent", r.agent)
	return r.take(r.client.Do(request))
}

func (r *reader) post(path string, values url.Values) *reader {
	r.b.t.Helper()
	request, err := http.NewRequestWithContext(r.b.t.Context(), http.MethodPost, r.b.address+path, strings.NewReader(values.Encode()))
	if err != nil {
		r.b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.send(request)
}

// shows fails the test unless the page has the status and every text.
func (r *reader) shows(status int, texts ...string) {
	r.b.t.Helper()
	if r.status != status {
		r.b.t.Errorf("%s: status %d, want %d", r.path, r.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(r.page, text) {
			r.b.t.Errorf("%s does not show %q:\n%s", r.path, text, r.main())
		}
	}
}

var mainPart = regexp.MustCompile(`(?s)<main.*</main>`)

func (r *reader) main() string { return mainPart.FindString(r.page) }

// field returns the value of a hidden field.
func (r *reader) field(name string) string {
	r.b.t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(r.page)
	if found == nil {
		r.b.t.Fatalf("%s has no field %s:\n%s", r.path, name, r.main())
	}
	return found[1]
}

// tracked returns the id that the reader's tracking cookie speaks for.
func (r *reader) tracked() string {
	r.b.t.Helper()
	address, err := url.Parse(r.b.address)
	if err != nil {
		r.b.t.Fatal(err)
	}
	for _, cookie := range r.client.Jar.Cookies(address) {
		if cookie.Name == "heli_track" {
			b, ok := site.ParseToken(site.Track, cookie.Value)
			if ok {
				return b.ID
			}
		}
	}
	r.b.t.Fatalf("no tracking cookie after %s:\n%s", r.path, r.main())
	return ""
}

// requestForm is a form without a mistake.
func requestForm(key string) url.Values {
	return url.Values{
		"key": {key}, "lines": {"1"}, "title": {"病区急需口罩"}, "need_lines[0].category": {"ppe"}, "need_lines[0].specification": {"N95口罩"},
		"need_lines[0].quantity": {"１，000"}, "urgency": {"urgent"}, "place": {"雁塔区"}, "mode": {"delivery"},
		"contact.name": {"张三"}, "contact.phone": {"13800001234"}, "consent": {"on"},
	}
}

func offerForm(key string) url.Values {
	return url.Values{
		"key": {key}, "lines": {"1"}, "title": {"两箱口罩"}, "offer_lines[0].category": {"ppe"}, "offer_lines[0].capacity.quantity": {"500"},
		"mode": {"delivery"}, "place": {"610100"}, "service_regions": {"宝鸡市，武汉市"}, "radius_m": {"20000"},
		"contact.name": {"李四"}, "contact.wechat": {"lisi"}, "consent": {"on"}, "adult": {"on"},
	}
}

func key(n int) string { return fmt.Sprintf("abcdefghijklmnopqrst%04d", n) }
