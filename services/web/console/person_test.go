package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/pkg/testkit"
)

const (
	personID = "01900000-0000-7000-8000-0000000000f1"
	roleID   = "01900000-0000-7000-8000-0000000000f2"
	factorID = "01900000-0000-7000-8000-0000000000f3"
	keyID    = "01900000-0000-7000-8000-0000000000f4"
)

func somePerson() contract.PersonRecord {
	return contract.PersonRecord{
		ID: personID, Name: "林晓", LoginName: "lin.xiao", Organisation: "shaanxi", State: contract.PersonActive, CreatedAt: began,
		Roles: []contract.HeldRole{
			{ID: roleID, Role: contract.RoleCoordinator, Organisation: "xian", OrganisationName: "西安市志愿服务联合会"},
			{ID: keyID, Role: contract.RoleAuditor, Organisation: "shaanxi", OrganisationName: "陕西省社会组织服务中心"},
		},
		Factors:       []contract.SecondFactor{{ID: factorID, Kind: contract.FactorTOTP, Name: "手机", CreatedAt: began}, {ID: keyID, Kind: contract.FactorPasskey, Name: "钥匙", CreatedAt: began, UsedAt: &began}},
		RecoveryCodes: 2,
	}
}

func (d *desk) answerPeople() {
	may := func(ctx context.Context) error { return access.Require(contract.ActorFrom(ctx), access.ManagePeople) }
	person := func(ctx context.Context, q contract.PersonByID) (contract.PersonRecord, error) {
		if d.invited {
			p := somePerson()
			p.State, p.LoginName, p.Factors = contract.PersonInvited, "", nil
			return p, nil
		}
		if q.ID == contract.ActorFrom(ctx).PersonID {
			own := somePerson()
			own.ID = q.ID
			return own, nil
		}
		if q.ID != personID {
			return contract.PersonRecord{}, fault.NewNotFound("person")
		}
		return somePerson(), may(ctx)
	}
	stub(d, contract.DirectoryPerson, person)
	stub(d, contract.DirectoryPeople, func(ctx context.Context, _ contract.ListPeople) (contract.Listing[contract.PersonRecord], error) {
		return contract.Listing[contract.PersonRecord]{Items: []contract.PersonRecord{somePerson(), {ID: offerID, Name: "空", State: contract.PersonInvited}}}, may(ctx)
	})
	stub(d, contract.DirectoryHistory, func(ctx context.Context, _ contract.PersonByID) (contract.Listing[contract.IdentityEvent], error) {
		return contract.Listing[contract.IdentityEvent]{Items: []contract.IdentityEvent{
			{At: began, Action: "grant_role", Role: contract.RoleAdministrator, Actor: "测试员乙", Reason: "coordinator @ xian"},
			{At: began, Action: "sign_in", Role: contract.RoleCoordinator, Actor: "林晓"},
		}}, may(ctx)
	})
	login := contract.Login{Secret: "SECRETSECRETSECRETSECRET", ExpiresAt: began.Add(72 * time.Hour)}
	stub(d, contract.DirectoryInvite, func(_ context.Context, q contract.PersonDraft) (contract.Invitation, error) {
		if q.Organisation == "nowhere" {
			return contract.Invitation{}, fault.NewNotFound("organisation")
		}
		return contract.Invitation{Person: somePerson(), Login: login}, nil
	})
	stub(d, contract.DirectoryMakeLogin, func(context.Context, contract.MakeLogin) (contract.Login, error) { return login, nil })
	stub(d, contract.DirectoryGrant, func(_ context.Context, q contract.GrantRole) (contract.HeldRole, error) {
		if q.Organisation == "nowhere" {
			return contract.HeldRole{}, fault.NewNotFound("organisation")
		}
		return contract.HeldRole{}, nil
	})
	stub(d, contract.DirectoryWithdraw, func(context.Context, contract.WithdrawRole) (contract.Empty, error) {
		return contract.Empty{}, fault.NewConflict("last_administrator", "")
	})
	stub(d, contract.DirectoryRevoke, func(context.Context, contract.RevokeIdentity) (contract.Empty, error) { return contract.Empty{}, nil })
	d.answerKeys()
	d.answerSignIn()
	d.answerFactors()
}

