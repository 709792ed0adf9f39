package notify

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/net/dns/dnsmessage"

	"heli/pkg/app"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/reference"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

const (
	shaanxi = "root/shaanxi/"
	xian    = "root/shaanxi/xian/"
	hubei   = "root/hubei/"
)

var loopback = Config{WebhookAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PublicURL: "https://heli.example.org/"}

// bench is a service on a database of its own, with a clock set by hand and no
// loop running: tests dispatch.
type bench struct {
	*Service
	clock *testkit.Clock
	admin *pg.DB
	world *testkit.Database
}

func steady() tuning {
	return tuning{timeout: attemptTime, jitter: func() float64 { return 0.5 }, lease: leaseTime}
}

func setup(t *testing.T, c Config, change ...func(*tuning)) *bench {
	t.Helper()
	database := testkit.NewDatabase(t, "notify")
	b := &bench{clock: testkit.NewClock(time.Time{}), world: database, admin: database.Admin(t)}
	b.Service = b.another(t, c, change...)
	return b
}

// another returns a second process of the service on the same database.
func (b *bench) another(t *testing.T, c Config, change ...func(*tuning)) *Service {
	t.Helper()
	tuned := steady()
	for _, f := range change {
		f(&tuned)
	}
	keys := testkeys(t)
	if b.Service != nil {
		keys = b.keys
	}
	s, err := newService(app.Deps{
		Name: "notify", DB: b.world.OpenActing(t, "notify"), Worker: b.world.Open(t, "notify"), Keys: keys, Clock: b.clock.Now, Log: testkit.Log(t),
		Registry: prometheus.NewRegistry(), Reference: app.FixedReference(reference.NewSnapshot(testkit.Reference())),
	}, c, tuned)
	must(t, err)
	return s
}

// run sends everything that is due now and waits for the answers.
func (b *bench) run(t *testing.T) {
	t.Helper()
	for {
		n, err := b.webhooks.dispatch(t.Context(), t.Context())
		must(t, err)
		b.webhooks.sending.Wait()
		if n == 0 {
			return
		}
	}
}

// hear takes a fact in as the inbox does the first time.
func (b *bench) hear(t *testing.T, e contract.Event) {
	t.Helper()
	must(t, b.Hear(t.Context(), []contract.Event{e}, testkit.Once(t, b.worker.db, e)))
}

func (b *bench) deliveries(t *testing.T, w contract.Webhook) []contract.Delivery {
	t.Helper()
	list, err := b.Deliveries(as(t, contract.RoleAdministrator, contract.RootPath), contract.ListDeliveries{EndpointID: w.ID})
	must(t, err)
	return list.Items
}

// only returns the one delivery of an endpoint.
func (b *bench) only(t *testing.T, w contract.Webhook) contract.Delivery {
	t.Helper()
	list := b.deliveries(t, w)
	if len(list) != 1 {
		t.Fatalf("%d deliveries, want 1: %+v", len(list), list)
	}
	return list[0]
}

func (b *bench) shown(t *testing.T, w contract.Webhook) contract.Webhook {
	t.Helper()
	now, err := b.Webhook(as(t, contract.RoleAdministrator, contract.RootPath), contract.WebhookByID{ID: w.ID})
	must(t, err)
	return now
}

func (b *bench) register(t *testing.T, path, url string, events ...string) contract.Webhook {
	t.Helper()
	if len(events) == 0 {
		events = []string{"*"}
	}
	w, err := b.Register(as(t, contract.RoleIntegrator, path), contract.WebhookDraft{
		ID: contract.NewID[contract.EndpointID](), URL: url, Events: events,
	})
	must(t, err)
	return w
}

func as(t *testing.T, role contract.Role, path string) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.Actor{Role: role, Name: "Demo", Path: path})
}

func fact(state string, paths ...string) contract.Event {
	if len(paths) == 0 {
		paths = []string{xian}
	}
	id, quantity := contract.NewID[contract.MatchID](), int64(3)
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingMatch, State: state,
		AggregateID: string(id), Version: 4, Time: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Organisation: "xian", Paths: paths,
		Data: contract.EventData{MatchID: id, Category: "ppe", RegionCode: "610100", Quantity: &quantity, Unit: "piece", Reason: "violence"},
	}
}

// receiver is somebody else's program; it keeps what it was sent.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []received
}

type received struct {
	header http.Header
	body   string
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Errorf("read webhook: %v", err)
		}
		r.mu.Lock()
		r.requests = append(r.requests, received{q.Header.Clone(), string(body)})
		r.mu.Unlock()
		q.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func (r *receiver) got() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.requests...)
}

// verifies reports whether a request is signed with the secret. The clock of the
// tests stands still, so the time is checked apart.
func (q received) verifies(t *testing.T, secret string) bool {
	t.Helper()
	verifier, err := webhook.NewWebhook(secret)
	must(t, err)
	return verifier.VerifyIgnoringTimestamp([]byte(q.body), q.header) == nil
}

// resolver answers every look-up with the address that answer holds then.
func resolver(answer func() netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serveDNS(server, answer)
		return client, nil
	}}
}

// serveDNS answers questions until its client hangs up.
func serveDNS(c net.Conn, answer func() netip.Addr) {
	defer c.Close()
	for {
		var length uint16
		if binary.Read(c, binary.BigEndian, &length) != nil {
			return
		}
		raw := make([]byte, length)
		if _, err := io.ReadFull(c, raw); err != nil {
			return
		}
		packed := dnsAnswer(raw, answer())
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)); err != nil {
			return
		}
	}
}

func dnsAnswer(raw []byte, a netip.Addr) []byte {
	var m dnsmessage.Message
	if m.Unpack(raw) != nil {
		return nil
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
	switch {
	case q.Type == dnsmessage.TypeA && a.Is4():
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: a.As4()}}}
	case q.Type == dnsmessage.TypeAAAA && a.Is6():
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}}}
	}
	packed, err := m.Pack()
	if err != nil {
		return nil
	}
	return packed
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantFault(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Kind != kind || (code != "" && f.Code != code) {
		t.Fatalf("got %v, want %s %s", err, kind, code)
	}
}

func testkeys(t *testing.T) *seal.Keys {
	t.Helper()
	keys, err := seal.Load(testkit.KeyFile(t))
	must(t, err)
	return keys
}

// newTLSReceiver returns the address of a receiver whose certificate nobody knows.
func newTLSReceiver(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(status(http.StatusOK))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// unproven registers an endpoint that has to prove itself though it is on this
// machine, where its address can be reached.
func (b *bench) unproven(t *testing.T, url string) contract.Webhook {
	t.Helper()
	e := endpointRecord{
		ID: contract.NewID[contract.EndpointID](), OrgPath: xian, URL: url, Patterns: []string{"*"}, Version: 1, CreatedAt: b.now(),
	}
	e.State, e.notices = stateUnverified, noticesOf(check.New(nil), contract.KindWebhook, contract.NoticeTimes{})
	var w contract.Webhook
	must(t, b.worker.db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		var err error
		if w, err = b.insert(t.Context(), tx, e, newSecret()); err != nil {
			return err
		}
		w.Secret, err = b.unchangedSecret(t.Context(), tx, w)
		return err
	}))
	return w
}
