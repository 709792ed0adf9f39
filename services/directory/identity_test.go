package directory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestLoginIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person := b.person(t, "xian", contract.RoleCoordinator)
	login, err := b.MakeLogin(b.ctx, contract.MakeLogin{PersonID: person.ID})
	if err != nil {
		t.Fatalf("make login: %v", err)
	}
	if !login.ExpiresAt.Equal(b.clock.Now().Add(invitationLife)) {
		t.Errorf("expires at %s", login.ExpiresAt)
	}
	var redeemed, refused atomic.Int32
	var racing sync.WaitGroup
	for range 8 {
		racing.Go(func() {
			got, err := b.RedeemLogin(t.Context(), contract.RedeemLogin{Secret: login.Secret})
			switch {
			case err == nil && got == person:
				redeemed.Add(1)
			case fault.Is(err, fault.NotFound):
				refused.Add(1)
			default:
				t.Errorf("redeem: %+v %v", got, err)
			}
		})
	}
	racing.Wait()
	if redeemed.Load() != 1 || refused.Load() != 7 {
		t.Errorf("%d redeemed, %d refused", redeemed.Load(), refused.Load())
	}
}

func TestLoginsThatFailLookAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	expired, revoked := b.person(t, "xian", contract.RoleCoordinator), b.person(t, "xian", contract.RoleCoordinator)
	secrets := map[string]string{"unknown": newSecret(), "empty": ""}
	for name, person := range map[string]contract.Person{"expired": expired, "revoked": revoked} {
		login, err := b.MakeLogin(b.ctx, contract.MakeLogin{PersonID: person.ID})
		if err != nil {
			t.Fatalf("make login: %v", err)
		}
		secrets[name] = login.Secret
	}
	if _, err := b.Revoke(b.ctx, contract.RevokeIdentity{PersonID: revoked.ID}); err != nil {
		t.Fatalf("revoke: %v", err)
	}
	if _, err := b.RedeemLogin(t.Context(), contract.RedeemLogin{Secret: secrets["revoked"]}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a revoked person signs in: %v", err)
	}
	b.clock.Advance(invitationLife)
	for name, secret := range secrets {
		_, err := b.RedeemLogin(t.Context(), contract.RedeemLogin{Secret: secret})
		if got := fault.As(err); got == nil || got.Error() != fault.NewNotFound("login").Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.MakeLogin(b.ctx, contract.MakeLogin{PersonID: revoked.ID}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a login for somebody revoked: %v", err)
	}
}

func TestKeyActsUntilRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	xian := b.organisation(t, "xian", "", "610100")
	ask := contract.MakeAPIKey{
		ID: contract.NewID[contract.APIKeyID](), Organisation: "xian", Role: contract.RoleIntegrator, Name: "示例系统",
	}
	made, err := b.MakeAPIKey(b.ctx, ask)
	if err != nil || !strings.HasPrefix(made.Key, "heli_") || len(made.Key) < 45 {
		t.Fatalf("make key: %+v %v", made, err)
	}
	if _, err := b.MakeAPIKey(b.ctx, ask); fault.As(err).Code != "key_made" {
		t.Errorf("the same key again: %v", err)
	}
	want := contract.Actor{
		Role: contract.RoleIntegrator, Name: "示例系统", APIKeyID: made.ID, Organisation: xian.ID, Path: xian.Path,
	}
	if got, err := b.Authenticate(t.Context(), contract.Authenticate{Key: made.Key}); err != nil || got != want {
		t.Errorf("actor = %+v %v, want %+v", got, err, want)
	}
	var stored int
	const q = `SELECT count(*) FROM directory.api_key k WHERE row_to_json(k)::text LIKE '%' || $1 || '%'`
	if err := b.admin.Get(&stored, q, made.Key); err != nil || stored != 0 {
		t.Errorf("the key is stored in clear (%d, %v)", stored, err)
	}
	b.heard()
	for range 2 {
		if _, err := b.Revoke(b.ctx, contract.RevokeIdentity{APIKeyID: made.ID}); err != nil {
			t.Fatalf("revoke: %v", err)
		}
	}
	if got := b.heard(); !slices.Equal(got, []string{contract.IdentityChanged}) {
		t.Errorf("told %v", got)
	}
	if _, err := b.Authenticate(t.Context(), contract.Authenticate{Key: made.Key}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a revoked key acts: %v", err)
	}
}

