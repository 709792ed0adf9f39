package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heli/pkg/contract"
)

func TestAnEndpointIsChangedOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := make(chan any, 1)
	answering(w, asked, contract.NotifyEdit)
	for body, want := range map[string]contract.EditWebhook{
		`{"version":2,"events":["match.*"]}`: {ID: "e", Version: 2, Events: []string{"match.*"}},
		`{"version":2,"url":"https://hook.example.org/2","secret":"s","description":""}`: {
			ID: "e", Version: 2, URL: new("https://hook.example.org/2"), Secret: "s", Description: new(""),
		},
	} {
		if got := w.do(ask{method: http.MethodPatch, path: "/webhooks/e", credential: integratorKey, body: body}); got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", body, got.status, got.body)
		}
		got := <-asked
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(contract.EditWebhook{}, "Key", "BodyHash")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
		if edit, ok := got.(contract.EditWebhook); !ok || edit.BodyHash == "" {
			t.Errorf("%s: a repeat with another body is not told apart", body)
		}
	}
	if got := w.do(ask{method: http.MethodPatch, path: "/webhooks/e", credential: integratorKey, body: `{"events":["*"]}`}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without a version: %d", got.status)
	}
}
