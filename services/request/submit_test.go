package request

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestAChildNeedsAGuardianOrAWord: the public say whether a guardian agrees; who
// cannot ask one gets help all the same. The name is sealed, shown to staff alone,
// and erased with the rest.
func TestAChildNeedsAGuardianOrAWord(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	child := func(consent, name string) contract.SubmitRequest {
		return submission1(draft(func(d *contract.RequestDraft) {
			d.Vulnerability, d.Consent.Guardian, d.Contact.Guardian = []string{"child"}, consent, name
		}))
	}
	for what, wrong := range map[string]contract.SubmitRequest{
		"no word": child("", ""), "nobody named": child("given", " "), "another word": child("perhaps", "王芳"),
	} {
		if _, err := b.Submit(as(t, contract.RolePublic, ""), wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := b.Submit(as(t, contract.RolePublic, ""), child("unreachable", "")); err != nil {
		t.Errorf("no guardian can be asked: %v", err)
	}
	r, err := b.Submit(as(t, contract.RolePublic, ""), child("given", "王芳，母亲"))
	must(t, err)
	coordinator := as(t, contract.RoleCoordinator, xian)
	view, err := b.Get(coordinator, contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if view.Consent.Guardian != "given" || view.Contact.Guardian != "王＊＊" {
		t.Errorf("shown %+v, %+v", view.Consent, view.Contact)
	}
	read, err := b.Contact(coordinator, contract.ContactReading{ID: string(r.ID), Reason: "demo"})
	must(t, err)
	if read.Guardian != "王芳，母亲" {
		t.Errorf("read %+v", read)
	}
	if n := b.count(t, `SELECT count(*) FROM request.contacts c WHERE c::text LIKE '%王芳%'`); n != 0 {
		t.Error("a guardian's name is kept in clear")
	}
	_, err = b.Erase(asRequester(t, r.ID), contract.Move{ID: string(r.ID)})
	must(t, err)
	if n := b.count(t, `SELECT count(*) FROM request.contacts WHERE guardian IS NOT NULL`); n != 0 {
		t.Error("a guardian outlives an erasure")
	}
}

// TestNoProgramOpensWhatAChildNeeds of a sensitive kind: people may, and other kinds.
func TestNoProgramOpensWhatAChildNeeds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open := func(role contract.Role, category, guardian string) error {
		_, err := b.Submit(as(t, role, xian), submission1(draft(func(d *contract.RequestDraft) {
			d.State, d.Consent.Guardian = "open", guardian
			d.NeedLines = []contract.NeedLine{{Category: category, Unit: "session"}}
		})))
		return err
	}
	if err := open(contract.RoleIntegrator, "psych", "unreachable"); !fault.Is(err, fault.Invalid) {
		t.Errorf("opened without a look: %v", err)
	}
	for _, allowed := range []error{
		open(contract.RoleIntegrator, "psych", ""), open(contract.RoleIntegrator, "ppe", "unreachable"), open(contract.RoleCoordinator, "psych", "unreachable"),
	} {
		must(t, allowed)
	}
}

// TestARegionWithoutACoordinatorIsNoted: the next one above takes what the public
// submit, and is told why it came to them.
func TestARegionWithoutACoordinatorIsNoted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for region, want := range map[string]struct{ organisation, note string }{"610100": {"xian", ""}, "610000": {"root", noteFromBelow}} {
		r, err := b.Submit(as(t, contract.RolePublic, ""), submission1(draft(func(d *contract.RequestDraft) { d.RegionCode = region })))
		must(t, err)
		view, err := b.Get(as(t, contract.RoleCoordinator, contract.RootPath), contract.GetByID{ID: string(r.ID)})
		must(t, err)
		if view.Organisation != want.organisation || view.History[0].Reason != want.note {
			t.Errorf("%s came to %s, noted %q", region, view.Organisation, view.History[0].Reason)
		}
		if own, err := b.Get(asRequester(t, r.ID), contract.GetByID{ID: string(r.ID)}); err != nil || own.History[0].Reason != "" {
			t.Errorf("who asks is told %+v, %v", own.History, err)
		}
	}
}
