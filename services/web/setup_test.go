package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
	"heli/services/web"
	"heli/services/web/intake"
	"heli/services/web/site"
)

// services stand for the others on the bus: they keep what they are told and
// make the few moves that the pages ask for.
type services struct {
	intake *intake.Intake // checks drafts as the services do

	mu       sync.Mutex
	requests map[string]*contract.Request
	offers   map[string]*contract.Offer
	matches  map[string]*contract.Match
	keys     map[string]string // idempotency key → id
	hashes   map[string]string
	contacts map[string]contract.Contact
	moves    []contract.Move
	submits  int
	revoked  bool
	actor    contract.Actor
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
		matches: map[string]*contract.Match{}, keys: map[string]string{}, hashes: map[string]string{},
		contacts: map[string]contract.Contact{},
		actor:    contract.Actor{Role: contract.RoleCoordinator, Name: "Li", Path: "root/shaanxi/", PersonID: contract.NewID[contract.PersonID]()},
	}}
	b.startStubs()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	server, err := web.New(ctx, d, web.Config{Listen: "127.0.0.1:0"})
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

func (s *services) answerRequests(server *bus.Server) error {
	return first(
		bus.Handle(server, contract.RequestSubmit, s.submitRequest),
		bus.Handle(server, contract.RequestGet, func(ctx context.Context, q contract.GetByID) (contract.Request, error) {
			return get(s, s.requests, ctx, contract.RoleRequester, q.ID, "request")
		}),
		bus.Handle(server, contract.RequestFind, func(_ context.Context, q contract.FindByCode) (contract.Found, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for id, r := range s.requests {
				if r.Code == q.Code {
					return contract.Found{ID: id}, nil
				}
			}
			return contract.Found{}, fault.NewNotFound("request")
		}),
		bus.Handle(server, contract.RequestMove, s.moveRequest),
		bus.Handle(server, contract.RequestCorrect, s.correctRequest),
		bus.Handle(server, contract.RequestContact, func(_ context.Context, q contract.ContactReading) (contract.Contact, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.contacts[q.ID], nil
		}),
	)
}

func (s *services) answerOffers(server *bus.Server) error {
	return first(
		bus.Handle(server, contract.OfferSubmit, s.submitOffer),
		bus.Handle(server, contract.OfferGet, func(ctx context.Context, q contract.GetByID) (contract.Offer, error) {
			return get(s, s.offers, ctx, contract.RoleOfferer, q.ID, "offer")
		}),
		bus.Handle(server, contract.OfferFind, func(context.Context, contract.FindByCode) (contract.Found, error) {
			return contract.Found{}, fault.NewNotFound("offer")
		}),
		bus.Handle(server, contract.OfferMove, func(_ context.Context, m contract.Move) (contract.Moved, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.moves = append(s.moves, m)
			o := s.offers[m.ID]
			o.State, o.Version = map[string]string{"pause": "paused", "resume": "available", "withdraw": "withdrawn"}[m.Move], o.Version+1
			return contract.Moved{ID: m.ID, State: o.State, Version: o.Version}, nil
		}),
	)
}

func (s *services) answerMatches(server *bus.Server) error {
	return first(
		bus.Handle(server, contract.MatcherGet, func(ctx context.Context, q contract.GetByID) (contract.Match, error) {
			return get(s, s.matches, ctx, "", q.ID, "match")
		}),
		bus.Handle(server, contract.MatcherFind, func(_ context.Context, q contract.FindByCode) (contract.Found, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for id, m := range s.matches {
				if m.Code == q.Code {
					return contract.Found{ID: id, Generation: m.Generation}, nil
				}
			}
			return contract.Found{}, fault.NewNotFound("match")
		}),
		bus.Handle(server, contract.MatcherList, func(_ context.Context, q contract.ListMatches) (contract.Listing[contract.Match], error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			listing := contract.Listing[contract.Match]{Items: []contract.Match{}}
			for _, m := range s.matches {
				if m.RequestID == q.RequestID || m.OfferID == q.OfferID {
					listing.Items = append(listing.Items, *m)
				}
			}
			return listing, nil
		}),
		bus.Handle(server, contract.MatcherMove, s.moveMatch),
	)
}

