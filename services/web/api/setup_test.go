package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/pkg/reference"
	"heli/pkg/seal"
	"heli/pkg/testkit"
	"heli/services/web/api"
	"heli/services/web/guard"
	"heli/services/web/inbound"
	"heli/services/web/intake"
	"heli/services/web/page"
	"heli/services/web/session"
	"heli/services/web/site"
)

// Keys that the directory of a world knows, one for each role.
const (
	coordinatorKey = "heli_coordinator"
	integratorKey  = "heli_integrator"
	adminKey       = "heli_administrator"
	scopedKey      = "heli_scoped" // a coordinator's for reading requests alone
)

// publicKey is an Idempotency-Key that is good enough for the public.
const publicKey = "3f0c1a52-77b9-4c1e-9c4e-0d8a6b1f2e37"

// world is the API over a real bus, with services that answer as told.
type world struct {
	tb      testing.TB
	nats    *testkit.Server
	keys    *seal.Keys
	clock   *testkit.Clock
	handler http.Handler
	mu      sync.Mutex
	servers map[string]*bus.Server
	actors  map[string]contract.Actor // by subject: who asked last
	revoked map[string]bool           // keys
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{
		tb: tb, nats: testkit.NATS(tb), clock: testkit.NewClock(time.Time{}),
		servers: map[string]*bus.Server{}, actors: map[string]contract.Actor{}, revoked: map[string]bool{},
	}
	w.keys = w.nats.Keys()
	w.handler = w.mount()
	stub(w, contract.DirectoryAuthenticate, func(_ context.Context, q contract.Authenticate) (contract.Actor, error) {
		roles := map[string]contract.Role{adminKey: contract.RoleAdministrator, coordinatorKey: contract.RoleCoordinator, integratorKey: contract.RoleIntegrator, scopedKey: contract.RoleCoordinator}
		role, ok := roles[q.Key]
		if !ok || w.isRevoked(q.Key) {
			return contract.Actor{}, fault.NewNotFound("key")
		}
		actor := contract.Actor{Role: role, APIKeyID: contract.APIKeyID(q.Key), Organisation: testkit.Xian.ID, Path: testkit.Xian.Path}
		if q.Key == scopedKey {
			actor.Scope = "read_requests"
		}
		return actor, nil
	})
	return w
}

func (w *world) mount() http.Handler {
	log := testkit.Log(w.tb)
	database := testkit.NewDatabase(w.tb, "web")
	deps := app.Deps{
		Name: "web", DB: database.OpenActing(w.tb, "web"), Worker: database.Open(w.tb, "web"), Bus: testkit.Bus(w.tb, w.nats, "web"), Keys: w.keys, Clock: w.clock.Now,
		Log: log, Reference: app.FixedReference(reference.NewSnapshot(testkit.Reference())),
	}
	catalogue, err := locale.New()
	must(w.tb, err)
	pages, err := page.New(page.Options{Catalogue: catalogue, Zone: time.UTC, Clock: w.clock.Now, Log: log})
	must(w.tb, err)
	router := chi.NewRouter()
	router.Use(pages.Headers)
	passing := intake.New(deps)
	api.Mount(router, site.Deps{
		Deps: deps, Pages: pages, Identities: session.NewIdentities(deps.Bus, w.clock.Now), Intake: passing, Forms: inbound.New(deps, passing), Guard: guard.New(deps, guard.Options{}),
		PublicURL: "https://heli.example", MaxBodyBytes: 64 << 10,
	})
	return router
}

// stub answers an endpoint as its service would, and notes who asks.
func stub[Q, R any](w *world, e contract.Endpoint[Q, R], answer func(context.Context, Q) (R, error)) {
	w.tb.Helper()
	must(w.tb, bus.Handle(w.server(e.Service()), e, func(ctx context.Context, q Q) (R, error) {
		w.mu.Lock()
		w.actors[e.Subject] = contract.ActorFrom(ctx)
		w.mu.Unlock()
		return answer(ctx, q)
	}))
}

func (w *world) server(service string) *bus.Server {
	if s, ok := w.servers[service]; ok {
		return s
	}
	s, err := bus.NewServer(testkit.Bus(w.tb, w.nats, service), service)
	must(w.tb, err)
	w.tb.Cleanup(s.Stop)
	w.servers[service] = s
	return s
}

// revoke ends a key without telling web of it.
func (w *world) revoke(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revoked[key] = true
}

func (w *world) isRevoked(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revoked[key]
}

// actor returns who asked last at a subject.
func (w *world) actor(subject string) contract.Actor {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.actors[subject]
}

// ask is one call of the API; empty fields are left out.
type ask struct {
	method, path, credential, key, body string
	header                              map[string]string
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) do(a ask) reply {
	w.tb.Helper()
	r := httptest.NewRequestWithContext(w.tb.Context(), a.method, api.Prefix+a.path, bytes.NewBufferString(a.body))
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.credential != "" {
		r.Header.Set("Authorization", "Bearer "+a.credential)
	}
	if a.key != "" {
		r.Header.Set("Idempotency-Key", a.key)
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	body, err := io.ReadAll(response.Body)
	must(w.tb, err)
	return reply{response.StatusCode, response.Header, body}
}

// into decodes the answer, and demands the status.
func (r reply) into(tb testing.TB, status int, value any) {
	tb.Helper()
	if r.status != status {
		tb.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if err := json.Unmarshal(r.body, value); err != nil {
		tb.Fatalf("decode %s: %v", r.body, err)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