func (d *desk) answerKeys() {
	stub(d, contract.DirectoryAPIKeys, func(ctx context.Context, _ contract.ListAPIKeys) (contract.Listing[contract.APIKey], error) {
		return contract.Listing[contract.APIKey]{Items: []contract.APIKey{
			{ID: keyID, Name: "数据看板", Role: contract.RoleIntegrator, OrganisationName: "西安", Actions: []string{"read_requests", "of_another_version"}, ExpiresAt: began.Add(48 * time.Hour)},
			{ID: offerID, Name: "旧系统", Role: contract.RoleIntegrator, Actions: []string{}, ExpiresAt: began, LastUsedAt: &began},
		}}, access.Require(contract.ActorFrom(ctx), access.ManageKeys)
	})
	stub(d, contract.DirectoryMakeAPIKey, func(_ context.Context, q contract.MakeAPIKey) (contract.MadeAPIKey, error) {
		return contract.MadeAPIKey{ID: q.ID, Key: "heli_MADEKEY"}, nil
	})
}

func (d *desk) answerSignIn() {
	stub(d, contract.DirectorySetPassword, func(_ context.Context, q contract.SetPassword) (contract.Empty, error) {
		if q.Password == "password2020!" {
			return contract.Empty{}, fault.NewInvalid(fault.Field{Location: "password", Code: "common_password"})
		}
		return contract.Empty{}, nil
	})
	stub(d, contract.DirectorySetLanguage, func(context.Context, contract.SetLanguage) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(d, contract.DirectoryProve, func(_ context.Context, q contract.Prove) (contract.Proved, error) {
		if q.Code != "123456" {
			return contract.Proved{}, fault.NewNotFound("login")
		}
		return contract.Proved{SignedIn: contract.SignedIn{PersonID: q.PersonID}}, nil
	})
	stub(d, contract.DirectorySignIn, func(_ context.Context, q contract.SignIn) (contract.SignedIn, error) {
		if _, known := d.people[contract.PersonID(q.Name)]; !known || q.Password != "right" {
			return contract.SignedIn{}, fault.NewNotFound("login")
		}
		return contract.SignedIn{PersonID: contract.PersonID(q.Name), Language: "zh-Hant"}, nil
	})
}

func (d *desk) answerFactors() {
	stub(d, contract.DirectoryBeginTOTP, func(context.Context, contract.PersonByID) (contract.NewTOTP, error) {
		return contract.NewTOTP{FactorID: factorID, Secret: "JBSWY3DPEHPK3PXP", URI: "otpauth://totp/Heli:lin?secret=JBSWY3DPEHPK3PXP&issuer=Heli"}, nil
	})
	stub(d, contract.DirectoryConfirmTOTP, func(_ context.Context, q contract.ConfirmTOTP) (contract.Empty, error) {
		if q.Code != "123456" {
			return contract.Empty{}, fault.NewInvalid(fault.Field{Location: "code", Code: "wrong_code"})
		}
		return contract.Empty{}, nil
	})
	stub(d, contract.DirectoryRemoveFactor, func(context.Context, contract.RemoveFactor) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(d, contract.DirectoryRecoveryCodes, func(context.Context, contract.PersonByID) (contract.RecoveryCodes, error) {
		return contract.RecoveryCodes{Codes: []string{"AAAA-BBBB-CCCC-DDDD"}}, nil
	})
}

// enter signs somebody in who is no person of the demo: by password and code.
func (d *desk) enter(role contract.Role) *reader {
	d.tb.Helper()
	id := contract.NewID[contract.PersonID]()
	d.change(func() {
		d.people[id] = contract.Actor{Role: role, Name: "测试员甲", PersonID: id, Organisation: testkit.Shaanxi.ID, Path: testkit.Shaanxi.Path}
	})
	r := d.stranger()
	if got := r.post("/console/login", url.Values{"name": {string(id)}, "password": {"right"}}); got.header.Get("Location") != "/console/login/code" {
		d.tb.Fatalf("the password leads to %d %q", got.status, got.header.Get("Location"))
	}
	if got := r.post("/console/login/code", url.Values{"code": {"123456"}}); got.header.Get("Location") != "/console" {
		d.tb.Fatalf("the code leads to %d %q:\n%s", got.status, got.header.Get("Location"), got.body)
	}
	return r
}

func TestAnInvitationShowsItsLinkOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.enter(contract.RoleAdministrator)
	form := url.Values{"id": {personID}, "name": {" 林晓 "}, "role": {"coordinator"}, "organisation": {"xian"}, "language": {"zh-Hans"}}
	r.post("/console/people", form).shows(t, http.StatusOK, "https://heli.example/console/login?lang=zh-Hans#SECRETSECRETSECRETSECRET")
	if got := last[contract.PersonDraft](d, contract.DirectoryInvite.Subject); got != (contract.PersonDraft{
		ID: personID, Name: "林晓", Role: contract.RoleCoordinator, Organisation: "xian", Language: "zh-Hans",
	}) {
		t.Errorf("invited %+v", got)
	}
	if page := r.get("/console/people"); strings.Contains(page.body, "SECRETSECRET") {
		t.Error("the link is shown again")
	}
	form.Set("organisation", "nowhere")
	r.post("/console/people", form).shows(t, http.StatusUnprocessableEntity, `id="f-organisation-error"`, `value="林晓"`)
}

func TestRolesAndAccessOfAPerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.enter(contract.RoleAdministrator)
	page := "/console/people/" + personID
	r.get(page).shows(t, http.StatusOK, "林晓", "西安市志愿服务联合会", "Role given", "Coordinator · xian")
	if got := r.post(page+"/grant", url.Values{"role": {"auditor"}, "organisation": {"xian"}}); got.header.Get("Location") != page+"?done=1" {
		t.Errorf("granting leads to %d %q", got.status, got.header.Get("Location"))
	}
	r.post(page+"/grant", url.Values{"role": {"auditor"}, "organisation": {"nowhere"}}).shows(t, http.StatusUnprocessableEntity, `id="f-organisation-error"`)
	r.post(page+"/withdraw", url.Values{"role": {roleID}}).shows(t, http.StatusConflict, "last administrator")
	r.post(page+"/link", url.Values{"kind": {"reset"}}).shows(t, http.StatusOK, "#SECRETSECRETSECRETSECRET")
	if got := last[contract.MakeLogin](d, contract.DirectoryMakeLogin.Subject); !got.Resets {
		t.Error("the recovery link resets nothing")
	}
	if got := r.post(page+"/revoke", url.Values{}); got.header.Get("Location") != page+"?done=1" {
		t.Errorf("revoking leads to %d", got.status)
	}
}

