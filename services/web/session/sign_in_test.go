package session

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// staff is a directory of one person, who signs in as "zhang" with "right" and
// the code "123456".
type staff struct {
	person contract.PersonID

	mu      sync.Mutex
	revoked bool
	linked  []contract.Subject
}

func (d *staff) answer(t *testing.T, world *testkit.World) {
	t.Helper()
	server, err := bus.NewServer(testkit.Bus(t, world.Server, "directory"), "directory")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	nobody := fault.NewNotFound("login")
	for _, err := range []error{
		bus.Handle(server, contract.DirectoryRedeemLogin, func(_ context.Context, q contract.RedeemLogin) (contract.Person, error) {
			if q.Secret != "right" {
				return contract.Person{}, nobody
			}
			return contract.Person{ID: d.person}, nil
		}),
		bus.Handle(server, contract.DirectorySignIn, func(_ context.Context, q contract.SignIn) (contract.SignedIn, error) {
			if q.Name != "zhang" || q.Password != "right" {
				return contract.SignedIn{}, nobody
			}
			return contract.SignedIn{PersonID: d.person}, nil
		}),
		bus.Handle(server, contract.DirectoryProve, func(_ context.Context, q contract.Prove) (contract.Proved, error) {
			if q.PersonID != d.person || q.Code != "123456" {
				return contract.Proved{}, nobody
			}
			return contract.Proved{SignedIn: contract.SignedIn{PersonID: d.person}}, nil
		}),
		bus.Handle(server, contract.DirectoryAuthenticate, func(_ context.Context, q contract.Authenticate) (contract.Actor, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if q.PersonID != d.person || d.revoked {
				return contract.Actor{}, fault.NewNotFound("identity")
			}
			return contract.Actor{Role: contract.RoleCoordinator, PersonID: d.person}, nil
		}),
		bus.Handle(server, contract.DirectorySignInSubject, func(_ context.Context, q contract.Subject) (contract.SignedIn, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			for _, linked := range d.linked {
				if linked == q {
					return contract.SignedIn{PersonID: d.person}, nil
				}
			}
			return contract.SignedIn{}, nobody
		}),
		bus.Handle(server, contract.DirectoryLinkSubject, func(ctx context.Context, q contract.LinkSubject) (contract.Empty, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if contract.ActorFrom(ctx).PersonID != q.PersonID {
				return contract.Empty{}, fault.NewNotFound("person")
			}
			d.linked = append(d.linked, q.Subject)
			return contract.Empty{}, nil
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// desk serves sessions as statuses, with a clock that the test moves.
type desk struct {
	t        *testing.T
	sessions *Sessions
	clock    *testkit.Clock
	staff    *staff
	address  string
}

func newDesk(t *testing.T, change func(*Options)) *desk {
	t.Helper()
	world := testkit.NewWorld(t, "web")
	deps := world.Deps(t, "web")
	d := &desk{t: t, clock: testkit.NewClock(time.Time{}), staff: &staff{person: contract.NewID[contract.PersonID]()}}
	d.staff.answer(t, world)
	fail := func(w http.ResponseWriter, _ *http.Request, err error) { http.Error(w, err.Error(), http.StatusTeapot) }
	o := Options{
		DB: deps.Worker, Bus: deps.Bus, Keys: deps.Keys, Identities: NewIdentities(deps.Bus, d.clock.Now), Clock: d.clock.Now, Fail: fail,
	}
	server := httptest.NewUnstartedServer(nil)
	o.PublicURL = "http://" + server.Listener.Addr().String()
	if change != nil {
		change(&o)
	}
	d.sessions = New(o)
	server.Config.Handler = d.sessions.Load(d.routes(fail))
	server.Start()
	t.Cleanup(server.Close)
	d.address = server.URL
	return d
}

// routes tell outcomes as statuses: 401 for what is wrong, 429 for a wait.
func (d *desk) routes(fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	mux := http.NewServeMux()
	say := func(path string, do func(context.Context, url.Values, Visit) error) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			v := Visit{Address: r.URL.Query().Get("from"), Agent: r.UserAgent(), Device: r.URL.Query().Get("device")}
			err := do(r.Context(), r.URL.Query(), v)
			if _, slow := errors.AsType[SlowDown](err); slow {
				w.WriteHeader(http.StatusTooManyRequests)
			} else if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
	}
	say("/link", func(ctx context.Context, q url.Values, v Visit) error {
		_, err := d.sessions.Redeem(ctx, q.Get("secret"), v)
		return err
	})
	say("/password", func(ctx context.Context, q url.Values, v Visit) error {
		return d.sessions.Password(ctx, q.Get("name"), q.Get("password"), v)
	})
	say("/code", func(ctx context.Context, q url.Values, v Visit) error {
		_, err := d.sessions.Code(ctx, q.Get("code"), v)
		return err
	})
	say("/prove", func(ctx context.Context, q url.Values, v Visit) error { return d.sessions.Prove(ctx, q.Get("code"), v) })
	say("/fresh", func(ctx context.Context, _ url.Values, _ Visit) error {
		if !d.sessions.Fresh(ctx) {
			return errPasskey
		}
		return nil
	})
	say("/others", func(ctx context.Context, _ url.Values, _ Visit) error { return d.sessions.EndOthers(ctx) })
	say("/callback", func(ctx context.Context, q url.Values, v Visit) error {
		_, err := d.sessions.Account(ctx, q, v)
		return err
	})
	mux.HandleFunc("/account", func(w http.ResponseWriter, r *http.Request) {
		to, err := d.sessions.AskAccount(r.Context())
		if err != nil {
			fail(w, r, err)
			return
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	})
	at := func(s Stage) string { return "/stage/" + string(s) }
	mux.Handle("/console", d.sessions.Require(at, fail)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
	})))
	return mux
}

// browser is one with its own cookies; it follows no redirects.
func (d *desk) browser() func(path string) (status int, location string) {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(path string) (int, string) {
		d.t.Helper()
		address := path
		if path[0] == '/' {
			address = d.address + path
		}
		request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, address, nil)
		if err != nil {
			d.t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			d.t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			d.t.Error(err)
		}
		return response.StatusCode, response.Header.Get("Location")
	}
}

