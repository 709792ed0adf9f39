package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/api"
	"heli/services/web/site"
)

const goodRequest = `{
	"title": "口罩", "description": "", "urgency": "urgent", "mode": "delivery", "region_code": "610113",
	"point": {"lat": 34.22, "lon": 108.94},
	"need_lines": [{"category": "ppe", "item": "mask_n95", "quantity": 200, "unit": "piece"}, {"category": "food", "quantity": null, "unit": "portion"}],
	"languages": ["zh"], "skills": [], "safeguards": [], "windows": [{"weekday": 1, "from": "09:00", "to": "17:00"}],
	"vulnerability": ["elderly"], "time_zone": "Asia/Shanghai", "needed_by": "2026-03-05T00:00:00Z",
	"contact": {"name": "Demo Person", "phone": "+861000000001"}, "consent": {"version": "1", "purposes": ["match"]}
}`

const goodOffer = `{
	"title": "心理热线", "description": "", "mode": "remote", "region_code": "610100",
	"offer_lines": [{"category": "psych", "capacity": {"quantity": 5, "unit": "session", "per": "week"}}],
	"credentials": [{"kind": "psych", "number": "X-1"}], "radius_m": 5000,
	"contact": {"name": "Demo Person", "email": "demo@example.org"}, "consent": {"version": "1"}
}`

// takes answers submissions as their services do, and hands over what came.
func takes(w *world) (requests chan contract.SubmitRequest, offers chan contract.SubmitOffer) {
	requests, offers = make(chan contract.SubmitRequest, 100), make(chan contract.SubmitOffer, 100)
	stub(w, contract.RequestSubmit, func(_ context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
		requests <- q
		return contract.SubmittedRequest{ID: q.ID, Code: q.Code, State: "submitted", NeedLines: q.Draft.NeedLines, Generation: 3}, nil
	})
	stub(w, contract.OfferSubmit, func(_ context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
		offers <- q
		return contract.SubmittedOffer{ID: q.ID, Code: q.Code, State: "submitted", OfferLines: q.Draft.OfferLines}, nil
	})
	return requests, offers
}

func TestSubmissionsReachTheirServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requests, offers := takes(w)
	var request api.SubmittedRequest
	w.do(ask{method: http.MethodPost, path: "/requests", key: publicKey, body: goodRequest}).into(t, http.StatusCreated, &request)
	got := <-requests
	if request.ID != got.ID || request.Code != got.Code || len(request.NeedLines) != 2 || request.NeedLines[0].ID == "" {
		t.Errorf("answer %+v", request)
	}
	if want := site.Token(w.keys, site.Track, string(got.ID), 3); request.TrackingToken != want {
		t.Errorf("token %q", request.TrackingToken)
	}
	if got.Key != "public:public:submit_request:"+publicKey || len(got.BodyHash) != 64 || got.SubmittedAt != w.clock.Now() {
		t.Errorf("key %q, hash %q, at %v", got.Key, got.BodyHash, got.SubmittedAt)
	}
	if d := got.Draft; *d.NeedLines[0].Quantity != 200 || d.NeedLines[1].Quantity != nil || d.Contact.Phone != "+861000000001" || d.NeededBy == nil {
		t.Errorf("draft %+v", d)
	}
	var offer api.SubmittedOffer
	w.do(ask{method: http.MethodPost, path: "/offers", credential: coordinatorKey, body: goodOffer}).into(t, http.StatusCreated, &offer)
	given := <-offers
	if given.Key != "" || given.Draft.Credentials[0].Kind != "psych" || *given.Draft.OfferLines[0].Capacity.Quantity != 5 {
		t.Errorf("offer %+v", given)
	}
	if actor := w.actor(contract.OfferSubmit.Subject); actor.Role != contract.RoleCoordinator {
		t.Errorf("acts as %+v", actor)
	}
}

func TestSubmissionsAreKeptWhileTheirServicesAreAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first, second, offer api.SubmittedRequest
	w.do(ask{method: http.MethodPost, path: "/requests", key: publicKey, body: goodRequest}).into(t, http.StatusAccepted, &first)
	w.do(ask{method: http.MethodPost, path: "/requests", key: publicKey, body: goodRequest}).into(t, http.StatusAccepted, &second)
	if first.ID == "" || first.TrackingToken == "" || first.State != "submitted" || first.ID != second.ID ||
		!slices.Equal(lineIDs(first), lineIDs(second)) || first.TrackingToken != second.TrackingToken {
		t.Errorf("first %+v, second %+v", first, second)
	}
	other := strings.Replace(goodRequest, "口罩", "手套", 1)
	w.do(ask{method: http.MethodPost, path: "/requests", key: publicKey, body: other}).problem(t, http.StatusConflict, "idempotency_key_reused")
	w.do(ask{method: http.MethodPost, path: "/offers", key: publicKey, body: goodOffer}).into(t, http.StatusAccepted, &offer)
	bad := strings.Replace(goodRequest, "610113", "999999", 1)
	p := w.do(ask{method: http.MethodPost, path: "/requests", key: publicKey + "2", body: bad}).problem(t, http.StatusUnprocessableEntity, "invalid")
	if !slices.Equal(p.locations(), []string{"body.region_code"}) {
		t.Errorf("locations %v", p.locations())
	}
}