// TestRightsAskForAFreshProof lets the last proof grow old: then each act that
// changes who may do what asks first, keeps what was typed and goes on.
func TestRightsAskForAFreshProof(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.enter(contract.RoleAdministrator)
	d.world.Clock.Advance(keptLonger)
	d.world.Clock.Advance(10 * time.Minute)
	page := "/console/people/" + personID
	form := url.Values{"role": {"auditor"}, "organisation": {"xian"}}
	for path, form := range map[string]url.Values{
		"/console/people": {"name": {"x"}}, page + "/grant": form, page + "/withdraw": {"role": {roleID}}, page + "/link": {}, page + "/revoke": {},
		"/console/keys": {"name": {"x"}}, "/console/keys/" + keyID + "/revoke": {}, "/console/account/password": {"password": {"s3cret"}},
		"/console/account/totp": {}, "/console/account/totp/confirm": {}, "/console/account/passkey": {}, "/console/account/factors/remove": {"factor": {factorID}},
		"/console/account/codes": {}, "/console/account/unlink": {},
	} {
		asked := r.post(path, form)
		asked.shows(t, http.StatusForbidden, "Is it you?", `action="`+path+`"`)
		if strings.Contains(asked.body, "s3cret") {
			t.Errorf("%s puts a password into the page", path)
		}
	}
	for _, subject := range []string{contract.DirectoryGrant.Subject, contract.DirectoryInvite.Subject, contract.DirectoryMakeAPIKey.Subject, contract.DirectoryRevoke.Subject, contract.DirectorySetPassword.Subject} {
		if n := d.times(subject); n > 0 {
			t.Errorf("%s was asked %d times", subject, n)
		}
	}
	r.post(page+"/grant", form).shows(t, http.StatusForbidden, `name="role" value="auditor"`, `name="organisation" value="xian"`)
	form.Set("proof_code", "000000")
	r.post(page+"/grant", form).shows(t, http.StatusForbidden, "is not right", `name="role" value="auditor"`)
	form.Set("proof_code", "123456")
	if got := r.post(page+"/grant", form); got.header.Get("Location") != page+"?done=1" {
		t.Errorf("with a proof it leads to %d", got.status)
	}
	form.Del("proof_code")
	if got := r.post(page+"/grant", form); got.status != http.StatusSeeOther {
		t.Errorf("shortly after it asks again: %d", got.status)
	}
}

func TestAKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.enter(contract.RoleAdministrator)
	r.get("/console/keys").shows(t, http.StatusOK, "数据看板", "Read requests", "of_another_version", "badge-error", "badge-warning")
	form := url.Values{
		"id": {keyID}, "name": {"x"}, "role": {"integrator"}, "organisation": {"xian"}, "actions": {"read_requests", "pull_events"}, "expires_at": {"2027-01-02"},
	}
	r.post("/console/keys", form).shows(t, http.StatusOK, "heli_MADEKEY")
	got := last[contract.MakeAPIKey](d, contract.DirectoryMakeAPIKey.Subject)
	if got.ID != keyID || len(got.Actions) != 2 || got.ExpiresAt == nil || got.ExpiresAt.Format(time.DateOnly) != "2027-01-02" {
		t.Errorf("made %+v", got)
	}
	form.Set("expires_at", "soon")
	r.post("/console/keys", form).shows(t, http.StatusUnprocessableEntity, `id="f-expires_at-error"`, "pull_events")
	if got := r.post("/console/keys/"+keyID+"/revoke", url.Values{}); got.status != http.StatusSeeOther {
		t.Errorf("revoking gave %d", got.status)
	}
}

func TestEnrolling(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.change(func() {
		d.enrolled, d.invited = true, true
		d.people[personID] = contract.Actor{Role: contract.RoleCoordinator, Name: "林晓", PersonID: personID, Path: testkit.Shaanxi.Path}
	})
	r := d.stranger()
	if got := r.post("/console/login", url.Values{"token": {personID}}); got.status != http.StatusSeeOther {
		t.Fatalf("the link gives %d", got.status)
	}
	for _, path := range []string{"/console", "/console/account", "/console/people", "/console/login/code"} {
		if got := r.get(path); got.status != http.StatusSeeOther {
			t.Errorf("%s before enrolling: %d", path, got.status)
		}
	}
	for _, lang := range locale.Languages() {
		r.lang = string(lang)
		page := r.get("/console/enrol")
		page.shows(t, http.StatusOK, `name="login_name"`, `name="password"`)
		checkIDs(t, "/console/enrol", page.body)
	}
	r.lang = "en"
	if got := r.post("/console/enrol/totp", url.Values{}); got.header.Get("Location") != "/console/enrol" {
		t.Errorf("a factor before the password: %d", got.status)
	}
	form := url.Values{"name": {"林晓"}, "login_name": {"lin.xiao"}, "password": {"password2020!"}}
	page := r.post("/console/enrol/password", form)
	page.shows(t, http.StatusUnprocessableEntity, `value="lin.xiao"`, `id="f-password-error"`, "four words")
	if strings.Contains(page.body, "password2020!") {
		t.Error("the page repeats the password")
	}
	form.Set("password", "violet tractor humming")
	if got := r.post("/console/enrol/password", form); got.header.Get("Location") != "/console/enrol" {
		t.Errorf("after the password: %d", got.status)
	}
	r.get("/console/enrol").shows(t, http.StatusOK, `action="/console/enrol/totp"`, `data-passkey="create"`)
	shown := r.post("/console/enrol/totp", url.Values{})
	shown.shows(t, http.StatusOK, `<svg class="qr"`, "JBSW Y3DP EHPK 3PXP")
	checkIDs(t, "/console/enrol/totp", shown.body)
	confirm := url.Values{"factor_id": {factorID}, "secret": {"JBSWY3DPEHPK3PXP"}, "uri": {"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"}, "name": {"电话"}, "code": {"1"}}
	r.post("/console/enrol/totp/confirm", confirm).shows(t, http.StatusUnprocessableEntity, `<svg class="qr"`, `id="f-code-error"`, `value="电话"`)
	confirm.Set("code", "123456")
	r.post("/console/enrol/totp/confirm", confirm).shows(t, http.StatusOK, "AAAA-BBBB-CCCC-DDDD", `href="/console"`)
	r.get("/console").shows(t, http.StatusOK)
}

