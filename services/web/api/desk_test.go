package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/services/web/api"
)

func TestWhatStaffDoBesideARequestReachesItsService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := make(chan any, 1)
	stub(w, contract.RequestNote, func(_ context.Context, q contract.AddNote) (contract.Empty, error) {
		asked <- q
		return contract.Empty{}, nil
	})
	stub(w, contract.OfferNote, func(_ context.Context, q contract.AddNote) (contract.Empty, error) {
		asked <- q
		return contract.Empty{}, nil
	})
	stub(w, contract.RequestEdit, func(_ context.Context, q contract.EditRequest) (contract.Moved, error) {
		asked <- q
		return contract.Moved{}, nil
	})
	stub(w, contract.RequestLink, func(_ context.Context, q contract.LinkRequests) (contract.Moved, error) {
		asked <- q
		return contract.Moved{}, nil
	})
	stub(w, contract.RequestAttachment, func(_ context.Context, q contract.AttachmentByID) (contract.AttachmentContent, error) {
		asked <- q
		return contract.AttachmentContent{Content: []byte("%PDF")}, nil
	})
	fields := contract.RequestFields{Title: "a", Urgency: contract.Soon, Lines: []contract.LineFields{{ID: "l1"}}}
	now := fields
	now.Title = "b"
	for _, test := range []struct {
		method, path, body string
		status             int
		want               any
	}{
		{http.MethodPost, "/requests/r/notes", `{"id":"n","text":"已核实","mentions":["p"]}`, http.StatusNoContent, contract.AddNote{ID: "n", SubjectID: "r", Text: "已核实", Mentions: []contract.PersonID{"p"}}},
		{http.MethodPost, "/offers/o/notes", `{"id":"n","text":"x"}`, http.StatusNoContent, contract.AddNote{ID: "n", SubjectID: "o", Text: "x"}},
		{
			http.MethodPost, "/requests/r/edit",
			`{"was":{"title":"a","description":"","urgency":"soon","lines":[{"id":"l1","specification":""}]},"now":{"title":"b","description":"","urgency":"soon","lines":[{"id":"l1","specification":""}]},"removed":["l2"]}`,
			http.StatusOK, contract.EditRequest{ID: "r", Was: fields, Now: now, Removed: []contract.NeedLineID{"l2"}},
		},
		{http.MethodPost, "/requests/r/link", `{"other_id":"s"}`, http.StatusOK, contract.LinkRequests{ID: "r", OtherID: "s", Linked: true}},
		{http.MethodPost, "/requests/r/unlink", `{"other_id":"s"}`, http.StatusOK, contract.LinkRequests{ID: "r", OtherID: "s"}},
		{http.MethodGet, "/requests/r/attachments/f", "", http.StatusOK, contract.AttachmentByID{ID: "f", RequestID: "r"}},
	} {
		got := w.do(ask{method: test.method, path: test.path, credential: coordinatorKey, body: test.body})
		if got.status != test.status {
			t.Fatalf("%s: %d %s", test.path, got.status, got.body)
		}
		if diff := cmp.Diff(test.want, <-asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
	if got := w.do(ask{method: http.MethodPost, path: "/requests/r/notes", credential: integratorKey, body: `{"text":"x"}`}); got.status != http.StatusForbidden {
		t.Errorf("an integrator writes notes: %d", got.status)
	}
}

func TestFormsAreManagedOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	do := func(method, path, body string, status int) (f api.Form) {
		t.Helper()
		w.do(ask{method: method, path: "/forms" + path, credential: integratorKey, body: body}).into(t, status, &f)
		return f
	}
	made := do(http.MethodPost, "", `{"kind":"needs","name":"Kobo","mapping":{"columns":{"contact_phone":"group/phone","source_id":"_id"},"values":{"category":"ppe"}}}`, http.StatusCreated)
	if made.Secret == "" || made.Address != "https://heli.example/inbound/"+made.ID || made.Organisation != "xian" || !made.Enabled {
		t.Errorf("made %+v", made)
	}
	if want := map[string]string{"contact_phone": "group/phone"}; !cmp.Equal(want, made.Mapping.Columns) {
		t.Errorf("mapping %+v", made.Mapping)
	}
	set := do(http.MethodPut, "/"+made.ID, `{"version":1,"name":"Kobo 2","proof":"signature","per_minute":10}`, http.StatusOK)
	if set.Version != 2 || set.Name != "Kobo 2" || set.PerMinute != 10 || set.Secret != "" {
		t.Errorf("set %+v", set)
	}
	if got := w.do(ask{method: http.MethodPut, path: "/forms/" + made.ID, credential: integratorKey, body: `{"version":1,"name":"x"}`}); got.status != http.StatusConflict {
		t.Errorf("set at an old version: %d", got.status)
	}
	if rotated := do(http.MethodPost, "/"+made.ID+"/rotate", "", http.StatusOK); rotated.Secret == "" || rotated.Secret == made.Secret {
		t.Error("the secret is not replaced")
	}
	if off := do(http.MethodPost, "/"+made.ID+"/disable", "", http.StatusOK); off.Enabled {
		t.Error("still enabled")
	}
	var list api.List[api.Form]
	w.do(ask{method: http.MethodGet, path: "/forms", credential: integratorKey}).into(t, http.StatusOK, &list)
	if len(list.Items) != 1 || list.Items[0].ID != made.ID || list.Items[0].Secret != "" {
		t.Errorf("listed %+v", list)
	}
	var posts api.List[api.FormPost]
	w.do(ask{method: http.MethodGet, path: "/forms/" + made.ID + "/posts?state=look", credential: integratorKey}).into(t, http.StatusOK, &posts)
	if posts.Items == nil || len(posts.Items) != 0 {
		t.Errorf("posts %+v", posts)
	}
	for body, want := range map[string]int{
		`{"kind":"sessions","name":"x"}`:                    http.StatusUnprocessableEntity,
		`{"kind":"needs","name":""}`:                        http.StatusUnprocessableEntity,
		`{"kind":"needs","name":"x","header":"no header!"}`: http.StatusUnprocessableEntity,
		`{"kind":"needs","name":"x","secret":"mine"}`:       http.StatusUnprocessableEntity,
	} {
		if got := w.do(ask{method: http.MethodPost, path: "/forms", credential: integratorKey, body: body}); got.status != want {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	if got := w.do(ask{method: http.MethodGet, path: fmt.Sprintf("/forms/%s", contract.NewID[string]()), credential: integratorKey}); got.status != http.StatusNotFound {
		t.Errorf("a form that is not there: %d", got.status)
	}
}
