package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/api"
)

func TestFaultsOfServicesAreProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var fails error
	stub(w, contract.RequestMove, func(context.Context, contract.Move) (contract.Moved, error) { return contract.Moved{}, fails })
	for _, tt := range []struct {
		fault  error
		status int
		code   string
	}{
		{fault.NewInvalid(fault.Field{Location: "reason", Code: "required"}), http.StatusUnprocessableEntity, "invalid"},
		{fault.NewNotFound("request"), http.StatusNotFound, "not_found"},
		{fault.NewConflict("illegal_move", "a closed request cannot be opened"), http.StatusConflict, "illegal_move"},
		{fault.NewForbidden("open"), http.StatusForbidden, "forbidden"},
		{fault.NewUnavailable(errors.New("secret")), http.StatusServiceUnavailable, "unavailable"},
		{errors.New("secret"), http.StatusInternalServerError, "internal"},
	} {
		fails = tt.fault
		r := w.do(ask{method: http.MethodPost, path: "/requests/x/open", credential: coordinatorKey})
		p := r.problem(t, tt.status, tt.code)
		if strings.Contains(string(r.body), "secret") {
			t.Errorf("internal text leaves the process: %s", r.body)
		}
		if tt.status == http.StatusUnprocessableEntity && !slices.Equal(p.locations(), []string{"body.reason"}) {
			t.Errorf("locations %v", p.locations())
		}
		if retry := r.header.Get("Retry-After") != ""; retry != (tt.status == http.StatusServiceUnavailable) {
			t.Errorf("%d: Retry-After is %v", tt.status, retry)
		}
	}
}

func TestWhatCannotBeReadIsAProblem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requests, _ := takes(w)
	send := func(method, path, body string, header map[string]string) reply {
		return w.do(ask{method: method, path: path, credential: coordinatorKey, body: body, header: header})
	}
	send(http.MethodPost, "/requests", `{"title": "secret`, nil).problem(t, http.StatusBadRequest, "malformed")
	send(http.MethodPost, "/requests", ``, nil).problem(t, http.StatusBadRequest, "malformed")
	send(http.MethodPost, "/matches", `{"x": "`+strings.Repeat("a", 64<<10)+`"}`, nil).problem(t, http.StatusRequestEntityTooLarge, "too_large")
	send(http.MethodPost, "/matches", `{}`, map[string]string{"Content-Type": "text/plain"}).problem(t, http.StatusUnsupportedMediaType, "media_type")
	send(http.MethodGet, "/nothing", ``, nil).problem(t, http.StatusNotFound, "not_found")
	send(http.MethodPut, "/requests", `{}`, nil).problem(t, http.StatusMethodNotAllowed, "method")
	if len(requests) != 0 {
		t.Error("something of it reached the service")
	}
	fits := `{"description": "` + strings.Repeat(" ", (64<<10)-len(goodRequest)-18) + `",` + strings.TrimPrefix(strings.Replace(goodRequest, `"description": "",`, "", 1), "{")
	if len(fits) > 64<<10 {
		t.Fatalf("%d bytes", len(fits))
	}
	if r := send(http.MethodPost, "/requests", fits, nil); r.status != http.StatusCreated {
		t.Errorf("a body of just 64 KB: %d %s", r.status, r.body)
	}
}

func TestWrongParametersAndBodiesAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		method, path, body string
		want               []string
	}{
		{http.MethodGet, "/requests?limit=101&updated_after=soon&queue=lost", "", []string{"query.limit", "query.queue", "query.updated_after"}},
		{http.MethodGet, "/offers?limit=0", "", []string{"query.limit"}},
		{http.MethodGet, "/requests/x/verdict", "", []string{"query.offer_id"}},
		{http.MethodGet, "/categories?cursor=%21", "", []string{"query.cursor"}},
		{http.MethodPost, "/offers/x/credentials/first/verify", "", []string{"path.n"}},
		{http.MethodPost, "/matches", `{"need_line_id": 1, "colour": "red"}`, []string{"body.colour", "body.need_line_id", "body.offer_line_id"}},
		{http.MethodPost, "/matches", `{"need_line_id": "a", "offer_line_id": "b", "quantity": 1e30}`, []string{"body.quantity"}},
		{http.MethodPost, "/matches/x/report", `{"quantity": -1, "on_behalf_of": "me", "why": ""}`, []string{"body.on_behalf_of", "body.quantity", "body.why"}},
		{http.MethodPost, "/webhooks", `{"url": "https://example.org"}`, []string{"body.events"}},
		{http.MethodPatch, "/requests/x", `{"title": "x"}`, []string{"body.version"}},
	} {
		r := w.do(ask{method: tt.method, path: tt.path, credential: coordinatorKey, body: tt.body})
		if got := r.problem(t, http.StatusUnprocessableEntity, "invalid").locations(); !slices.Equal(got, tt.want) {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.path, got, tt.want)
		}
		if strings.Contains(string(r.body), `"value"`) || strings.Contains(string(r.body), "Go ") {
			t.Errorf("tells too much: %s", r.body)
		}
	}
}

func TestTooManyCallsAreAProblem(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	api.TooMany(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	r := reply{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
	if r.problem(t, http.StatusTooManyRequests, "too_many"); r.header.Get("Retry-After") == "" {
		t.Error("does not say when to come again")
	}
}