// TestALinkForAnEnrolledPersonAddsNoFactor makes sure that a link for a new
// password is no way around the second factor.
func TestALinkForAnEnrolledPersonAddsNoFactor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.change(func() {
		d.enrolled = true
		d.people[personID] = contract.Actor{Role: contract.RoleCoordinator, Name: "林晓", PersonID: personID, Path: testkit.Shaanxi.Path}
	})
	r := d.stranger()
	r.post("/console/login", url.Values{"token": {personID}})
	for _, path := range []string{"/totp", "/totp/confirm", "/passkey", "/passkey/ask"} {
		if got := r.post("/console/enrol"+path, url.Values{}); got.header.Get("Location") != "/console/enrol" {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := r.post("/console/enrol/password", url.Values{"name": {"林晓"}, "password": {"violet tractor humming"}}); got.header.Get("Location") != "/console/login/code" {
		t.Errorf("the new password leads to %q", got.header.Get("Location"))
	}
	if got := r.post("/console/enrol/totp", url.Values{}); got.header.Get("Location") != "/console/login/code" {
		t.Errorf("a factor after the password: %q", got.header.Get("Location"))
	}
	if n := d.times(contract.DirectoryBeginTOTP.Subject); n > 0 {
		t.Error("a factor was begun")
	}
	if got := r.post("/console/login/code", url.Values{"code": {"123456"}}); got.header.Get("Location") != "/console" {
		t.Errorf("the code leads to %d", got.status)
	}
}

func TestTheAccountPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.enter(contract.RoleCoordinator)
	second := d.stranger()
	r.get("/console/account").shows(t, http.StatusOK, "lin.xiao", "手机", "few left", "this one", `action="/console/account/password"`)
	for path, form := range map[string]url.Values{
		"/password": {"password": {"violet tractor humming"}}, "/factors/remove": {"factor": {factorID}}, "/sessions/end": {},
		"/language": {"language": {"zh-Hant"}}, "/role": {"role": {roleID}}, "/prove": {},
	} {
		if got := r.post("/console/account"+path, form); got.status != http.StatusSeeOther {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := last[contract.Authenticate](d, contract.DirectoryAuthenticate.Subject); got.RoleID != "" && got.RoleID != roleID {
		t.Errorf("acts in %q", got.RoleID)
	}
	r.post("/console/account/password", url.Values{"password": {"password2020!"}}).shows(t, http.StatusUnprocessableEntity, `id="f-password-error"`)
	r.post("/console/account/codes", url.Values{}).shows(t, http.StatusOK, "AAAA-BBBB-CCCC-DDDD")
	if got := second.get("/console/account"); got.status != http.StatusSeeOther {
		t.Errorf("a stranger reads the page: %d", got.status)
	}
}
