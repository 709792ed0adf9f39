package access

import (
	"testing"

	"heli/pkg/contract"
)

func TestNobodyWithoutARoleMayAnything(t *testing.T) {
	for _, action := range Actions() {
		if May("", action) {
			t.Errorf("the empty role may %s", action)
		}
		if !May(contract.RoleSystem, action) {
			t.Errorf("the system may not %s", action)
		}
	}
}

func TestThePublicMayOnlySubmitAndReadTheHonourRoll(t *testing.T) {
	for _, action := range Actions() {
		want := action == SubmitRequest || action == SubmitOffer || action == ReadHonours
		if May(contract.RolePublic, action) != want {
			t.Errorf("public may %s = %v, want %v", action, !want, want)
		}
	}
}

func TestAuditorsAndHelpersChangeNothing(t *testing.T) {
	reading := map[Action]bool{
		ReadRequests: true, ReadOffers: true, ReadMatches: true, ReadHonours: true, ReadOrganisations: true, ReadPolicy: true,
		TryPolicies: true, ReadAlerts: true,
	}
	for _, action := range Actions() {
		for _, role := range []contract.Role{contract.RoleAuditor, contract.RoleHelper} {
			if May(role, action) && !reading[action] {
				t.Errorf("%s may %s", role, action)
			}
		}
	}
}
