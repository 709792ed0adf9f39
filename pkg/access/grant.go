package access

import (
	"slices"

	"heli/pkg/contract"
)

// grants says which roles a role may give to others and take from them, within
// its own organisation and those below it.
var grants = map[contract.Role][]contract.Role{
	admin: {admin, coord, lead, help, audit, integ},
	lead:  {help},
}

// MayGrant reports whether the role may give the other.
func MayGrant(role, other contract.Role) bool {
	return role == contract.RoleSystem || slices.Contains(grants[role], other)
}

// Grantable returns the roles that the role may give.
func Grantable(role contract.Role) []contract.Role {
	if role == contract.RoleSystem {
		role = admin
	}
	return slices.Clone(grants[role])
}