type step struct {
	path     string
	status   int
	location string
}

func walk(t *testing.T, get func(string) (int, string), steps ...step) {
	t.Helper()
	for _, s := range steps {
		if status, location := get(s.path); status != s.status || location != s.location {
			t.Errorf("%s: %d to %q, want %d to %q", s.path, status, location, s.status, s.location)
		}
	}
}

const (
	ok      = http.StatusOK
	wrong   = http.StatusUnauthorized
	in      = http.StatusAccepted
	sent    = http.StatusSeeOther
	tooSoon = http.StatusTooManyRequests
)

func TestPasswordAndCodeComeBeforeAnything(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	walk(t, d.browser(),
		step{"/console", sent, "/stage/"},
		step{"/code?code=123456", wrong, ""},
		step{"/password?name=zhang&password=right", ok, ""},
		step{"/console", sent, "/stage/code"},
		step{"/code?code=000000", wrong, ""},
		step{"/console", sent, "/stage/code"},
		step{"/code?code=123456", ok, ""},
		step{"/console", in, ""},
	)
	// A wrong password is told only by the code that is wrong then.
	for _, q := range []string{"name=zhang&password=wrong", "name=nobody&password=right"} {
		walk(t, d.browser(),
			step{"/password?" + q, ok, ""}, step{"/console", sent, "/stage/code"},
			step{"/code?code=123456", wrong, ""}, step{"/console", sent, "/stage/code"})
	}
	walk(t, d.browser(), step{"/link?secret=right", ok, ""}, step{"/console", sent, "/stage/enrol"}, step{"/code?code=123456", wrong, ""})
}

func TestStepsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	b := d.browser()
	walk(t, b, step{"/password?name=zhang&password=right", ok, ""})
	d.clock.Advance(stepTime)
	walk(t, b, step{"/code?code=123456", wrong, ""}, step{"/console", sent, "/stage/"})
	walk(t, b, step{"/password?name=zhang&password=right", ok, ""}, step{"/code?code=123456", ok, ""}, step{"/fresh", ok, ""})
	d.clock.Advance(freshFor)
	walk(t, b, step{"/console", in, ""}, step{"/fresh", wrong, ""}, step{"/prove?code=1", wrong, ""}, step{"/fresh", wrong, ""},
		step{"/prove?code=123456", ok, ""}, step{"/fresh", ok, ""})
	d.clock.Advance(lifetime)
	walk(t, b, step{"/console", sent, "/stage/"})
}

func TestSessionsEndAtTheNextRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	first, second := d.browser(), d.browser()
	for _, b := range []func(string) (int, string){first, second} {
		walk(t, b, step{"/password?name=zhang&password=right", ok, ""}, step{"/code?code=123456", ok, ""}, step{"/console", in, ""})
	}
	walk(t, first, step{"/others", ok, ""})
	walk(t, second, step{"/console", sent, "/stage/"})
	walk(t, first, step{"/console", in, ""})
	walk(t, second, step{"/link?secret=right", ok, ""}) // a recovery ends them all
	walk(t, first, step{"/console", sent, "/stage/"})
	walk(t, first, step{"/password?name=zhang&password=right", ok, ""}, step{"/code?code=123456", ok, ""}, step{"/console", in, ""})
	d.staff.mu.Lock()
	d.staff.revoked = true
	d.staff.mu.Unlock()
	d.sessions.identities.forget() // as the directory's broadcast does
	walk(t, first, step{"/console", sent, "/stage/"})
}