func lineIDs(r api.SubmittedRequest) []contract.NeedLineID {
	var ids []contract.NeedLineID
	for _, l := range r.NeedLines {
		ids = append(ids, l.ID)
	}
	return ids
}

func TestEveryWrongPlaceIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	takes(w)
	for _, tt := range []struct {
		name, path, body string
		want             []string
	}{
		{"form and content", "/requests", `{"urgency": "now", "mode": 7, "region_code": "999999", "point": {"lat": 100, "lon": 0},
			"need_lines": [{"category": "nothing", "unit": "foot", "quantity": 1.5, "colour": "red"}, {"category": "ppe"}],
			"needed_by": "tomorrow", "languages": ["zh", "??"], "secret": 1, "contact": {"name": "Demo", "phone": "12"}}`,
			[]string{
				"body.consent.version", "body.contact.phone", "body.languages[1]", "body.mode", "body.need_lines[0].category", "body.need_lines[0].colour",
				"body.need_lines[0].quantity", "body.need_lines[0].unit", "body.need_lines[1].unit", "body.needed_by", "body.point.lat",
				"body.region_code", "body.secret", "body.title", "body.urgency",
			}},
		{"a list that is none", "/requests", strings.Replace(goodRequest, `["zh"]`, `"zh"`, 1), []string{"body.languages"}},
		{"an unknown key alone", "/requests", strings.Replace(goodRequest, `"skills"`, `"skils"`, 1), []string{"body.skils"}},
		{"no object", "/requests", `[]`, []string{"body"}},
		{"an offer", "/offers", `{"title": "x", "mode": "remote", "region_code": "610100", "offer_lines": [{"category": "psych", "capacity": {"unit": "session", "per": "month"}}],
			"credentials": [{"kind": "psych", "verified_by": "me"}], "contact": {"name": "Demo", "email": "demo@example.org"}, "consent": {"version": "1"}}`,
			[]string{"body.credentials[0].verified_by", "body.offer_lines[0].capacity.per"}},
	} {
		p := w.do(ask{method: http.MethodPost, path: tt.path, key: publicKey, body: tt.body}).problem(t, http.StatusUnprocessableEntity, "invalid")
		if got := p.locations(); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestWhatAServiceFindsIsNamedInTheBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stub(w, contract.RequestSubmit, func(context.Context, contract.SubmitRequest) (contract.SubmittedRequest, error) {
		return contract.SubmittedRequest{}, fault.NewInvalid(
			fault.Field{Location: "need_lines[0].unit", Code: "unknown"}, fault.Field{Location: "title", Code: "too_long", Args: map[string]any{"max": 200}})
	})
	p := w.do(ask{
		method: http.MethodPost, path: "/requests", credential: coordinatorKey, body: goodRequest, header: map[string]string{"Accept-Language": "zh-CN"},
	}).problem(t, http.StatusUnprocessableEntity, "invalid")
	if got := p.locations(); !slices.Equal(got, []string{"body.need_lines[0].unit", "body.title"}) {
		t.Errorf("locations %v", got)
	}
	for _, field := range p.Errors {
		if field.Location == "body.title" && !strings.Contains(field.Message, "200") || field.Message[0] < 0x80 {
			t.Errorf("message %q", field.Message)
		}
	}
}

func TestThePublicNeedsAKeyThatCannotBeGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	takes(w)
	for key, code := range map[string]string{
		"": "required", "short": "weak_key", strings.Repeat("a", 40): "weak_key", "0123456789 0123456789 0123": "weak_key", strings.Repeat("x", 300): "too_long",
	} {
		p := w.do(ask{method: http.MethodPost, path: "/requests", key: key, body: goodRequest}).problem(t, http.StatusUnprocessableEntity, "invalid")
		if len(p.Errors) != 1 || p.Errors[0].Location != "header.Idempotency-Key" || p.Errors[0].Code != code {
			t.Errorf("%q: %+v", key, p.Errors)
		}
	}
	if r := w.do(ask{method: http.MethodPost, path: "/requests", credential: coordinatorKey, key: "short", body: goodRequest}); r.status != http.StatusCreated {
		t.Errorf("with an API key: %d", r.status)
	}
}

// problem is an answer that tells an error.
type problem struct{ api.Problem }

func (p problem) locations() []string {
	var list []string
	for _, field := range p.Errors {
		list = append(list, field.Location)
	}
	slices.Sort(list)
	return list
}

// problem demands that the answer is a problem of the status and code.
func (r reply) problem(t *testing.T, status int, code string) problem {
	t.Helper()
	var p problem
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("status %d, media type %q: %s", r.status, got, r.body)
	}
	if err := json.Unmarshal(r.body, &p.Problem); err != nil {
		t.Fatal(err)
	}
	if r.status != status || p.Status != status || p.Code != code || p.Title == "" || p.Type != "about:blank" {
		t.Errorf("want %d %s, got %d: %s", status, code, r.status, r.body)
	}
	return p
}
