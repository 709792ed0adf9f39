package session

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestEveryStatementIsValid(t *testing.T) {
	t.Parallel()
	db := testkit.NewDatabase(t, "web").Open(t, "web")
	for _, q := range statements() {
		statement, err := db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if err := statement.Close(); err != nil {
			t.Error(err)
		}
	}
}

// directory answers one secret once.
func directory(t *testing.T, world *testkit.World) {
	t.Helper()
	server, err := bus.NewServer(testkit.Bus(t, world.Server, "directory"), "directory")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	person := contract.NewID[contract.PersonID]()
	err = bus.Handle(server, contract.DirectoryRedeemLogin, func(_ context.Context, q contract.RedeemLogin) (contract.Person, error) {
		if q.Secret != "right" {
			return contract.Person{}, fault.NewNotFound("login")
		}
		return contract.Person{ID: person, Demo: true}, nil
	})
	if err == nil {
		err = bus.Handle(server, contract.DirectoryAuthenticate, func(_ context.Context, q contract.Authenticate) (contract.Actor, error) {
			if q.PersonID != person {
				return contract.Actor{}, fault.NewNotFound("person")
			}
			return contract.Actor{Role: contract.RoleCoordinator, PersonID: person}, nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// serve shows what the sessions do as statuses.
func serve(t *testing.T, s *Sessions, fail func(http.ResponseWriter, *http.Request, error)) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/console", s.Require(func(Stage) string { return "/login" }, fail)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if contract.ActorFrom(r.Context()).Role != contract.RoleCoordinator {
			t.Error("the actor is not in the context")
		}
		w.WriteHeader(http.StatusAccepted)
	})))
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.Redeem(r.Context(), r.URL.Query().Get("secret"), Visit{Address: "192.0.2.1"}); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/out", func(_ http.ResponseWriter, r *http.Request) {
		if err := s.SignOut(r.Context()); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(s.Load(mux))
	t.Cleanup(server.Close)
	return server
}

func status(t *testing.T, client *http.Client, address string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	world := testkit.NewWorld(t, "web")
	d := world.Deps(t, "web")
	directory(t, world)
	fail := func(w http.ResponseWriter, _ *http.Request, err error) { http.Error(w, err.Error(), http.StatusTeapot) }
	s := New(Options{DB: d.Worker, Bus: d.Bus, Keys: d.Keys, Identities: NewIdentities(d.Bus, d.Clock), Clock: d.Clock, Fail: fail})
	server := serve(t, s, fail)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	for _, step := range []struct {
		path string
		want int
	}{
		{"/console", http.StatusUnauthorized}, // sent to login, without a secret
		{"/login?secret=wrong", http.StatusUnauthorized},
		{"/login?secret=right", http.StatusOK},
		{"/console", http.StatusAccepted},
		{"/out", http.StatusOK},
		{"/console", http.StatusUnauthorized},
	} {
		if got := status(t, client, server.URL+step.path); got != step.want {
			t.Errorf("%s: %d, want %d", step.path, got, step.want)
		}
	}
	if err := s.store.purge(t.Context(), time.Now().Add(100*time.Hour)); err != nil {
		t.Error(err)
	}
}

func TestCookieNames(t *testing.T) {
	t.Parallel()
	if CookieName("x", true) != "__Host-x" || CookieName("x", false) != "x" {
		t.Error("the prefix belongs to https")
	}
}
