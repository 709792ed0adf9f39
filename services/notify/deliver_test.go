package notify

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"heli/pkg/contract"
)

func TestDeliveryIsSignedAndThin(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusNoContent))
	w := b.register(t, xian, r.URL, "match.*")
	e := fact("accepted")
	b.hear(t, e)
	b.run(t)
	got := r.got()
	if len(got) != 1 {
		t.Fatalf("%d requests", len(got))
	}
	q := got[0]
	if !q.verifies(t, w.Secret) || q.verifies(t, newSecret()) {
		t.Error("the signature does not verify by the secret alone")
	}
	if q.header.Get("webhook-id") != string(e.ID) || q.header.Get("webhook-timestamp") != strconv.FormatInt(b.clock.Now().Unix(), 10) {
		t.Errorf("headers %v", q.header)
	}
	if q.header.Get("Content-Type") != contentType || q.header.Get("Idempotency-Key") != "" {
		t.Errorf("headers %v", q.header)
	}
	want := `{"specversion":"1.0","id":"` + string(e.ID) + `","source":"/heli","type":"heli.match.accepted","subject":"` +
		e.AggregateID + `","time":"2026-11-24T08:00:00Z","datacontenttype":"application/json","sequence":"4","data":{"state":"accepted",` +
		`"version":4,"match_id":"` + e.AggregateID + `","category":"ppe","region_code":"610100","quantity":3,"unit":"piece",` +
		`"link":"https://heli.example.org/api/v1/matches/` + e.AggregateID + `"}}`
	if q.body != want {
		t.Errorf("body %s\nwant %s", q.body, want)
	}
	d := b.only(t, w)
	if d.State != stateDelivered || d.NextAt != nil || len(d.Attempts) != 1 || d.Attempts[0].StatusCode != http.StatusNoContent {
		t.Errorf("delivery %+v", d)
	}
}

func TestTheWholeSchedule(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no luck", http.StatusInternalServerError)
	})
	w := b.register(t, xian, r.URL)
	e := fact("accepted")
	b.hear(t, e)
	for n, gap := range schedule {
		if n > 0 {
			b.clock.Advance(gap - time.Microsecond)
			b.run(t)
			if len(r.got()) != n {
				t.Fatalf("try %d came early", n+1)
			}
			b.clock.Advance(time.Microsecond)
		}
		b.run(t)
		if len(r.got()) != n+1 {
			t.Fatalf("try %d did not come after %v", n+1, gap)
		}
	}
	b.clock.Advance(48 * time.Hour)
	b.run(t)
	d := b.only(t, w)
	if d.State != stateDead || d.Reason != reasonExhausted || len(d.Attempts) != len(schedule) {
		t.Fatalf("delivery %+v", d)
	}
	stamps := map[string]bool{}
	for i, q := range r.got() {
		if !q.verifies(t, w.Secret) || q.header.Get("webhook-id") != string(e.ID) {
			t.Errorf("try %d: signature or id is wrong", i+1)
		}
		stamps[q.header.Get("webhook-timestamp")] = true
		if a := d.Attempts[i]; a.N != i+1 || a.StatusCode != 500 || a.Reason != reasonStatus || a.Answer != "no luck" {
			t.Errorf("attempt %+v", a)
		}
	}
	if len(stamps) != len(schedule) {
		t.Errorf("%d times of signing for %d tries", len(stamps), len(schedule))
	}
}

func TestAnswersAndWhatFollows(t *testing.T) {
	t.Parallel()
	later := func(after string, code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(code)
		}
	}
	elsewhere := newReceiver(t, status(http.StatusOK))
	for name, c := range map[string]struct {
		answer   http.HandlerFunc
		reason   string
		wait     time.Duration
		pause    time.Duration
		endpoint string
	}{
		"429":                 {status(429), reasonSlowDown, 5 * time.Second, 5 * time.Second, stateActive},
		"429 and Retry-After": {later("90", 429), reasonSlowDown, 90 * time.Second, 90 * time.Second, stateActive},
		"503 and Retry-After": {later("7200", 503), reasonStatus, 2 * time.Hour, 2 * time.Hour, stateActive},
		"404":                 {status(404), reasonStatus, 5 * time.Second, 0, stateActive},
		"redirect": {func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, elsewhere.URL, http.StatusTemporaryRedirect)
		}, reasonRedirect, 5 * time.Second, 0, stateActive},
		"no answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, reasonConnection, 5 * time.Second, 0, stateActive},
	} {
		b := setup(t, loopback)
		w := b.register(t, xian, newReceiver(t, c.answer).URL)
		b.hear(t, fact("accepted"))
		b.run(t)
		d := b.only(t, w)
		if d.State != statePending || d.Attempts[0].Reason != c.reason || d.NextAt.Sub(b.now()) != c.wait {
			t.Errorf("%s: %+v", name, d)
		}
		b.hear(t, fact("started"))
		b.run(t)
		if sent := len(b.deliveries(t, w)[0].Attempts) > 0; sent != (c.pause == 0) {
			t.Errorf("%s: the next fact was sent: %v", name, sent)
		}
		b.clock.Advance(c.pause)
		b.run(t)
		if len(b.deliveries(t, w)[0].Attempts) == 0 {
			t.Errorf("%s: still silent after the pause", name)
		}
		if got := b.shown(t, w); got.State != c.endpoint {
			t.Errorf("%s: endpoint %+v", name, got)
		}
	}
	if n := len(elsewhere.got()); n != 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}