// TestFailuresSlowDown tries an account, one that nobody has, and many from one
// address: each is slowed down alike, ever more, and never for good.
func TestFailuresSlowDown(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	var waits []time.Duration
	for _, name := range []string{"zhang", "nobody"} {
		b := d.browser()
		for range accountLimit().free {
			walk(t, b, step{"/password?from=192.0.2.1&password=wrong&name=" + name, ok, ""})
		}
		began := d.clock.Now()
		for range 14 {
			walk(t, b, step{"/password?from=192.0.2.1&password=wrong&name=" + name, ok, ""}, step{"/password?from=192.0.2.1&password=wrong&name=" + name, tooSoon, ""},
				step{"/code?from=192.0.2.1&code=123456", wrong, ""}, step{"/code?from=192.0.2.1&code=123456", tooSoon, ""})
			next, err := d.sessions.store.selectAttempt(t.Context(), d.sessions.account(name))
			if err != nil {
				t.Fatal(err)
			}
			d.clock.Set(next)
		}
		waits = append(waits, d.clock.Now().Sub(began).Round(time.Minute))
		d.clock.Advance(addressLimit().forget + time.Second)
	}
	// 1 s, 2 s, 4 s … 512 s, then 15 min each.
	if want := (1023*time.Second + 4*15*time.Minute).Round(time.Minute); waits[0] != want || waits[1] != want {
		t.Errorf("waited %v, want %v for both", waits, want)
	}
	owner := d.browser()
	walk(t, owner, step{"/password?name=zhang&password=right", ok, ""}, step{"/code?code=123456", ok, ""}, step{"/console", in, ""})
	// All failures are forgotten by one success.
	walk(t, d.browser(), step{"/password?name=zhang&password=wrong", ok, ""}, step{"/password?name=zhang&password=wrong", ok, ""})
}

func TestAnAddressIsSlowedDown(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	b := d.browser()
	for range addressLimit().free + 1 {
		walk(t, b, step{"/link?from=192.0.2.1&secret=guess", wrong, ""})
	}
	walk(t, b, step{"/link?from=192.0.2.1&secret=guess", tooSoon, ""}, step{"/password?from=192.0.2.1&name=a&password=b", tooSoon, ""},
		step{"/link?from=192.0.2.2&secret=guess", wrong, ""})
	d.clock.Advance(time.Minute)
	walk(t, b, step{"/link?from=192.0.2.1&secret=right", ok, ""})
	// Whoever signs in rightly uses nothing up.
	for range 2 * addressLimit().free {
		walk(t, b, step{"/password?from=192.0.2.3&name=zhang&password=right", ok, ""}, step{"/code?from=192.0.2.3&code=123456", ok, ""})
	}
}

func TestStrangersCannotKeepTheOwnerOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	device := url.QueryEscape(d.sessions.keys.Token("device", d.sessions.account("zhang"), 0))
	stranger, owner := d.browser(), d.browser()
	for i := range accountLimit().free + 1 {
		walk(t, stranger, step{"/password?from=192.0.2." + string(rune('1'+i%9)) + "&name=zhang&password=wrong", ok, ""})
	}
	walk(t, stranger, step{"/password?name=zhang&password=wrong", tooSoon, ""}, step{"/password?name=zhang&password=wrong&device=forged", tooSoon, ""})
	walk(t, owner, step{"/password?name=zhang&password=right&device=" + device, ok, ""}, step{"/code?code=123456&device=" + device, ok, ""}, step{"/console", in, ""})
}

func TestManyTriesAtOnceAreNoMoreThanOneAfterTheOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	var let sync.Map
	var racing sync.WaitGroup
	for i := range 40 {
		racing.Go(func() {
			err := d.sessions.attempt(t.Context(), "account", Visit{}, func() error { return errPasskey })
			if _, slow := errors.AsType[SlowDown](err); !slow {
				let.Store(i, true)
			}
		})
	}
	racing.Wait()
	n := 0
	let.Range(func(any, any) bool { n++; return true })
	if n != accountLimit().free+1 {
		t.Errorf("%d tries were let through, want %d", n, accountLimit().free+1)
	}
}

func TestDevicesAreNamedRoughly(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0":                   "Edge · Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile Safari/604.1":        "Safari · iPhone",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0": "WeChat · Android",
		"curl/8.0": "", "": "",
	} {
		if got := (Visit{Agent: agent}).Describe(); got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "": "", "x": "",
	} {
		if got := (Visit{Address: address}).network(); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
