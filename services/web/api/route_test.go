package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/services/web/api"
	"heli/services/web/site"
)

func TestMovesReachTheirServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	moves := make(chan contract.Move, 1)
	moved := func(_ context.Context, m contract.Move) (contract.Moved, error) {
		moves <- m
		return contract.Moved{ID: m.ID, State: "reached", Version: 5}, nil
	}
	stub(w, contract.RequestMove, moved)
	stub(w, contract.RequestVerifyPhone, moved)
	stub(w, contract.OfferMove, moved)
	stub(w, contract.OfferVerifyPhone, moved)
	stub(w, contract.MatcherMove, func(_ context.Context, m contract.Move) (contract.Match, error) {
		moves <- m
		return contract.Match{ID: contract.MatchID(m.ID), State: "reached", Version: 5}, nil
	})
	for thing, path := range map[contract.Thing]string{
		contract.ThingRequest: "requests", contract.ThingOffer: "offers", contract.ThingMatch: "matches",
	} {
		for _, name := range api.Moves(thing) {
			var answer contract.Moved
			w.do(ask{
				method: http.MethodPost, path: "/" + path + "/the-id/" + name, credential: coordinatorKey, key: "k1",
				body: `{"reason": "why", "version": 4, "to": "xian", "quantity": 0, "on_behalf_of": "helper", "at": "2026-03-05T08:00:00+08:00"}`,
			}).into(t, http.StatusOK, &answer)
			got := <-moves
			if answer != (contract.Moved{ID: "the-id", State: "reached", Version: 5}) || got.Move != name || got.Reason != "why" ||
				*got.Version != 4 || got.To != "xian" || *got.Quantity != 0 || got.OnBehalfOf != "helper" || !got.At.Equal(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("%s: asked %+v, answered %+v", name, got, answer)
			}
			if want := "coordinator:" + coordinatorKey + ":" + path + "_" + name + ":k1"; got.Key != want {
				t.Errorf("key is %q, want %q", got.Key, want)
			}
		}
	}
	w.do(ask{method: http.MethodPost, path: "/requests/the-id/open", credential: coordinatorKey}).into(t, http.StatusOK, &contract.Moved{})
	if got := <-moves; !reflect.DeepEqual(got, contract.Move{ID: "the-id", Move: "open"}) {
		t.Errorf("without a body: %+v", got)
	}
}

func TestFiltersReachTheirServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := make(chan any, 1)
	stub(w, contract.RequestList, func(_ context.Context, q contract.ListRequests) (contract.Listing[contract.Request], error) {
		asked <- q
		return contract.Listing[contract.Request]{NextCursor: "more"}, nil
	})
	stub(w, contract.MatcherList, func(_ context.Context, q contract.ListMatches) (contract.Listing[contract.Match], error) {
		asked <- q
		return contract.Listing[contract.Match]{Items: []contract.Match{{ID: "m"}}}, nil
	})
	get := func(path string) string {
		r := w.do(ask{method: http.MethodGet, path: path, credential: integratorKey})
		if r.status != http.StatusOK || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, %v", path, r.status, r.header)
		}
		return strings.TrimSpace(string(r.body))
	}
	if got := get("/requests?state=open,triaged&state=closed&urgency=critical&category=ppe&region=610100&organisation=xian&campaign=c&source=s&q=mask&limit=7&cursor=abc&queue=awaiting&updated_after=2026-03-01T00:00:00Z"); got != `{"items":[],"next_cursor":"more"}` {
		t.Errorf("answer %s", got)
	}
	want := contract.ListRequests{
		Page: contract.Page{Limit: 7, Cursor: "abc"}, States: []string{"open", "triaged", "closed"}, Urgencies: []contract.Urgency{"critical"},
		Categories: []string{"ppe"}, RegionCode: "610100", Organisation: "xian", Campaign: "c", Source: "s", Text: "mask", Queue: contract.QueueAwaiting,
		UpdatedAfter: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), IncludeClosed: true,
	}
	if got := <-asked; !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v", got)
	}
	if got := get("/requests"); got == "" || !reflect.DeepEqual(<-asked, contract.ListRequests{Page: contract.Page{Limit: 50}}) {
		t.Errorf("without filters: %s", got)
	}
	if got := get("/matches?request_id=r&queue=stuck"); !strings.HasSuffix(got, `"next_cursor":""}`) {
		t.Errorf("answer %s", got)
	}
	if got := <-asked; !reflect.DeepEqual(got, contract.ListMatches{Page: contract.Page{Limit: 50}, RequestID: "r", Queue: "stuck"}) {
		t.Errorf("asked %+v", got)
	}
}

func TestReasonsAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	factor := contract.Factor{Name: "closeness", Value: 0.5, Weight: 3, Key: "factor.closeness.exact", Args: map[string]any{"km": 3.5}}
	stub(w, contract.MatcherSuggest, func(_ context.Context, q contract.Suggest) (contract.Suggestions, error) {
		return contract.Suggestions{
			Items:   []contract.Suggestion{{NeedLineID: "n", OfferID: "o", OfferLineID: "l", Quantity: int64(q.Limit), Score: 0.7, Factors: []contract.Factor{factor}}},
			Missing: []contract.Missing{{NeedLineID: "n2", Rule: "place", Count: 2, Key: "missing.place", Args: map[string]any{"count": 2, "region": "610100"}}}, PolicyVersion: 1,
		}, nil
	})
	stub(w, contract.MatcherVerdict, func(context.Context, contract.AskVerdict) (contract.Verdict, error) {
		return contract.Verdict{Rule: "capacity", Key: "rule.capacity"}, nil
	})
	var view api.SuggestionsView
	w.do(ask{method: http.MethodGet, path: "/requests/r/suggestions?limit=3", credential: coordinatorKey}).into(t, http.StatusOK, &view)
	if got := view.Items[0]; got.Quantity != 3 || got.Factors[0] != (api.FactorView{Name: "closeness", Value: 0.5, Weight: 3, Text: "3.5 km away"}) {
		t.Errorf("suggestion %+v", got)
	}
	w.do(ask{method: http.MethodGet, path: "/requests/r/suggestions?lang=zh-Hans", credential: coordinatorKey}).into(t, http.StatusOK, &view)
	if got := view.Missing[0]; got.Count != 2 || !strings.Contains(got.Text, "西安市") {
		t.Errorf("missing %+v", got)
	}
	var verdict api.VerdictView
	w.do(ask{
		method: http.MethodGet, path: "/requests/r/verdict?offer_id=o", credential: coordinatorKey, header: map[string]string{"Accept-Language": "zh-TW"},
	}).into(t, http.StatusOK, &verdict)
	if verdict.Fits || verdict.Rule != "capacity" || verdict.Text == "" || verdict.Text[0] < 0x80 {
		t.Errorf("verdict %+v", verdict)
	}
}

func TestProposalsAndAnswerLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	match := contract.Match{
		ID: contract.NewID[contract.MatchID](), Code: "K7FM-3QRAG", State: "proposed", OfferID: "own", Generation: 1,
		Factors: []contract.Factor{{Name: "time", Key: "factor.time.any"}},
	}
	proposals := make(chan contract.Propose, 1)
	stub(w, contract.MatcherPropose, func(_ context.Context, q contract.Propose) (contract.Match, error) {
		proposals <- q
		return match, nil
	})
	stub(w, contract.MatcherGet, func(_ context.Context, q contract.GetByID) (contract.Match, error) {
		m := match
		m.OfferID = contract.OfferID(q.ID)
		return m, nil
	})
	stub(w, contract.OfferGet, func(_ context.Context, q contract.GetByID) (contract.Offer, error) {
		paths := map[string]string{"own": "root/shaanxi/xian/team/", "shared": "root/hubei/"}
		return contract.Offer{ID: contract.OfferID(q.ID), Path: paths[q.ID]}, nil
	})
	var view api.MatchView
	w.do(ask{
		method: http.MethodPost, path: "/matches", credential: coordinatorKey, key: "k", body: `{"need_line_id": "n", "offer_line_id": "l", "quantity": null}`,
	}).into(t, http.StatusCreated, &view)
	if q := <-proposals; q.NeedLineID != "n" || q.OfferLineID != "l" || q.Quantity != nil || q.ID == "" || q.Code == "" || len(q.BodyHash) != 64 || !strings.HasSuffix(q.Key, ":k") {
		t.Errorf("asked %+v", q)
	}
	if view.ID != match.ID || view.State != "proposed" || len(view.Factors) != 1 || view.Factors[0].Text == "" {
		t.Errorf("answer %+v", view)
	}
	var link api.AnswerLink
	w.do(ask{method: http.MethodGet, path: "/matches/own/answer_link", credential: coordinatorKey}).into(t, http.StatusOK, &link)
	id := string(match.ID)
	if link.URL != "https://heli.example/answer#"+site.Token(w.keys, site.Answer, id, 1) || link.Code != match.Code || link.Pin != site.Pin(w.keys, site.Answer, id, 1) {
		t.Errorf("link %+v", link)
	}
	w.do(ask{method: http.MethodGet, path: "/matches/shared/answer_link", credential: coordinatorKey}).problem(t, http.StatusForbidden, "forbidden")
	w.do(ask{method: http.MethodGet, path: "/matches/own/answer_link", credential: integratorKey}).problem(t, http.StatusForbidden, "forbidden")
}

func TestWebhooksAndEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stub(w, contract.NotifyRegister, func(_ context.Context, q contract.WebhookDraft) (contract.Webhook, error) {
		return contract.Webhook{ID: q.ID, URL: q.URL, Events: q.Events, Secret: "whsec_x", Description: q.Key}, nil
	})
	stub(w, contract.NotifyRemove, func(context.Context, contract.WebhookByID) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(w, contract.NotifyReplay, func(_ context.Context, q contract.ReplayDeliveries) (contract.Replayed, error) {
		return contract.Replayed{Count: int64(len(q.IDs))}, nil
	})
	stub(w, contract.NotifyEvents, func(_ context.Context, q contract.PullEvents) (contract.PulledEvents, error) {
		return contract.PulledEvents{Items: []json.RawMessage{json.RawMessage(`{"type":"heli.match.proposed"}`)}, Next: q.After + "1"}, nil
	})
	var hook contract.Webhook
	w.do(ask{method: http.MethodPost, path: "/webhooks", credential: integratorKey, key: "k", body: `{"url": "https://example.org/x", "events": ["match.*"]}`}).into(t, http.StatusCreated, &hook)
	if hook.Secret == "" || hook.ID == "" || hook.Description != "integrator:"+integratorKey+":register_webhook:k" {
		t.Errorf("webhook %+v", hook)
	}
	if r := w.do(ask{method: http.MethodDelete, path: "/webhooks/x", credential: integratorKey}); r.status != http.StatusNoContent || len(r.body) != 0 {
		t.Errorf("removal: %d %s", r.status, r.body)
	}
	var replayed contract.Replayed
	w.do(ask{method: http.MethodPost, path: "/webhooks/x/replay", credential: integratorKey, body: `{"ids": ["a", "b"]}`}).into(t, http.StatusOK, &replayed)
	if replayed.Count != 2 {
		t.Errorf("replayed %d", replayed.Count)
	}
	r := w.do(ask{method: http.MethodGet, path: "/events?after=7", credential: integratorKey})
	if want := `{"items":[{"type":"heli.match.proposed"}],"next_cursor":"71"}`; strings.TrimSpace(string(r.body)) != want {
		t.Errorf("events %s", r.body)
	}
}

func TestReferenceDataIsForEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var codes []string
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		var page api.List[contract.Region]
		r := w.do(ask{method: http.MethodGet, path: "/regions?limit=5&cursor=" + cursor})
		r.into(t, http.StatusOK, &page)
		if !strings.HasPrefix(r.header.Get("Cache-Control"), "public") {
			t.Errorf("Cache-Control is %q", r.header.Get("Cache-Control"))
		}
		for _, region := range page.Items {
			codes = append(codes, region.Code)
		}
		cursor = page.NextCursor
	}
	if len(codes) != 12 || !slices.IsSorted(codes) || len(slices.Compact(codes)) != 12 {
		t.Errorf("regions %v", codes)
	}
	var page api.List[contract.Region]
	w.do(ask{method: http.MethodGet, path: "/regions?parent=610100"}).into(t, http.StatusOK, &page)
	if len(page.Items) != 2 || page.Items[0].Code != "610102" {
		t.Errorf("below 610100: %v", page.Items)
	}
	var items api.List[contract.Item]
	w.do(ask{method: http.MethodGet, path: "/items?category=ppe"}).into(t, http.StatusOK, &items)
	if len(items.Items) != 3 {
		t.Errorf("items %v", items.Items)
	}
}