func TestAFailingEndpointIsAskedSeldom(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	var well atomic.Bool
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	w := b.register(t, xian, r.URL)
	asked := func(after time.Duration, what string, want int) {
		t.Helper()
		b.clock.Advance(after)
		b.run(t)
		if got := len(r.got()); got != want {
			t.Fatalf("%s: asked %d times, want %d", what, got, want)
		}
	}
	for range 3 {
		b.hear(t, fact("accepted"))
	}
	asked(0, "at first", 3) // it had not failed before
	asked(20*time.Second, "the second tries begin", 4)
	asked(time.Second, "it rests a tenth of the time", 4)
	asked(time.Second, "and is asked once more", 5)
	b.clock.Advance(time.Hour)
	b.run(t)
	b.hear(t, fact("started"))
	asked(59*time.Second, "it rests a minute at most", 6)
	test, err := b.Test(as(t, contract.RoleIntegrator, xian), contract.WebhookByID{ID: w.ID})
	must(t, err)
	asked(0, "a test is for now", 7)
	if last := r.got()[6].header.Get("webhook-id"); last != string(test.EventID) {
		t.Errorf("%s was sent before the test", last)
	}
	well.Store(true)
	asked(time.Minute, "all that waits is sent after one success", 7+4)
}

func TestGoneDisablesUntilProvenAnew(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	var mu sync.Mutex
	code := http.StatusGone
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.WriteHeader(code)
	})
	w := b.register(t, xian, r.URL)
	for range perEndpoint + 2 {
		b.hear(t, fact("accepted"))
	}
	b.run(t)
	if got := b.shown(t, w); got.State != stateDisabled || got.Reason != reasonGone || got.Version != 2 {
		t.Fatalf("endpoint %+v", got)
	}
	for _, d := range b.deliveries(t, w) {
		if d.State != stateDead || (d.Reason != reasonGone && d.Reason != reasonEndpointDisabled) {
			t.Errorf("delivery %+v", d)
		}
	}
	b.hear(t, fact("confirmed"))
	before := len(r.got())
	b.run(t)
	if len(b.deliveries(t, w)) != perEndpoint+2 || len(r.got()) != before {
		t.Error("a disabled endpoint gets facts")
	}
	ctx := as(t, contract.RoleIntegrator, xian)
	if _, err := b.Replay(ctx, contract.ReplayDeliveries{EndpointID: w.ID}); err == nil {
		t.Error("a disabled endpoint is replayed to")
	}
	mu.Lock()
	code = http.StatusOK
	mu.Unlock()
	probe, err := b.Test(ctx, contract.WebhookByID{ID: w.ID})
	must(t, err)
	b.run(t)
	if got := b.shown(t, w); probe.Type != typeVerify || got.State != stateActive || got.Reason != "" {
		t.Fatalf("probe %s, endpoint %+v", probe.Type, got)
	}
	replayed, err := b.Replay(ctx, contract.ReplayDeliveries{EndpointID: w.ID})
	must(t, err)
	b.run(t)
	for _, d := range b.deliveries(t, w) {
		if d.State != stateDelivered {
			t.Errorf("after the replay of %d: %+v", replayed.Count, d)
		}
	}
}

