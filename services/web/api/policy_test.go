package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/api"
)

func TestAPolicyIsTriedOnThePast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := make(chan contract.ReplayPast, 1)
	stub(w, contract.MatcherReplay, func(_ context.Context, q contract.ReplayPast) (contract.ReplayedPast, error) {
		asked <- q
		return contract.ReplayedPast{Record: contract.ReplayRecord{Needs: 7}, Policies: []contract.ReplayResult{
			{Mode: "automatic", UnitsMatched: 5}, {InForce: true, UnitsMatched: 3},
		}}, nil
	})
	var view api.TryView
	w.do(ask{
		method: http.MethodPost, path: "/policies/dry_run", credential: coordinatorKey,
		body: `{"organisation": "xian", "category": "food", "document": {"mode": "automatic"}, "until": "2026-03-01T00:00:00Z"}`,
	}).into(t, http.StatusOK, &view)
	if view.Tried.UnitsMatched != 5 || view.InForce.UnitsMatched != 3 || view.Record.Needs != 7 {
		t.Errorf("answered %+v", view)
	}
	q := <-asked
	if p := q.Policies[0]; p.Organisation != "xian" || p.Category != "food" || string(p.Document) != `{"mode":"automatic"}` || !q.Policies[1].InForce {
		t.Errorf("asked %+v", q)
	}
	if q.Until.Sub(*q.Since) != 14*24*time.Hour {
		t.Errorf("tried from %s until %s", q.Since, q.Until)
	}
}

func TestATryThatCannotBeIsToldWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stub(w, contract.MatcherReplay, func(_ context.Context, q contract.ReplayPast) (contract.ReplayedPast, error) {
		if q.Policies[0].Category == "food" {
			return contract.ReplayedPast{}, fault.New(fault.Unavailable, "replay_busy", "another replay runs now")
		}
		return contract.ReplayedPast{}, fault.NewInvalid(fault.Field{Location: "policies[0].document.mode", Code: "unknown"})
	})
	for name, tc := range map[string]struct {
		body           string
		status         int
		code, location string
	}{
		"busy":      {`{"category": "food", "document": {}}`, http.StatusServiceUnavailable, "replay_busy", ""},
		"unsound":   {`{"document": {"mode": "wild"}}`, http.StatusUnprocessableEntity, "invalid", "body.document.mode"},
		"too long":  {`{"document": {}, "since": "2020-01-01T00:00:00Z"}`, http.StatusUnprocessableEntity, "invalid", "body.since"},
		"backwards": {`{"document": {}, "since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}`, http.StatusUnprocessableEntity, "invalid", "body.since"},
	} {
		var problem api.Problem
		w.do(ask{method: http.MethodPost, path: "/policies/dry_run", credential: coordinatorKey, body: tc.body}).into(t, tc.status, &problem)
		if problem.Code != tc.code || tc.location != "" && problem.Errors[0].Location != tc.location {
			t.Errorf("%s: %+v", name, problem)
		}
	}
}