func (s *services) answerDirectory(server *bus.Server) error {
	return first(
		bus.Handle(server, contract.DirectoryAuthenticate, func(context.Context, contract.Authenticate) (contract.Actor, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.revoked {
				return contract.Actor{}, fault.NewNotFound("identity")
			}
			return s.actor, nil
		}),
		bus.Handle(server, contract.DirectoryRedeemLogin, func(_ context.Context, q contract.RedeemLogin) (contract.Person, error) {
			if q.Secret != "right-secret-right-secret" {
				return contract.Person{}, fault.NewNotFound("login")
			}
			return contract.Person{ID: s.actor.PersonID, Name: "Li"}, nil
		}),
	)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// get returns a thing to a token of the role that speaks for it, or to web.
func get[T any](s *services, of map[string]*T, ctx context.Context, role contract.Role, id, thing string) (T, error) { //nolint:revive // the context is the caller's
	s.mu.Lock()
	defer s.mu.Unlock()
	a := contract.ActorFrom(ctx)
	found, ok := of[id]
	if !ok || (role != "" && a.Role != contract.RoleSystem && (a.Role != role || a.Subject != id)) {
		var none T
		return none, fault.NewNotFound(thing)
	}
	return *found, nil
}

func (s *services) submitRequest(ctx context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
	if err := s.intake.CheckRequest(ctx, q); err != nil {
		return contract.SubmittedRequest{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.submits++
	id, repeated := s.keys[q.Key]
	if repeated && s.hashes[q.Key] != q.BodyHash {
		return contract.SubmittedRequest{}, fault.NewConflict("idempotency_key_reused", "")
	}
	if !repeated {
		id = string(q.ID)
		s.keys[q.Key], s.hashes[q.Key], s.contacts[id] = id, q.BodyHash, q.Draft.Contact
		d := q.Draft
		r := &contract.Request{
			ID: q.ID, Code: q.Code, State: "submitted", Stage: "submitted", Version: 1, CreatedAt: q.SubmittedAt, Title: d.Title,
			Description: d.Description, Urgency: d.Urgency, Mode: d.Mode, RegionCode: d.RegionCode, Languages: d.Languages,
			Safeguards: d.Safeguards, Vulnerability: d.Vulnerability, Windows: d.Windows, Contact: contract.Contact{Name: "张＊", Phone: "138****12"},
			Moves:   []string{"withdraw", "correct"},
			History: []contract.HistoryEntry{{At: q.SubmittedAt, Move: "submit", To: "submitted", Role: contract.RolePublic}},
		}
		for _, l := range d.NeedLines {
			r.NeedLines = append(r.NeedLines, contract.NeedLineView{NeedLine: l})
		}
		s.requests[id] = r
	}
	r := s.requests[id]
	return contract.SubmittedRequest{ID: r.ID, Code: r.Code, State: r.State, Version: 1, NeedLines: q.Draft.NeedLines, Repeated: repeated}, nil
}

func (s *services) submitOffer(ctx context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
	if err := s.intake.CheckOffer(ctx, q); err != nil {
		return contract.SubmittedOffer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := q.Draft
	o := &contract.Offer{
		ID: q.ID, Code: q.Code, State: "available", Version: 1, CreatedAt: q.SubmittedAt, Title: d.Title, Description: d.Description,
		Mode: d.Mode, RegionCode: d.RegionCode, ServiceRegions: d.ServiceRegions, Credentials: d.Credentials, RadiusM: d.RadiusM,
		ValidUntil: d.ValidUntil, Windows: d.Windows, Contact: contract.Contact{Name: "李＊"}, Moves: []string{"pause", "withdraw"},
	}
	for _, l := range d.OfferLines {
		o.OfferLines = append(o.OfferLines, contract.OfferLineView{OfferLine: l})
	}
	s.offers[string(q.ID)] = o
	return contract.SubmittedOffer{ID: q.ID, Code: q.Code, State: o.State, Version: 1, OfferLines: d.OfferLines}, nil
}

func (s *services) moveRequest(_ context.Context, m contract.Move) (contract.Moved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[m.ID]
	if m.Version != nil && *m.Version != r.Version {
		return contract.Moved{}, fault.NewConflict("stale_version", "")
	}
	s.moves = append(s.moves, m)
	r.Version++
	if m.Move == "withdraw" {
		r.State, r.ClosedReason, r.Moves = "closed", "withdrawn", nil
	}
	return contract.Moved{ID: m.ID, State: r.State, Version: r.Version}, nil
}

func (s *services) correctRequest(_ context.Context, q contract.CorrectRequest) (contract.Moved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[string(q.ID)]
	if q.Version != r.Version {
		return contract.Moved{}, fault.NewConflict("stale_version", "")
	}
	if q.Title != nil && *q.Title == "" {
		return contract.Moved{}, fault.NewInvalid(fault.Field{Location: "title", Code: "required"})
	}
	if q.Title != nil {
		r.Title = *q.Title
	}
	if q.Contact != nil {
		s.contacts[string(q.ID)] = *q.Contact
	}
	r.Version++
	return contract.Moved{ID: string(q.ID), State: r.State, Version: r.Version}, nil
}

func (s *services) moveMatch(ctx context.Context, m contract.Move) (contract.Match, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := contract.ActorFrom(ctx); a.Subject == "" {
		return contract.Match{}, fault.NewForbidden("move")
	}
	match := s.matches[m.ID]
	if m.Version != nil && *m.Version != match.Version {
		return contract.Match{}, fault.NewConflict("stale_version", "")
	}
	s.moves = append(s.moves, m)
	match.State, match.Version = map[string]string{
		"accept": "accepted", "decline": "declined", "start": "in_progress", "report": "reported_done", "confirm": "confirmed",
		"dispute": "disputed", "no_show": "no_show", "withdraw": "withdrawn",
	}[m.Move], match.Version+1
	match.Moves = movesAfter(match.State)
	return *match, nil
}

func movesAfter(state string) []string {
	return map[string][]string{
		"proposed": {"accept", "decline"}, "accepted": {"start", "report", "withdraw", "confirm", "no_show"},
		"contact_released": {"start", "report", "withdraw", "confirm", "no_show"}, "in_progress": {"report", "withdraw", "confirm", "no_show"},
		"reported_done": {"confirm", "dispute"},
	}[state]
}

// addMatch pairs a request with an offer.
func (s *services) addMatch(request, offer, state string) *contract.Match {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC)
	m := &contract.Match{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), State: state, Version: 1, RequestID: contract.RequestID(request),
		OfferID: contract.OfferID(offer), Category: "ppe", Quantity: 300, Unit: "piece", HoldUntil: &hold, Generation: 1, Moves: movesAfter(state),
	}
	s.matches[string(m.ID)] = m
	return m
}

// lastMove returns the move that was made last.
func (s *services) lastMove(t testing.TB) contract.Move {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.moves) == 0 {
		t.Fatal("no move was made")
	}
	return s.moves[len(s.moves)-1]
}

// reader is a browser without script.
type reader struct {
	b      *bench
	client *http.Client
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
		"contact.name": {"李四"}, "contact.wechat": {"lisi"}, "consent": {"on"},
	}
}

func key(n int) string { return fmt.Sprintf("abcdefghijklmnopqrst%04d", n) }
