package directory

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const goodPassword = "violet tractor humming"

// self returns a context in which somebody acts for themselves.
func self(t *testing.T, id contract.PersonID) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleHelper, PersonID: id})
}

// enrol gives somebody a password and an authenticator, and returns its secret.
func (b *bundle) enrol(t *testing.T, id contract.PersonID, login string) string {
	t.Helper()
	ctx := self(t, id)
	if _, err := b.SetPassword(ctx, contract.SetPassword{PersonID: id, LoginName: login, Password: goodPassword}); err != nil {
		t.Fatalf("set password: %v", err)
	}
	made, err := b.BeginTOTP(ctx, contract.PersonByID{ID: id})
	if err != nil {
		t.Fatalf("begin totp: %v", err)
	}
	confirm := contract.ConfirmTOTP{PersonID: id, FactorID: made.FactorID, Name: "电话", Code: b.code(t, made.Secret)}
	if _, err := b.ConfirmTOTP(ctx, confirm); err != nil {
		t.Fatalf("confirm totp: %v", err)
	}
	return made.Secret
}

func (b *bundle) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestSignInByPasswordAndCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person := b.person(t, "xian", contract.RoleCoordinator)
	secret := b.enrol(t, person.ID, "Zhang.San")
	for _, typed := range []string{"zhang.san", " ZHANG.SAN ", "ｚｈａｎｇ．ｓａｎ", person.Name} {
		got, err := b.SignIn(t.Context(), contract.SignIn{Name: typed, Password: goodPassword})
		if err != nil || got.PersonID != person.ID {
			t.Errorf("%q: %+v %v", typed, got, err)
		}
	}
	b.clock.Advance(totpPeriod * time.Second)
	code := b.code(t, secret)
	var right atomic.Int32
	var racing sync.WaitGroup
	for range 8 {
		racing.Go(func() {
			_, err := b.Prove(t.Context(), contract.Prove{PersonID: person.ID, Code: code, SigningIn: true})
			if err == nil {
				right.Add(1)
			} else if !fault.Is(err, fault.NotFound) {
				t.Errorf("prove: %v", err)
			}
		})
	}
	racing.Wait()
	if right.Load() != 1 {
		t.Errorf("a code was good %d times", right.Load())
	}
	record, err := b.Person(b.ctx, contract.PersonByID{ID: person.ID})
	if err != nil || record.SignedInAt == nil || record.State != contract.PersonActive {
		t.Errorf("record = %+v %v", record, err)
	}
	var stored int
	const q = `SELECT count(*) FROM directory.factor f, directory.person p
		WHERE row_to_json(f)::text || row_to_json(p)::text LIKE '%' || $1 || '%' OR row_to_json(p)::text LIKE '%' || $2 || '%'`
	if err := b.admin.Get(&stored, q, secret, goodPassword); err != nil || stored != 0 {
		t.Errorf("a secret is stored in clear (%d, %v)", stored, err)
	}
}

