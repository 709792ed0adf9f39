package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/api"
	"heli/services/web/site"
)

// things makes one request and one offer known, and nothing else.
func things(w *world) (request, offer string) {
	request, offer = contract.NewID[string](), contract.NewID[string]()
	stub(w, contract.RequestGet, func(ctx context.Context, q contract.GetByID) (contract.Request, error) {
		actor := contract.ActorFrom(ctx)
		if q.ID != request || actor.Role == contract.RoleRequester && actor.Subject != request {
			return contract.Request{}, fault.NewNotFound("request")
		}
		return contract.Request{ID: contract.RequestID(request), Generation: 2}, nil
	})
	stub(w, contract.OfferGet, func(_ context.Context, q contract.GetByID) (contract.Offer, error) {
		if q.ID != offer {
			return contract.Offer{}, fault.NewNotFound("offer")
		}
		return contract.Offer{ID: contract.OfferID(offer), Path: "root/other/"}, nil
	})
	return request, offer
}

// byToken are the calls that a tracking token may send: read its own, correct,
// withdraw, answer; and what anybody may.
var byToken = []string{
	"get_request", "correct_request", "requests_withdraw", "requests_answer_info", "requests_erase",
	"get_offer", "correct_offer", "offers_pause", "offers_resume", "offers_keep", "offers_withdraw", "offers_erase",
	"list_matches", "get_match", "matches_accept", "matches_decline", "matches_not_now", "matches_hand_on", "matches_start", "matches_report", "matches_confirm",
	"matches_dispute", "matches_no_show", "matches_withdraw",
	"list_categories", "list_regions", "list_items",
}

var byAnybody = []string{"submit_request", "submit_offer", "list_categories", "list_regions", "list_items"}

func TestWhoMaySendWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, offer := things(w)
	for path, item := range w.document().Paths {
		token := site.Token(w.keys, site.Track, request, 2)
		if strings.HasPrefix(path, "/offers") {
			token = site.Token(w.keys, site.Track, offer, 0)
		}
		for method, op := range item {
			route := strings.NewReplacer("{id}", contract.NewID[string](), "{n}", "1").Replace(path)
			send := func(credential string) int {
				return w.do(ask{method: strings.ToUpper(method), path: route, credential: credential, body: body(method)}).status
			}
			if got, open := send(""), slices.Contains(byAnybody, op.OperationID); (got == http.StatusUnauthorized) == open {
				t.Errorf("%s without a credential: %d", op.OperationID, got)
			}
			if got := send("heli_unknown"); got != http.StatusUnauthorized {
				t.Errorf("%s with an unknown key: %d", op.OperationID, got)
			}
			rule, _ := access.OfRoute(strings.ToUpper(method), api.Prefix+path)
			if got := send(coordinatorKey); got == http.StatusUnauthorized || (got == http.StatusForbidden) == rule.May(contract.RoleCoordinator) {
				t.Errorf("%s with a key: %d", op.OperationID, got)
			}
			if got, may := send(token), slices.Contains(byToken, op.OperationID); (got == http.StatusForbidden) == may {
				t.Errorf("%s with a tracking token: %d", op.OperationID, got)
			}
		}
	}
}

func body(method string) string {
	if method == "get" || method == "delete" {
		return ""
	}
	return "{}"
}

func TestWrongCredentialsLookAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, offer := things(w)
	good := site.Token(w.keys, site.Track, request, 2)
	var first string
	for name, credential := range map[string]string{
		"unknown key": "heli_unknown", "no key at all": "x", "former generation": site.Token(w.keys, site.Track, request, 1),
		"unknown id": site.Token(w.keys, site.Track, contract.NewID[string](), 0), "broken": "track_" + request + ".", "cut": good[:len(good)-1],
		"of an answer": "track_" + strings.TrimPrefix(site.Token(w.keys, site.Answer, request, 2), "answer_"), "malformed id": "track_x.y",
		"of the offer": strings.Replace(good, request, offer, 1),
	} {
		r := w.do(ask{method: http.MethodGet, path: "/requests/" + request, credential: credential})
		if r.status != http.StatusUnauthorized || r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d", name, r.status)
		}
		if first == "" {
			first = string(r.body)
		}
		if string(r.body) != first {
			t.Errorf("%s is told apart: %s", name, r.body)
		}
	}
	basic := w.do(ask{method: http.MethodGet, path: "/requests", header: map[string]string{"Authorization": "Basic eDp5"}})
	if basic.status != http.StatusUnauthorized {
		t.Errorf("another scheme: %d", basic.status)
	}
}

func TestATokenSpeaksForItsOwnAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, offer := things(w)
	get := func(path, token string) int {
		return w.do(ask{method: http.MethodGet, path: path, credential: token}).status
	}
	token := site.Token(w.keys, site.Track, request, 2)
	if got := get("/requests/"+request, token); got != http.StatusOK {
		t.Errorf("its own request: %d", got)
	}
	if actor := w.actor(contract.RequestGet.Subject); actor.Role != contract.RoleRequester || actor.Subject != request {
		t.Errorf("acts as %+v", actor)
	}
	if got := get("/requests/"+contract.NewID[string](), token); got != http.StatusNotFound {
		t.Errorf("another request: %d", got)
	}
	if got := get("/offers/"+offer, site.Token(w.keys, site.Track, offer, 0)); got != http.StatusOK {
		t.Errorf("its own offer: %d", got)
	}
	if actor := w.actor(contract.OfferGet.Subject); actor.Role != contract.RoleOfferer {
		t.Errorf("acts as %+v", actor)
	}
}

func TestATokenWhileItsServiceIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := contract.NewID[string]()
	r := w.do(ask{method: http.MethodGet, path: "/requests/" + id, credential: site.Token(w.keys, site.Track, id, 0)})
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
		t.Errorf("status %d: %s", r.status, r.body)
	}
}

func TestStaffSubmitWhileTheDirectoryIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send := func(method, path, credential string) int {
		a := ask{method: method, path: path, credential: credential}
		if method == http.MethodPost {
			a.body = goodRequest
		}
		return w.do(a).status
	}
	takes(w)
	if got := send(http.MethodPost, "/requests", coordinatorKey); got != http.StatusCreated {
		t.Fatalf("before the outage: %d", got)
	}
	w.nats.Stop(t)
	w.clock.Advance(10 * time.Minute)
	for _, c := range []struct {
		name, method, path, credential string
		want                           int
	}{
		{"a key that was seen submits", http.MethodPost, "/requests", coordinatorKey, http.StatusAccepted},
		{"and may do nothing else", http.MethodPost, "/matches", coordinatorKey, http.StatusServiceUnavailable},
		{"nor read", http.MethodGet, "/requests", coordinatorKey, http.StatusServiceUnavailable},
		{"a key that nobody saw", http.MethodPost, "/requests", integratorKey, http.StatusServiceUnavailable},
	} {
		if got := send(c.method, c.path, c.credential); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	w.clock.Advance(time.Hour)
	if got := send(http.MethodPost, "/requests", coordinatorKey); got != http.StatusServiceUnavailable {
		t.Errorf("a key that was seen long ago: %d", got)
	}
}

func TestARevokedKeyIsNotRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	takes(w)
	submit := func() int {
		return w.do(ask{method: http.MethodPost, path: "/requests", credential: coordinatorKey, body: goodRequest}).status
	}
	for _, want := range []int{http.StatusCreated, http.StatusUnauthorized} {
		if got := submit(); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
		w.revoke(coordinatorKey)
		w.clock.Advance(time.Minute)
	}
	w.nats.Stop(t)
	if got := submit(); got != http.StatusServiceUnavailable {
		t.Errorf("a revoked key is answered %d", got)
	}
}

// TestAKeyStaysInItsScope sends every call with a key for one action: only calls
// that need that action, or none, pass.
func TestAKeyStaysInItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	things(w)
	free := []string{"list_categories", "list_regions", "list_items", "list_campaigns"}
	mine := []string{"list_requests", "get_request"}
	for path, item := range w.document().Paths {
		for method, op := range item {
			route := strings.NewReplacer("{id}", contract.NewID[string](), "{role_id}", "1", "{n}", "1").Replace(path)
			got := w.do(ask{method: strings.ToUpper(method), path: route, credential: scopedKey, body: body(method)})
			refused := got.status == http.StatusForbidden && strings.Contains(string(got.body), `"scope"`)
			if may := slices.Contains(mine, op.OperationID) || slices.Contains(free, op.OperationID); refused == may {
				t.Errorf("%s with a key for read_requests: %d", op.OperationID, got.status)
			}
		}
	}
}

// TestGuessesAreSlowedDown sends wrong keys and tokens until the address is told
// to wait, alike for each; a key that was right a moment ago still passes.
func TestGuessesAreSlowedDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, _ := things(w)
	if got := w.do(ask{method: http.MethodGet, path: "/organisations", credential: coordinatorKey}); got.status == http.StatusUnauthorized {
		t.Fatalf("the right key: %d", got.status)
	}
	wrong := []string{"heli_unknown", "track_" + request + ".AAAAAAAAAAAAAAAAAAAAAAAAAA", "nonsense"}
	statuses := map[int]int{}
	for i := range 400 {
		got := w.do(ask{method: http.MethodGet, path: "/requests/" + request, credential: wrong[i%len(wrong)]})
		statuses[got.status]++
		if got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") == "" {
			t.Fatal("nobody says how long to wait")
		}
	}
	if statuses[http.StatusUnauthorized] < 250 || statuses[http.StatusTooManyRequests] < 50 || len(statuses) != 2 {
		t.Errorf("statuses %v", statuses)
	}
	if got := w.do(ask{method: http.MethodGet, path: "/organisations", credential: coordinatorKey}); got.status == http.StatusTooManyRequests {
		t.Error("a right key is kept out by others' guesses")
	}
	if got := w.do(ask{method: http.MethodGet, path: "/categories"}); got.status != http.StatusOK {
		t.Errorf("the public is kept out: %d", got.status)
	}
}
