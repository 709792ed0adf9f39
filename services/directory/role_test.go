package directory

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// asPerson returns a context in which somebody acts in a role of an organisation.
func asPerson(t *testing.T, p contract.Person, o contract.Organisation) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.Actor{
		Role: p.Role, Organisation: o.ID, Path: o.Path, Name: p.Name, PersonID: p.ID,
	})
}

func TestRolesAreGrantedWithinReach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	xian := b.organisation(t, "xian", "shaanxi", "610100")
	b.organisation(t, "gansu", "", "620000")
	admin, lead := b.person(t, "shaanxi", contract.RoleAdministrator), b.person(t, "xian", contract.RoleAgencyLead)
	peer := b.person(t, "shaanxi", contract.RoleAdministrator)
	worker := b.person(t, "xian", contract.RoleHelper)
	asAdmin, asLead := asPerson(t, admin, shaanxi), asPerson(t, lead, xian)
	for _, tt := range []struct {
		name         string
		ctx          context.Context
		person       contract.PersonID
		role         contract.Role
		organisation string
		code         string
	}{
		{"below", asAdmin, worker.ID, contract.RoleCoordinator, "xian", ""},
		{"in the own organisation", asAdmin, worker.ID, contract.RoleAuditor, "shaanxi", ""},
		{"as a peer", asAdmin, peer.ID, contract.RoleCoordinator, "shaanxi", ""},
		{"above", asAdmin, worker.ID, contract.RoleCoordinator, "root", "not_found"},
		{"beside", asAdmin, worker.ID, contract.RoleCoordinator, "gansu", "not_found"},
		{"nowhere", asAdmin, worker.ID, contract.RoleCoordinator, "nowhere", "not_found"},
		{"to oneself", asAdmin, admin.ID, contract.RoleCoordinator, "xian", "grant_to_oneself"},
		{"to nobody", asAdmin, contract.NewID[contract.PersonID](), contract.RoleHelper, "xian", "not_found"},
		{"no role", asAdmin, worker.ID, "king", "xian", "invalid"},
		{"the system's role", asAdmin, worker.ID, contract.RoleSystem, "xian", "invalid"},
		{"a lead, helper", asLead, worker.ID, contract.RoleHelper, "xian", ""},
		{"a lead, coordinator", asLead, worker.ID, contract.RoleCoordinator, "xian", "grant_role"},
		{"a lead, to a stranger", asLead, admin.ID, contract.RoleHelper, "xian", "not_found"},
		{"a helper", asPerson(t, worker, xian), lead.ID, contract.RoleHelper, "xian", "manage_people"},
	} {
		_, err := b.Grant(tt.ctx, contract.GrantRole{PersonID: tt.person, Role: tt.role, Organisation: tt.organisation})
		switch got := fault.As(err); {
		case tt.code == "" && err != nil, tt.code != "" && err == nil:
			t.Errorf("%s: %v, want %q", tt.name, err, tt.code)
		case err != nil && got.Code != tt.code && string(got.Kind) != tt.code && got.Kind != fault.Forbidden:
			t.Errorf("%s: %v (%s), want %q", tt.name, err, got.Code, tt.code)
		}
	}
	record, err := b.Person(b.ctx, contract.PersonByID{ID: worker.ID})
	if err != nil || len(record.Roles) != 3 {
		t.Errorf("roles = %+v %v", record.Roles, err)
	}
	// Who sees a part of the roles only is told of that part, and cannot take over the rest.
	seen, err := b.Person(asLead, contract.PersonByID{ID: worker.ID})
	if err != nil || len(seen.Roles) != 2 {
		t.Errorf("the lead sees %+v %v", seen.Roles, err)
	}
	if _, err := b.MakeLogin(asLead, contract.MakeLogin{PersonID: worker.ID}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a lead makes a link for somebody who holds more: %v", err)
	}
	if _, err := b.Revoke(asLead, contract.RevokeIdentity{PersonID: worker.ID}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a lead revokes somebody who holds more: %v", err)
	}
}

func TestARoleIsChosenAndEndsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "xian", "", "610100")
	person := b.person(t, "xian", contract.RoleCoordinator)
	b.clock.Advance(time.Second)
	granted, err := b.Grant(b.ctx, contract.GrantRole{PersonID: person.ID, Role: contract.RoleAuditor, Organisation: "root"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Grant(b.ctx, contract.GrantRole{PersonID: person.ID, Role: contract.RoleAuditor, Organisation: "root"})
	if err != nil || again.ID != granted.ID {
		t.Errorf("granting again gives %+v %v", again, err)
	}
	role := func() contract.Role {
		a, err := b.Authenticate(t.Context(), contract.Authenticate{PersonID: person.ID, RoleID: granted.ID})
		if err != nil {
			return ""
		}
		return a.Role
	}
	if got := role(); got != contract.RoleAuditor {
		t.Errorf("acts as %q", got)
	}
	b.heard()
	b.clock.Advance(time.Second)
	for range 2 {
		if _, err := b.Withdraw(b.ctx, contract.WithdrawRole{PersonID: person.ID, RoleID: granted.ID}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.heard(); !slices.Equal(got, []string{contract.IdentityChanged}) {
		t.Errorf("told %v", got)
	}
	if got := role(); got != contract.RoleCoordinator {
		t.Errorf("after the end acts as %q", got)
	}
	history, err := b.History(b.ctx, contract.PersonByID{ID: person.ID})
	var actions []string
	for _, event := range history.Items {
		actions = append(actions, event.Action)
	}
	if want := []string{"withdraw_role", "grant_role", "grant_role", "add_person"}; err != nil || !slices.Equal(actions, want) {
		t.Errorf("history = %v %v, want %v", actions, err, want)
	}
	if breaks, err := b.VerifyAudit(t.Context()); err != nil || len(breaks) > 0 {
		t.Errorf("audit: %v %v", breaks, err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var admins []contract.PersonRecord
	for range 2 {
		id := contract.NewID[contract.PersonID]()
		if _, err := b.AddPerson(b.ctx, contract.PersonDraft{
			ID: id, Name: "示例", Role: contract.RoleAdministrator, Organisation: "root", Demo: true,
		}); err != nil {
			t.Fatal(err)
		}
		record, err := b.Person(b.ctx, contract.PersonByID{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		admins = append(admins, record)
	}
	if _, err := b.Invite(b.ctx, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: "示例", Role: contract.RoleAdministrator, Organisation: "root",
	}); err != nil { // cannot sign in yet, so does not count
		t.Fatal(err)
	}
	errs := make([]error, len(admins))
	var racing sync.WaitGroup
	for i, admin := range admins {
		racing.Go(func() {
			if i == 0 {
				_, errs[i] = b.Revoke(b.ctx, contract.RevokeIdentity{PersonID: admin.ID})
				return
			}
			_, errs[i] = b.Withdraw(b.ctx, contract.WithdrawRole{PersonID: admin.ID, RoleID: admin.Roles[0].ID})
		})
	}
	racing.Wait()
	kept := 0
	for _, err := range errs {
		if err != nil && fault.As(err).Code == "last_administrator" {
			kept++
		} else if err != nil {
			t.Errorf("unexpected: %v", err)
		}
	}
	if kept != 1 {
		t.Errorf("%d were kept: %v", kept, errs)
	}
}

func TestTheFirstAdministratorIsInvitedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, err := b.FirstAdministrator(b.ctx, contract.Empty{})
	if err != nil || first.Login.Secret == "" {
		t.Fatalf("first: %+v %v", first, err)
	}
	second, err := b.FirstAdministrator(b.ctx, contract.Empty{})
	if err != nil || second.Login.Secret == "" {
		t.Fatalf("again: %+v %v", second, err)
	}
	if _, err := b.RedeemLogin(t.Context(), contract.RedeemLogin{Secret: first.Login.Secret}); !fault.Is(err, fault.NotFound) {
		t.Errorf("the older link works: %v", err)
	}
	person, err := b.RedeemLogin(t.Context(), contract.RedeemLogin{Secret: second.Login.Secret})
	if err != nil || person.Role != contract.RoleAdministrator || person.Path != contract.RootPath || person.Demo || person.Enrolled {
		t.Fatalf("redeem: %+v %v", person, err)
	}
	people, err := b.People(b.ctx, contract.ListPeople{})
	if err != nil || len(people.Items) != 1 {
		t.Errorf("people: %+v %v", people.Items, err)
	}
	b.enrol(t, person.ID, "boss")
	if third, err := b.FirstAdministrator(b.ctx, contract.Empty{}); err != nil || third.Login.Secret != "" {
		t.Errorf("after enrolment: %+v %v", third, err)
	}
	if _, err := b.FirstAdministrator(t.Context(), contract.Empty{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the public asks: %v", err)
	}
}

// Row policies hide the organisation that invited somebody, not who was invited.
func TestAColleagueFromElsewhereIsSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.organisation(t, "gansu", "", "620000")
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	guest, admin := b.person(t, "gansu", contract.RoleCoordinator), b.person(t, "shaanxi", contract.RoleAdministrator)
	asAdmin := asPerson(t, admin, shaanxi)
	if _, err := b.Person(asAdmin, contract.PersonByID{ID: guest.ID}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := b.Grant(b.ctx, contract.GrantRole{PersonID: guest.ID, Role: contract.RoleHelper, Organisation: "shaanxi"}); err != nil {
		t.Fatalf("grant: %v", err)
	}
	record, err := b.Person(asAdmin, contract.PersonByID{ID: guest.ID})
	if err != nil || len(record.Roles) != 1 || record.Roles[0].Organisation != "shaanxi" {
		t.Fatalf("the guest is shown as %+v, %v", record, err)
	}
	listing, err := b.People(asAdmin, contract.ListPeople{})
	if err != nil || !slices.ContainsFunc(listing.Items, func(p contract.PersonRecord) bool { return p.ID == guest.ID }) {
		t.Errorf("the guest is not among %+v, %v", listing.Items, err)
	}
	if _, err := b.Withdraw(asAdmin, contract.WithdrawRole{PersonID: guest.ID, RoleID: record.Roles[0].ID}); err != nil {
		t.Errorf("withdraw: %v", err)
	}
}
