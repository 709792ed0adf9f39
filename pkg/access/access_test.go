package access

import (
	"slices"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
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

// openActions have no limit by role.
var openActions = []Action{ReadReference, ReadBoard, SignIn, UseCodes, Record}

func TestThePublicMayOnlySubmitAndReadTheHonourRoll(t *testing.T) {
	for _, action := range Actions() {
		want := action == SubmitRequest || action == SubmitOffer || action == ReadHonours || slices.Contains(openActions, action)
		if May(contract.RolePublic, action) != want {
			t.Errorf("public may %s = %v, want %v", action, !want, want)
		}
	}
}

func TestAuditorsAndHelpersChangeNothing(t *testing.T) {
	reading := map[Action]bool{
		ReadRequests: true, ListRequests: true, ReadOffers: true, ListOffers: true, ReadMatches: true, ReadHonours: true,
		ReadOrganisations: true, ReadPolicy: true, TryPolicies: true, ReadAlerts: true, UseAccount: true,
		ReadAudit: true, ExportAudit: true, ReadFigures: true, ReadSessions: true, ReadAsks: true, ReadMessages: true,
	}
	for _, action := range Actions() {
		for _, role := range []contract.Role{contract.RoleAuditor, contract.RoleHelper} {
			if May(role, action) && !reading[action] && !slices.Contains(openActions, action) {
				t.Errorf("%s may %s", role, action)
			}
		}
	}
}

func TestARuleNeedsAnyOfItsActions(t *testing.T) {
	lead := contract.Actor{Role: contract.RoleAgencyLead}
	for _, tt := range []struct {
		rule Rule
		want bool
	}{{Rule{ReadRequests}, false}, {Rule{ReadRequests, Suggest}, true}, {nil, false}, {Rule{"unknown"}, false}} {
		if err := tt.rule.Permit(lead); (err == nil) != tt.want || !tt.want && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v: %v", tt.rule, err)
		}
	}
	if err := (Rule{}).Permit(contract.System()); err == nil {
		t.Error("a rule without actions permits the system")
	}
}

func TestEveryRowNamesActionsOfTheMatrix(t *testing.T) {
	for _, rules := range []map[string]Rule{endpoints, routes} {
		for name, rule := range rules {
			for _, action := range rule {
				if _, known := matrix[action]; !known {
					t.Errorf("%s asks for %s, which nobody may", name, action)
				}
			}
		}
	}
}