func TestPersonIsChangedUnderTheirID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	xian := b.organisation(t, "xian", "", "610100")
	person := b.person(t, "xian", contract.RoleCoordinator)
	draft := contract.PersonDraft{
		ID: person.ID, Name: person.Name, Role: person.Role, Organisation: "xian", Language: person.Language,
	}
	b.heard()
	if _, err := b.AddPerson(b.ctx, draft); err != nil || len(b.heard()) > 0 {
		t.Errorf("adding the same again tells of a change (%v)", err)
	}
	draft.Name = "示例·李四"
	if _, err := b.AddPerson(b.ctx, draft); err != nil || !slices.Contains(b.heard(), contract.IdentityChanged) {
		t.Errorf("a change of name is not told (%v)", err)
	}
	draft.Role = contract.RoleAuditor
	if _, err := b.AddPerson(b.ctx, draft); fault.As(err).Code != "role_by_grant" {
		t.Errorf("another role by adding again: %v", err)
	}
	got, err := b.Authenticate(t.Context(), contract.Authenticate{PersonID: person.ID})
	want := contract.Actor{Role: contract.RoleCoordinator, Name: draft.Name, PersonID: person.ID, Organisation: xian.ID, Path: xian.Path}
	if err != nil || got != want {
		t.Errorf("actor = %+v %v, want %+v", got, err, want)
	}
}

func TestIdentitiesOfOthersAreUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	xian, gansu := b.organisation(t, "xian", "", "610100"), b.organisation(t, "gansu", "", "620000")
	stranger := b.person(t, "gansu", contract.RoleCoordinator)
	key, err := b.MakeAPIKey(b.ctx, contract.MakeAPIKey{Organisation: "gansu", Role: contract.RoleIntegrator, Name: "示例"})
	if err != nil {
		t.Fatalf("make key: %v", err)
	}
	ctx := as(t, contract.RoleAdministrator, xian)
	tests := map[string]func(context.Context) error{
		"person in a foreign organisation": func(ctx context.Context) error {
			_, err := b.AddPerson(ctx, contract.PersonDraft{ID: contract.NewID[contract.PersonID](), Name: "示例", Role: contract.RoleHelper, Organisation: "gansu"})
			return err
		},
		"key in a foreign organisation": func(ctx context.Context) error {
			_, err := b.MakeAPIKey(ctx, contract.MakeAPIKey{Organisation: "gansu", Role: contract.RoleIntegrator, Name: "示例"})
			return err
		},
		"login of a stranger": func(ctx context.Context) error {
			_, err := b.MakeLogin(ctx, contract.MakeLogin{PersonID: stranger.ID})
			return err
		},
		"login of nobody": func(ctx context.Context) error {
			_, err := b.MakeLogin(ctx, contract.MakeLogin{PersonID: "not-an-id"})
			return err
		},
		"revoking a stranger": func(ctx context.Context) error {
			_, err := b.Revoke(ctx, contract.RevokeIdentity{PersonID: stranger.ID})
			return err
		},
		"revoking a foreign key": func(ctx context.Context) error {
			_, err := b.Revoke(ctx, contract.RevokeIdentity{APIKeyID: key.ID})
			return err
		},
	}
	for name, try := range tests {
		t.Run(name, func(t *testing.T) {
			if err := try(ctx); !fault.Is(err, fault.NotFound) {
				t.Errorf("administrator: %v", err)
			}
			if err := try(as(t, contract.RoleCoordinator, gansu)); !fault.Is(err, fault.Forbidden) {
				t.Errorf("coordinator: %v", err)
			}
		})
	}
	people, err := b.People(ctx, contract.ListPeople{})
	if err != nil || len(people.Items) != 0 {
		t.Errorf("people of others: %+v %v", people.Items, err)
	}
}

func TestPeopleAreListedByPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	var want, got []contract.PersonID
	for range 5 {
		want = append(want, b.person(t, "xian", contract.RoleHelper).ID)
	}
	ask := contract.ListPeople{Page: contract.Page{Limit: 2}}
	for {
		page, err := b.People(b.ctx, ask)
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		for _, p := range page.Items {
			got = append(got, p.ID)
		}
		if ask.Cursor = page.NextCursor; page.NextCursor == "" {
			break
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("people = %v, want %v", got, want)
	}
	if _, err := b.People(b.ctx, contract.ListPeople{Page: contract.Page{Cursor: "?"}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a foreign cursor: %v", err)
	}
}
