package api_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/services/web/api"
)

// document is what the tests read of the OpenAPI document.
type document struct {
	OpenAPI string                           `json:"openapi"`
	Servers []struct{ URL string }           `json:"servers"`
	Paths   map[string]map[string]documentOp `json:"paths"`
}

type documentOp struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Security    []map[string][]string `json:"security"`
	Responses   map[string]any        `json:"responses"`
}

func (w *world) document() document {
	w.tb.Helper()
	var d document
	w.do(ask{method: http.MethodGet, path: "/openapi.json"}).into(w.tb, http.StatusOK, &d)
	return d
}

// routes are those of the interface's specification, without the moves.
var routes = []string{
	"POST /requests", "GET /requests", "GET /requests/{id}", "GET /requests/{id}/suggestions", "GET /requests/{id}/verdict",
	"POST /offers", "GET /offers", "GET /offers/{id}", "POST /offers/{id}/credentials/{n}/verify",
	"POST /matches", "GET /matches", "GET /matches/{id}",
	"POST /webhooks", "GET /webhooks", "GET /webhooks/{id}/deliveries", "POST /webhooks/{id}/test", "POST /webhooks/{id}/rotate",
	"POST /webhooks/{id}/replay", "GET /events",
	"POST /requests/{id}/triage", "POST /requests/{id}/open", "POST /requests/{id}/hold", "POST /requests/{id}/refer",
	"POST /requests/{id}/close", "POST /requests/{id}/reopen", "POST /requests/{id}/verify_phone",
	"POST /offers/{id}/vet", "POST /offers/{id}/verify_phone", "POST /offers/{id}/approve", "POST /offers/{id}/pause",
	"POST /offers/{id}/resume", "POST /offers/{id}/withdraw",
	"POST /matches/{id}/accept", "POST /matches/{id}/decline", "POST /matches/{id}/release_contact", "POST /matches/{id}/start",
	"POST /matches/{id}/report", "POST /matches/{id}/confirm", "POST /matches/{id}/dispute", "POST /matches/{id}/resolve",
	"POST /matches/{id}/no_show", "POST /matches/{id}/fail", "POST /matches/{id}/withdraw", "POST /matches/{id}/cancel",
}

func TestTheDocumentHoldsEveryRoute(t *testing.T) {
	t.Parallel()
	d := newWorld(t).document()
	if d.OpenAPI != "3.1.0" || len(d.Servers) != 1 || d.Servers[0].URL != api.Prefix {
		t.Errorf("version %s, servers %v", d.OpenAPI, d.Servers)
	}
	wanted := slices.Clone(routes)
	for thing, path := range map[contract.Thing]string{
		contract.ThingRequest: "/requests", contract.ThingOffer: "/offers", contract.ThingMatch: "/matches",
	} {
		for _, move := range api.Moves(thing) {
			wanted = append(wanted, "POST "+path+"/{id}/"+move)
		}
	}
	for _, route := range wanted {
		method, path, _ := strings.Cut(route, " ")
		op, ok := d.Paths[path][strings.ToLower(method)]
		if !ok || op.Summary == "" || op.OperationID == "" {
			t.Errorf("%s is not described", route)
		}
		for _, status := range []string{"401", "404", "409", "422", "503"} {
			if op.Responses[status] == nil {
				t.Errorf("%s does not say what %s is", route, status)
			}
		}
	}
}

var address = regexp.MustCompile(`(?:https?:)?//[a-zA-Z0-9.-]+`)

func TestTheReadablePagesNeedNoOtherHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, lang := range []string{"en", "zh-Hans", "zh-Hant"} {
		r := w.do(ask{method: http.MethodGet, path: "/docs?lang=" + lang})
		call := w.do(ask{method: http.MethodGet, path: "/docs/submit_request?lang=" + lang})
		text := string(r.body) + string(call.body)
		if r.status != http.StatusOK || call.status != http.StatusOK || strings.Count(text, `<html lang="`+lang+`"`) != 2 {
			t.Fatalf("%s: status %d and %d", lang, r.status, call.status)
		}
		if found := address.FindAllString(text, -1); len(found) > 0 {
			t.Errorf("%s: the page names other hosts: %v", lang, found)
		}
		for _, want := range []string{"/requests/{id}/suggestions", "need_lines[].unit", "Idempotency-Key"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not mention %s", lang, want)
			}
		}
		if strings.Contains(text, "api.") && regexp.MustCompile(`>api\.[a-z_]+<`).MatchString(text) {
			t.Errorf("%s: a text is missing", lang)
		}
		if policy := r.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || policy == "" {
			t.Errorf("policy is %q", policy)
		}
	}
}
