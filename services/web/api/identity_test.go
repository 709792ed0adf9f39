package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
)

func TestPeopleOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invited := make(chan contract.PersonDraft, 1)
	stub(w, contract.DirectoryInvite, func(_ context.Context, q contract.PersonDraft) (contract.Invitation, error) {
		invited <- q
		return contract.Invitation{Person: contract.PersonRecord{ID: q.ID, Roles: []contract.HeldRole{}}, Login: contract.Login{Secret: "SECRET", ExpiresAt: time.Unix(0, 0).UTC()}}, nil
	})
	invite := func(key string) contract.PersonDraft {
		var answer struct {
			Person contract.PersonRecord `json:"person"`
			Link   string                `json:"link"`
		}
		w.do(ask{
			method: http.MethodPost, path: "/people", credential: adminKey, key: key,
			body: `{"name": "林晓", "role": "coordinator", "organisation": "xian", "language": "zh-Hans"}`,
		}).into(t, http.StatusCreated, &answer)
		got := <-invited
		if answer.Link != "https://heli.example/console/login#SECRET" || answer.Person.ID != got.ID || !contract.ValidID(got.ID) {
			t.Errorf("answered %+v to %+v", answer, got)
		}
		return got
	}
	first, again, other := invite("k1"), invite("k1"), invite("")
	if first != again || other.ID == first.ID || first.Name != "林晓" || first.Role != contract.RoleCoordinator || first.Organisation != "xian" || first.Language != "zh-Hans" {
		t.Errorf("invited %+v, %+v and %+v", first, again, other)
	}
	granted := make(chan contract.GrantRole, 1)
	stub(w, contract.DirectoryGrant, func(_ context.Context, q contract.GrantRole) (contract.HeldRole, error) {
		granted <- q
		return contract.HeldRole{ID: "r"}, nil
	})
	w.do(ask{method: http.MethodPost, path: "/people/p1/roles", credential: adminKey, body: `{"role": "auditor", "organisation": "xian"}`}).into(t, http.StatusCreated, &contract.HeldRole{})
	if got := <-granted; got != (contract.GrantRole{PersonID: "p1", Role: contract.RoleAuditor, Organisation: "xian"}) {
		t.Errorf("granted %+v", got)
	}
	withdrawn := make(chan contract.WithdrawRole, 1)
	stub(w, contract.DirectoryWithdraw, func(_ context.Context, q contract.WithdrawRole) (contract.Empty, error) {
		withdrawn <- q
		return contract.Empty{}, nil
	})
	if got := w.do(ask{method: http.MethodDelete, path: "/people/p1/roles/r1", credential: adminKey}); got.status != http.StatusNoContent {
		t.Errorf("withdrawing: %d", got.status)
	}
	if got := <-withdrawn; got != (contract.WithdrawRole{PersonID: "p1", RoleID: "r1"}) {
		t.Errorf("withdrew %+v", got)
	}
	made := make(chan contract.MakeLogin, 2)
	stub(w, contract.DirectoryMakeLogin, func(_ context.Context, q contract.MakeLogin) (contract.Login, error) {
		made <- q
		return contract.Login{Secret: "SECRET"}, nil
	})
	for body, resets := range map[string]bool{"": false, `{"resets": true}`: true} {
		if got := w.do(ask{method: http.MethodPost, path: "/people/p1/link", credential: adminKey, body: body}); got.status != http.StatusCreated || !strings.Contains(string(got.body), "#SECRET") {
			t.Errorf("link with %q: %d %s", body, got.status, got.body)
		}
		if got := <-made; got.Resets != resets || got.PersonID != "p1" {
			t.Errorf("link with %q: %+v", body, got)
		}
	}
	if got := w.do(ask{method: http.MethodPost, path: "/people", credential: adminKey, body: `{"name": "x", "role": "king", "organisation": "xian"}`}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a role that there is not: %d", got.status)
	}
}

func TestKeysOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := make(chan contract.MakeAPIKey, 1)
	stub(w, contract.DirectoryMakeAPIKey, func(_ context.Context, q contract.MakeAPIKey) (contract.MadeAPIKey, error) {
		asked <- q
		return contract.MadeAPIKey{ID: q.ID, Key: "heli_MADE"}, nil
	})
	var made contract.MadeAPIKey
	w.do(ask{
		method: http.MethodPost, path: "/keys", credential: adminKey, key: "k1",
		body: `{"name": "看板", "role": "integrator", "organisation": "xian", "actions": ["read_requests"], "expires_at": "2026-12-01T00:00:00Z"}`,
	}).into(t, http.StatusCreated, &made)
	got := <-asked
	if made.Key != "heli_MADE" || made.ID != got.ID || got.Name != "看板" || len(got.Actions) != 1 || got.ExpiresAt.Format(time.DateOnly) != "2026-12-01" {
		t.Errorf("made %+v of %+v", made, got)
	}
	revoked := make(chan contract.RevokeIdentity, 1)
	stub(w, contract.DirectoryRevoke, func(_ context.Context, q contract.RevokeIdentity) (contract.Empty, error) {
		revoked <- q
		return contract.Empty{}, nil
	})
	for path, want := range map[string]contract.RevokeIdentity{"/keys/k1": {APIKeyID: "k1"}, "/people/p1": {PersonID: "p1"}} {
		if got := w.do(ask{method: http.MethodDelete, path: path, credential: adminKey}); got.status != http.StatusNoContent {
			t.Errorf("%s: %d", path, got.status)
		}
		if got := <-revoked; got != want {
			t.Errorf("%s: revoked %+v", path, got)
		}
	}
}
