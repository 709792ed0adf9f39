package lifecycle

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

type door string

var doors = Table[door]{
	{Name: "open", From: []door{"shut"}, To: "open", Who: []contract.Role{contract.RoleCoordinator}},
	{Name: "shut", From: []door{"open"}, To: "shut", Who: []contract.Role{contract.RoleCoordinator, contract.RoleRequester}},
	{Name: "break", From: []door{"open", "shut"}, To: "broken", Who: []contract.Role{contract.RoleAdministrator}, Reason: true},
}

func TestApply(t *testing.T) {
	cases := []struct {
		name   string
		move   string
		from   door
		role   contract.Role
		reason string
		want   door
		kind   fault.Kind
	}{
		{"legal", "open", "shut", contract.RoleCoordinator, "", "open", ""},
		{"wrong state", "open", "open", contract.RoleCoordinator, "", "", fault.Conflict},
		{"wrong role", "open", "shut", contract.RoleRequester, "", "", fault.Forbidden},
		{"unknown move", "paint", "shut", contract.RoleCoordinator, "", "", fault.Invalid},
		{"reason missing", "break", "shut", contract.RoleAdministrator, " ", "", fault.Invalid},
		{"reason given", "break", "shut", contract.RoleAdministrator, "rot", "broken", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := doors.Apply(c.move, c.from, c.role, c.reason)
			if got != c.want || fault.KindOf(err) != c.kind {
				t.Errorf("Apply = %q, %v; want %q, kind %q", got, err, c.want, c.kind)
			}
		})
	}
}

func TestAvailableNamesOnlyWhatTheRoleMay(t *testing.T) {
	got := doors.Available("open", contract.RoleRequester)
	if len(got) != 1 || got[0] != "shut" {
		t.Errorf("Available = %v", got)
	}
	if got := doors.Available("broken", contract.RoleCoordinator); len(got) != 0 {
		t.Errorf("a broken door moves: %v", got)
	}
}