func TestFiveDaysOfFailureDisable(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	w := b.register(t, xian, newReceiver(t, status(500)).URL)
	for range 6 {
		b.hear(t, fact("accepted"))
		b.run(t)
		b.clock.Advance(24 * time.Hour)
	}
	b.run(t)
	if got := b.shown(t, w); got.State != stateDisabled || got.Reason != reasonFailing {
		t.Fatalf("endpoint %+v", got)
	}
	for _, d := range b.deliveries(t, w) {
		if d.State != stateDead || d.Reason == "" {
			t.Errorf("delivery %+v", d)
		}
	}
}

// TestBadReceivers meets one that never answers, one that drips, one whose
// answer never ends and one with endless headers.
func TestBadReceivers(t *testing.T) {
	t.Parallel()
	flood := strings.Repeat("x", 32<<10)
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		timeout time.Duration
		state   string
		reason  string
	}{
		"hangs": {func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() }, 100 * time.Millisecond, statePending, reasonTimeout},
		"drips": {func(w http.ResponseWriter, q *http.Request) {
			_, _ = io.WriteString(w, "o")
			_ = http.NewResponseController(w).Flush()
			<-q.Context().Done()
		}, 100 * time.Millisecond, statePending, reasonTimeout},
		"floods": {func(w http.ResponseWriter, _ *http.Request) {
			for range 32 << 10 { // 1 GB, unless it is cut
				if _, err := io.WriteString(w, flood); err != nil {
					return
				}
			}
			t.Error("the whole answer was read")
		}, attemptTime, stateDelivered, ""},
		"long headers": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", flood) }, attemptTime, statePending, reasonConnection},
	} {
		b := setup(t, loopback, func(tuned *tuning) { tuned.timeout = c.timeout })
		w := b.register(t, xian, newReceiver(t, c.answer).URL)
		b.hear(t, fact("accepted"))
		b.run(t)
		d := b.only(t, w)
		if d.State != c.state || len(d.Attempts) != 1 || d.Attempts[0].Reason != c.reason || len(d.Attempts[0].Answer) > maxExcerpt {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestOwnershipIsProven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(challenge string) string
		state  string
		reason string
	}{
		"JSON":  {func(s string) string { return fmt.Sprintf(`{"challenge":%q}`, s) }, stateActive, ""},
		"text":  {func(s string) string { return s + "\n" }, stateActive, ""},
		"wrong": {func(string) string { return "ok" }, stateUnverified, reasonChallenge},
	} {
		b := setup(t, loopback)
		r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
			var event struct {
				Type string `json:"type"`
				Data struct {
					Challenge string `json:"challenge"`
				} `json:"data"`
			}
			if err := json.NewDecoder(q.Body).Decode(&event); err != nil || event.Type != typeVerify || len(event.Data.Challenge) < 22 {
				t.Errorf("%s: event %+v, %v", name, event, err)
			}
			_, _ = io.WriteString(w, c.answer(event.Data.Challenge))
		})
		// As if the address were outside what the operator opened.
		w := b.unproven(t, r.URL)
		b.hear(t, fact("accepted"))
		b.run(t)
		d := b.only(t, w) // nothing but the proof before it is proven
		if d.Attempts[0].Reason != c.reason || strings.Contains(d.Attempts[0].Answer, b.challenge(d.EventID)) {
			t.Errorf("%s: %+v", name, d)
		}
		if got := b.shown(t, w); got.State != c.state || !r.got()[0].verifies(t, w.Secret) {
			t.Errorf("%s: endpoint %+v", name, got)
		}
	}
}

func TestRotationSignsTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusOK))
	w := b.register(t, xian, r.URL)
	ctx := as(t, contract.RoleIntegrator, xian)
	lost, err := b.Rotate(ctx, contract.WebhookByID{ID: w.ID})
	must(t, err)
	rotated, err := b.Rotate(ctx, contract.WebhookByID{ID: w.ID})
	must(t, err)
	for _, c := range []struct {
		advance time.Duration
		valid   []string
	}{{0, []string{rotated.Secret, lost.Secret, w.Secret}}, {keptSecret, []string{rotated.Secret}}} {
		b.clock.Advance(c.advance)
		b.hear(t, fact("accepted"))
		b.run(t)
		all := r.got()
		q := all[len(all)-1]
		for _, secret := range []string{rotated.Secret, lost.Secret, w.Secret} {
			if q.verifies(t, secret) != slices.Contains(c.valid, secret) {
				t.Errorf("after %v: a secret is wrongly valid or not", c.advance)
			}
		}
		if n := len(strings.Fields(q.header.Get("webhook-signature"))); n != len(c.valid) {
			t.Errorf("%d signatures", n)
		}
	}
}