// TestSignInsThatFailAreAlike tries everything that is not right: the fault says
// the same each time.
func TestSignInsThatFailAreAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person, other := b.person(t, "xian", contract.RoleCoordinator), b.person(t, "xian", contract.RoleHelper)
	secret := b.enrol(t, person.ID, "zhangsan")
	used := b.code(t, secret) // by enrolling
	b.enrol(t, other.ID, "lisi")
	half := b.person(t, "xian", contract.RoleHelper)
	if _, err := b.SetPassword(self(t, half.ID), contract.SetPassword{PersonID: half.ID, LoginName: "half", Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	want := fault.NewNotFound("login").Error()
	for name, q := range map[string]contract.SignIn{
		"unknown": {Name: "nobody", Password: goodPassword}, "wrong": {Name: "zhangsan", Password: goodPassword + "."},
		"empty": {}, "no text": {Name: "/e\x00", Password: goodPassword}, "no UTF-8": {Name: "\xff", Password: goodPassword}, "a name of two": {Name: person.Name, Password: goodPassword}, "without a second factor": {Name: "half", Password: goodPassword},
	} {
		if _, err := b.SignIn(t.Context(), q); err == nil || fault.As(err).Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, q := range map[string]contract.Prove{
		"nobody": {Code: used}, "unknown": {PersonID: contract.NewID[contract.PersonID](), Code: used}, "no id": {PersonID: "x", Code: used},
		"used": {PersonID: person.ID, Code: used}, "wrong": {PersonID: person.ID, Code: "000000"}, "empty": {PersonID: person.ID},
		"long ago": {PersonID: person.ID, Code: b.code(t, nobodysSecret)},
	} {
		if _, err := b.Prove(t.Context(), q); err == nil || fault.As(err).Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Revoke(b.ctx, contract.RevokeIdentity{PersonID: other.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SignIn(t.Context(), contract.SignIn{Name: "lisi", Password: goodPassword}); err == nil || fault.As(err).Error() != want {
		t.Errorf("revoked: %v", err)
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	first, second := b.person(t, "xian", contract.RoleHelper), b.person(t, "xian", contract.RoleHelper)
	b.enrol(t, first.ID, "zhangsan")
	for _, tt := range []struct{ login, password, location, code string }{
		{"lisi", "short", "password", "too_short"},
		{"lisi", strings.Repeat("long enough ", 11), "password", "too_long"},
		{"lisi", "password2020!", "password", "common_password"},
		{"lisi.wuhan", "lisi.wuhan2020", "password", "common_password"},
		{"", goodPassword, "login_name", "required"},
		{"a b", goodPassword, "login_name", "login_name"},
		{"ZhangSan", goodPassword, "login_name", "taken"},
	} {
		_, err := b.SetPassword(self(t, second.ID), contract.SetPassword{PersonID: second.ID, LoginName: tt.login, Password: tt.password})
		if !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Location != tt.location || fault.As(err).Fields[0].Code != tt.code {
			t.Errorf("%q %q: %v", tt.login, tt.password, err)
		}
	}
	if _, err := b.SetPassword(self(t, second.ID), contract.SetPassword{PersonID: first.ID, Password: goodPassword}); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's password: %v", err)
	}
}

func TestRecoveryCodesAreGoodForOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person := b.person(t, "xian", contract.RoleHelper)
	if _, err := b.RecoveryCodes(self(t, person.ID), contract.PersonByID{ID: person.ID}); fault.As(err).Code != "not_enrolled" {
		t.Errorf("codes before enrolment: %v", err)
	}
	b.enrol(t, person.ID, "zhangsan")
	made, err := b.RecoveryCodes(self(t, person.ID), contract.PersonByID{ID: person.ID})
	if err != nil || len(made.Codes) != recoveryCodes {
		t.Fatalf("codes: %+v %v", made, err)
	}
	typed := strings.ToLower(strings.ReplaceAll(made.Codes[3], "-", " "))
	proved, err := b.Prove(t.Context(), contract.Prove{PersonID: person.ID, Code: typed})
	if err != nil || !proved.Recovery || proved.CodesLeft != recoveryCodes-1 {
		t.Fatalf("first use: %+v %v", proved, err)
	}
	if _, err := b.Prove(t.Context(), contract.Prove{PersonID: person.ID, Code: typed}); !fault.Is(err, fault.NotFound) {
		t.Errorf("second use: %v", err)
	}
	if _, err := b.RecoveryCodes(self(t, person.ID), contract.PersonByID{ID: person.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Prove(t.Context(), contract.Prove{PersonID: person.ID, Code: made.Codes[4]}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a code of the former set: %v", err)
	}
}

func TestFactorsComeAndGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person, other := b.person(t, "xian", contract.RoleHelper), b.person(t, "xian", contract.RoleHelper)
	ctx := self(t, person.ID)
	passkey := contract.Passkey{PersonID: person.ID, Name: "钥匙", CredentialID: []byte("credential"), Credential: []byte(`{"n":1}`)}
	for range 2 {
		if _, err := b.AddPasskey(ctx, passkey); err != nil {
			t.Fatalf("add passkey: %v", err)
		}
	}
	stolen := passkey
	stolen.PersonID = other.ID
	if _, err := b.AddPasskey(self(t, other.ID), stolen); fault.As(err).Code != "id_taken" {
		t.Errorf("somebody else's passkey: %v", err)
	}
	record, err := b.Person(ctx, contract.PersonByID{ID: person.ID})
	if err != nil || len(record.Factors) != 1 || record.State != contract.PersonActive {
		t.Fatalf("record = %+v %v", record, err)
	}
	if _, err := b.RemoveFactor(ctx, contract.RemoveFactor{PersonID: person.ID, FactorID: record.Factors[0].ID}); fault.As(err).Code != "last_factor" {
		t.Errorf("the last factor goes: %v", err)
	}
	made, err := b.BeginTOTP(ctx, contract.PersonByID{ID: person.ID})
	if err != nil {
		t.Fatal(err)
	}
	wrong := contract.ConfirmTOTP{PersonID: person.ID, FactorID: made.FactorID, Name: "电话", Code: "12"}
	if _, err := b.ConfirmTOTP(ctx, wrong); !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong first code: %v", err)
	}
	if _, err := b.RemoveFactor(ctx, contract.RemoveFactor{PersonID: person.ID, FactorID: record.Factors[0].ID}); fault.As(err).Code != "last_factor" {
		t.Errorf("an unconfirmed factor counts: %v", err)
	}
	b.enrol(t, person.ID, "zhangsan")
	if _, err := b.RemoveFactor(ctx, contract.RemoveFactor{PersonID: person.ID, FactorID: record.Factors[0].ID}); err != nil {
		t.Errorf("remove: %v", err)
	}
	if _, err := b.UsePasskey(b.ctx, contract.UsePasskey{Passkey: passkey, SigningIn: true}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a removed passkey signs in: %v", err)
	}
}

func TestALinkRecovers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person := b.person(t, "xian", contract.RoleHelper)
	secret := b.enrol(t, person.ID, "zhangsan")
	account := contract.Subject{Issuer: "https://id.example", Subject: "42"}
	if _, err := b.LinkSubject(self(t, person.ID), contract.LinkSubject{PersonID: person.ID, Subject: account}); err != nil {
		t.Fatal(err)
	}
	for _, resets := range []bool{false, true} {
		login, err := b.MakeLogin(b.ctx, contract.MakeLogin{PersonID: person.ID, Resets: resets})
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.RedeemLogin(t.Context(), contract.RedeemLogin{Secret: login.Secret})
		if err != nil || got.Enrolled == resets {
			t.Fatalf("resets %v: %+v %v", resets, got, err)
		}
		b.clock.Advance(time.Minute)
		_, err = b.Prove(t.Context(), contract.Prove{PersonID: person.ID, Code: b.code(t, secret)})
		if fault.Is(err, fault.NotFound) != resets {
			t.Errorf("resets %v: the old authenticator: %v", resets, err)
		}
		_, err = b.SignInSubject(t.Context(), account)
		if fault.Is(err, fault.NotFound) != resets {
			t.Errorf("resets %v: the linked account: %v", resets, err)
		}
		_, err = b.SignIn(t.Context(), contract.SignIn{Name: "zhangsan", Password: goodPassword})
		if fault.Is(err, fault.NotFound) != resets {
			t.Errorf("resets %v: the old password: %v", resets, err)
		}
	}
}

func TestAnAccountGivesNoRight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person, other := b.person(t, "xian", contract.RoleHelper), b.person(t, "xian", contract.RoleHelper)
	account := contract.Subject{Issuer: "https://id.example", Subject: "42"}
	link := contract.LinkSubject{PersonID: person.ID, Subject: account}
	if _, err := b.SignInSubject(t.Context(), account); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown account: %v", err)
	}
	if _, err := b.LinkSubject(self(t, other.ID), link); !fault.Is(err, fault.NotFound) {
		t.Errorf("linking somebody else: %v", err)
	}
	for range 2 {
		if _, err := b.LinkSubject(self(t, person.ID), link); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.SignInSubject(t.Context(), account); !fault.Is(err, fault.NotFound) {
		t.Errorf("an account of somebody who has not enrolled: %v", err)
	}
	taken := link
	taken.PersonID = other.ID
	if _, err := b.LinkSubject(self(t, other.ID), taken); fault.As(err).Code != "subject_linked" {
		t.Errorf("an account of two: %v", err)
	}
	b.enrol(t, person.ID, "zhangsan")
	if got, err := b.SignInSubject(t.Context(), account); err != nil || got.PersonID != person.ID {
		t.Errorf("linked: %+v %v", got, err)
	}
	if _, err := b.UnlinkSubject(self(t, person.ID), contract.UnlinkSubject{PersonID: person.ID, Issuer: account.Issuer}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SignInSubject(t.Context(), account); !fault.Is(err, fault.NotFound) {
		t.Errorf("an account that was unlinked: %v", err)
	}
}

func TestKeysExpireAndAreNarrowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	ends := b.clock.Now().Add(time.Hour)
	made, err := b.MakeAPIKey(b.ctx, contract.MakeAPIKey{
		Organisation: "xian", Role: contract.RoleIntegrator, Name: "示例", Actions: []string{"read_requests"}, ExpiresAt: &ends,
	})
	if err != nil {
		t.Fatal(err)
	}
	actor, err := b.Authenticate(t.Context(), contract.Authenticate{Key: made.Key})
	if err != nil || actor.Scope != "read_requests" {
		t.Fatalf("actor %+v %v", actor, err)
	}
	if _, err := b.Organisations(contract.WithActor(t.Context(), actor), contract.ListOrganisations{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a key goes beyond its scope: %v", err)
	}
	listed, err := b.APIKeys(b.ctx, contract.ListAPIKeys{})
	if err != nil || len(listed.Items) != 1 || listed.Items[0].LastUsedAt == nil || !listed.Items[0].ExpiresAt.Equal(ends) {
		t.Errorf("listed %+v %v", listed.Items, err)
	}
	b.clock.Advance(time.Hour)
	if _, err := b.Authenticate(t.Context(), contract.Authenticate{Key: made.Key}); !fault.Is(err, fault.NotFound) {
		t.Errorf("an expired key acts: %v", err)
	}
	for name, q := range map[string]contract.MakeAPIKey{
		"an unknown action": {Actions: []string{"fly"}}, "beyond the role": {Actions: []string{"manage_people"}},
		"in the past": {ExpiresAt: new(b.clock.Now().Add(-time.Hour))}, "for ever": {ExpiresAt: new(b.clock.Now().Add(3 * keyLife))},
	} {
		q.Organisation, q.Role, q.Name = "xian", contract.RoleIntegrator, "示例"
		if _, err := b.MakeAPIKey(b.ctx, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	scoped := contract.WithActor(t.Context(), contract.Actor{
		Role: contract.RoleAdministrator, Path: contract.RootPath, APIKeyID: made.ID, Scope: "manage_keys read_requests",
	})
	for actions, want := range map[string]bool{"read_requests": true, "read_offers": false, "": false} {
		_, err := b.MakeAPIKey(scoped, contract.MakeAPIKey{
			Organisation: "xian", Role: contract.RoleIntegrator, Name: "示例", Actions: strings.Fields(actions),
		})
		if (err == nil) != want {
			t.Errorf("a narrow key makes one for %q: %v", actions, err)
		}
	}
}
