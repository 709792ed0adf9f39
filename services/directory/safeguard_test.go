package directory

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestComplaintsLandWithTheNearestAbove names people, asks for organisations below
// and beside, and takes a right away.
func TestComplaintsLandWithTheNearestAbove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.province(t)
	sn, xa := b.named(t, "sn"), b.named(t, "xa")
	above, within, helper := b.person(t, "sn", contract.RoleAdministrator), b.person(t, "xa", contract.RoleCoordinator), b.person(t, "xa", contract.RoleHelper)
	land := func(path string) contract.PersonID {
		t.Helper()
		got, err := b.Safeguard(b.ctx, contract.AskSafeguard{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return got.PersonID
	}
	if got := land(xa.Path); got != "" {
		t.Errorf("nobody is named, and it is %s", got)
	}
	name := func(by contract.Organisation, code string, who contract.PersonID) error {
		_, err := b.NameSafeguard(as(t, contract.RoleAdministrator, by), contract.NameSafeguard{Organisation: code, PersonID: who})
		return err
	}
	for _, step := range []error{name(sn, "sn", above.ID), name(sn, "xa", within.ID), name(sn, "xa", within.ID)} {
		if step != nil {
			t.Fatal(step)
		}
	}
	for path, want := range map[string]contract.PersonID{
		"root/sn/xa/yt/": within.ID, "root/sn/xa/": within.ID, "root/sn/bj/": above.ID, "root/sn/": above.ID, "root/": "",
	} {
		if got := land(path); got != want {
			t.Errorf("complaints of %s land with %q, want %q", path, got, want)
		}
	}
	if o := b.named(t, "xa"); o.Safeguard != within.Name || o.Version != xa.Version+1 {
		t.Errorf("shown %+v", o)
	}
	for what, err := range map[string]error{
		"a helper": name(sn, "xa", helper.ID), "no id": name(sn, "xa", "x"), "somebody from below": name(sn, "sn", within.ID),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s is named: %v", what, err)
		}
	}
	if err := name(xa, "sn", above.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("named from below: %v", err)
	}
	if _, err := b.Revoke(b.ctx, contract.RevokeIdentity{PersonID: within.ID}); err != nil {
		t.Fatal(err)
	}
	if got := land("root/sn/xa/yt/"); got != above.ID {
		t.Errorf("after who was named left it is %q", got)
	}
}

func (b *bundle) named(t *testing.T, code string) contract.Organisation {
	t.Helper()
	o, err := b.Organisation(b.ctx, contract.OrganisationByCode{Code: code})
	if err != nil {
		t.Fatal(err)
	}
	return o
}
