package directory

import (
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/directory/password"
)

const (
	// invitationLife is how long somebody has to follow an invitation.
	invitationLife = 72 * time.Hour
	// keyLife is how long a key lives when nothing else is said, maxKeyLife at most.
	keyLife    = 365 * 24 * time.Hour
	maxKeyLife = 2 * keyLife
	// usedEvery is how exactly the last use of a key is kept.
	usedEvery = time.Minute

	maxFactors     = 10
	maxFactorName  = 60
	recoveryCodes  = 10
	recoveryLength = 16 // of 32 letters: 80 bits
)

var (
	errRoleByGrant = fault.NewConflict("role_by_grant", "a known person's roles are granted and withdrawn one by one")
	errOwnRole     = fault.NewForbidden("grant_to_oneself")
	errNotGranted  = fault.NewForbidden("grant_role")
	errLastAdmin   = fault.NewConflict("last_administrator", "this is the last administrator of the top organisation")
	errLastFactor  = fault.NewConflict("last_factor", "the last second factor stays: add another one first")
	errNotEnrolled = fault.NewConflict("not_enrolled", "this needs a second factor first")
	errNameTaken   = fault.NewInvalid(fault.Field{Location: "login_name", Code: "taken"})
	errLinkedTo    = fault.NewConflict("subject_linked", "this account is linked to somebody else")
	errWrongCode   = fault.NewInvalid(fault.Field{Location: "code", Code: "wrong_code"})
	errNobody      = fault.NewNotFound("login")
)

// loginNameForm is what people type to sign in, in lower case: without blanks,
// so that it is typed alike on every keyboard.
var loginNameForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]{2,63}$`)

// loginName is the form in which a typed name is kept and compared.
func loginName(typed string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(typed)))
}

func checkPassword(q contract.SetPassword, p personRow) error {
	v := check.New(nil)
	if q.Name != "" {
		v.Text("name", q.Name, 1, maxName)
	}
	if q.LoginName != "" || p.LoginName == "" {
		checkLoginName(v, q.LoginName)
	}
	switch wrong := password.Check(q.Password, q.Name, q.LoginName, p.Name, p.LoginName, p.OrganisationCode, "heli"); wrong {
	case "":
	case password.TooShort:
		v.Add("password", check.TooShort, "min", password.MinLength)
	case password.TooLong:
		v.Add("password", check.TooLong, "max", password.MaxLength)
	default:
		v.Add("password", wrong)
	}
	return v.Err()
}

func checkLoginName(v *check.Checker, name string) {
	switch {
	case name == "":
		v.Add("login_name", check.Required)
	case !loginNameForm.MatchString(loginName(name)):
		v.Add("login_name", "login_name")
	}
}

func checkAPIKey(q contract.MakeAPIKey, now time.Time) error {
	v := check.New(nil)
	if q.ID != "" {
		check.ID(v, "id", q.ID)
	}
	v.Text("name", q.Name, 1, maxName)
	check.OneOf(v, "role", q.Role, staffRoles())
	checkCode(v, "organisation", q.Organisation)
	for i, action := range q.Actions {
		if !access.May(q.Role, access.Action(action)) || !slices.Contains(access.Actions(), access.Action(action)) {
			v.Add(check.At("actions", i, ""), check.Unknown)
		}
	}
	v.Between("expires_at", q.ExpiresAt, now, now.Add(maxKeyLife))
	return v.Err()
}

// grants reports whether the actor may give the role in the organisation, or
// take it away: in its own or below it, and no role beyond what it may give.
func grants(actor contract.Actor, role contract.Role, path string) bool {
	return actor.Sees(path) && access.MayGrant(actor.Role, role)
}

// administers reports whether the actor could have given the person everything
// that they hold. Else a link for them would be a way to more than one has.
func administers(actor contract.Actor, p personRow, roles []roleRow) bool {
	if !actor.Sees(p.Path) && len(roles) == 0 {
		return false
	}
	for _, r := range roles {
		if !grants(actor, r.Role, r.Path) {
			return false
		}
	}
	return true
}

// knows reports whether the actor may see the person: one of the organisation
// that invited or of one in which they hold a role.
func knows(actor contract.Actor, p personRow, roles []roleRow) bool {
	return actor.Sees(p.Path) || slices.ContainsFunc(roles, func(r roleRow) bool { return actor.Sees(r.Path) })
}

// ownOrSystem reports whether somebody acts for themselves.
func ownOrSystem(actor contract.Actor, id contract.PersonID) bool {
	return contract.ValidID(id) && (actor.PersonID == id || actor.Role == contract.RoleSystem)
}

// newRecoveryCodes returns codes such as "ABCD-EFGH-2345-WXYZ".
func newRecoveryCodes() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		letters := rand.Text()[:recoveryLength]
		codes[i] = strings.Join([]string{letters[:4], letters[4:8], letters[8:12], letters[12:]}, "-")
	}
	return codes
}

// recoveryLetters is the form of a typed recovery code that is hashed.
func recoveryLetters(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(strings.TrimSpace(typed))))
}
