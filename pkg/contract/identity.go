package contract

import (
	"encoding/json"
	"time"
)

// Ids of what belongs to a person.
type (
	// RoleID names a role that somebody holds.
	RoleID string
	// FactorID names a second factor.
	FactorID string
)

// PersonState says how far somebody has come.
type PersonState string

// The states of a person.
const (
	// PersonInvited has not enrolled yet.
	PersonInvited PersonState = "invited"
	PersonActive  PersonState = "active"
	// PersonDemo signs in by a link alone.
	PersonDemo    PersonState = "demo"
	PersonRevoked PersonState = "revoked"
)

// HeldRole is a role that a person holds in an organisation. It reaches what
// that organisation and those below it own.
type HeldRole struct {
	ID               RoleID    `json:"id"`
	Role             Role      `json:"role"`
	Organisation     string    `json:"organisation"` // code
	OrganisationName string    `json:"organisation_name"`
	Path             string    `json:"path"`
	GrantedAt        time.Time `json:"granted_at"`
}

// FactorKind is how a second factor proves who somebody is.
type FactorKind string

// The kinds of second factors.
const (
	FactorTOTP    FactorKind = "totp"    // codes of six digits (RFC 6238)
	FactorPasskey FactorKind = "passkey" // WebAuthn
)

// SecondFactor is a second factor, without its secret.
type SecondFactor struct {
	ID        FactorID   `json:"id"`
	Kind      FactorKind `json:"kind"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

// PersonRecord is a person as those see who administer people, and as people see
// themselves.
type PersonRecord struct {
	ID           PersonID    `json:"id"`
	Name         string      `json:"name"`
	LoginName    string      `json:"login_name,omitempty"`
	Organisation string      `json:"organisation"` // code of the one that invited
	Path         string      `json:"path"`
	Language     string      `json:"language,omitempty"`
	State        PersonState `json:"state"`
	Roles        []HeldRole  `json:"roles"`
	CreatedAt    time.Time   `json:"created_at"`
	SignedInAt   *time.Time  `json:"signed_in_at,omitempty"`
	// Factors, Password, RecoveryCodes and Linked are told of one person, not in lists.
	Factors       []SecondFactor `json:"factors,omitempty"`
	Password      bool           `json:"password,omitempty"`
	RecoveryCodes int            `json:"recovery_codes,omitempty"` // that are left
	Linked        []string       `json:"linked,omitempty"`         // issuers of accounts
}

// PersonByID asks about one person.
type PersonByID struct {
	ID PersonID `json:"id"`
}

// Invitation is a person with the link's secret, which is shown once.
type Invitation struct {
	Person PersonRecord `json:"person"`
	Login  Login        `json:"login"`
}

// GrantRole gives a person a role in an organisation. A repeat changes nothing.
type GrantRole struct {
	PersonID     PersonID `json:"person_id"`
	Role         Role     `json:"role"`
	Organisation string   `json:"organisation"` // code
}

// WithdrawRole takes a role away. A repeat changes nothing.
type WithdrawRole struct {
	PersonID PersonID `json:"person_id"`
	RoleID   RoleID   `json:"role_id"`
}

// IdentityEvent is one thing that happened to a person or key, from the audit chain.
type IdentityEvent struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
	Role   Role      `json:"role"`
	Actor  string    `json:"actor,omitempty"` // name
	Reason string    `json:"reason,omitempty"`
}

// SignIn asks whose name and password these are. Unknown names, wrong passwords
// and people without a second factor are NotFound alike, after the same time.
type SignIn struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// SignedIn is who has proved to be somebody, by a password or an account.
type SignedIn struct {
	PersonID PersonID `json:"person_id"`
	Language string   `json:"language,omitempty"`
}

// Prove checks the code of a second factor: of an authenticator, or a recovery
// code, each good for once. Wrong codes and unknown people are NotFound alike.
type Prove struct {
	PersonID PersonID `json:"person_id"`
	Code     string   `json:"code"`
	// SigningIn says that this ends a sign-in, for the audit chain.
	SigningIn bool `json:"signing_in,omitempty"`
}

// Proved is the person, and how many recovery codes are left after one was used.
type Proved struct {
	SignedIn
	Recovery  bool `json:"recovery,omitempty"`
	CodesLeft int  `json:"codes_left,omitempty"`
}

// SetPassword sets somebody's own password and what they sign in by. Empty names
// stay as they are.
type SetPassword struct {
	PersonID  PersonID `json:"person_id"`
	Name      string   `json:"name,omitempty"`
	LoginName string   `json:"login_name,omitempty"`
	Password  string   `json:"password"`
}

// SetLanguage sets the language that somebody wants to be written to in.
type SetLanguage struct {
	PersonID PersonID `json:"person_id"`
	Language string   `json:"language"`
}

// NewTOTP is a secret for an authenticator. It counts once ConfirmTOTP has seen
// a code made from it.
type NewTOTP struct {
	FactorID FactorID `json:"factor_id"`
	Secret   string   `json:"secret"` // base32
	URI      string   `json:"uri"`    // otpauth://…
}

// ConfirmTOTP takes the first code of a new authenticator.
type ConfirmTOTP struct {
	PersonID PersonID `json:"person_id"`
	FactorID FactorID `json:"factor_id"`
	Name     string   `json:"name"`
	Code     string   `json:"code"`
}

// Passkey is a public key credential, as go-webauthn writes it. Web checks what
// is signed with it.
type Passkey struct {
	PersonID     PersonID        `json:"person_id"`
	Name         string          `json:"name,omitempty"`
	CredentialID []byte          `json:"credential_id"`
	Credential   json.RawMessage `json:"credential"`
}

// UsePasskey tells that a passkey has signed; the credential holds its counter.
type UsePasskey struct {
	Passkey
	SigningIn bool `json:"signing_in,omitempty"`
}

// RemoveFactor takes a second factor away; the last one stays.
type RemoveFactor struct {
	PersonID PersonID `json:"person_id"`
	FactorID FactorID `json:"factor_id"`
}

// RecoveryCodes are shown once; making them ends the former ones.
type RecoveryCodes struct {
	Codes []string `json:"codes"`
}

// Subject is an account at an identity provider, which has verified it.
type Subject struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// LinkSubject links a verified account with a person; it gives no right.
type LinkSubject struct {
	PersonID PersonID `json:"person_id"`
	Subject
}

// UnlinkSubject takes the accounts at an issuer away from a person.
type UnlinkSubject struct {
	PersonID PersonID `json:"person_id"`
	Issuer   string   `json:"issuer"`
}

// FirstAdministrator is a link for the first administrator; no secret when there
// is one already.
type FirstAdministrator struct {
	Login Login `json:"login"`
}

// APIKey is a key without its secret.
type APIKey struct {
	ID               APIKeyID   `json:"id"`
	Name             string     `json:"name"`
	Role             Role       `json:"role"`
	Organisation     string     `json:"organisation"` // code
	OrganisationName string     `json:"organisation_name"`
	Actions          []string   `json:"actions"` // empty: all of the role's
	CreatedAt        time.Time  `json:"created_at"`
	ExpiresAt        time.Time  `json:"expires_at"`
	LastUsedAt       *time.Time `json:"last_used_at,omitempty"` // to the minute
	RevokedAt        *time.Time `json:"revoked_at,omitempty"`
}

// ListAPIKeys asks for keys at or below the actor's organisation, newest first.
type ListAPIKeys struct {
	Page
}

// The calls about identities that the directory answers.
var (
	DirectoryInvite        = Endpoint[PersonDraft, Invitation]{"svc.directory.invite"}
	DirectoryPerson        = Endpoint[PersonByID, PersonRecord]{"svc.directory.person"}
	DirectoryHistory       = Endpoint[PersonByID, Listing[IdentityEvent]]{"svc.directory.history"}
	DirectoryGrant         = Endpoint[GrantRole, HeldRole]{"svc.directory.grant"}
	DirectoryWithdraw      = Endpoint[WithdrawRole, Empty]{"svc.directory.withdraw"}
	DirectoryFirst         = Endpoint[Empty, FirstAdministrator]{"svc.directory.first_administrator"}
	DirectorySignIn        = Endpoint[SignIn, SignedIn]{"svc.directory.sign_in"}
	DirectorySignInSubject = Endpoint[Subject, SignedIn]{"svc.directory.sign_in_subject"}
	DirectoryProve         = Endpoint[Prove, Proved]{"svc.directory.prove"}
	DirectorySetPassword   = Endpoint[SetPassword, Empty]{"svc.directory.set_password"}
	DirectorySetLanguage   = Endpoint[SetLanguage, Empty]{"svc.directory.set_language"}
	DirectoryBeginTOTP     = Endpoint[PersonByID, NewTOTP]{"svc.directory.begin_totp"}
	DirectoryConfirmTOTP   = Endpoint[ConfirmTOTP, Empty]{"svc.directory.confirm_totp"}
	DirectoryPasskeys      = Endpoint[PersonByID, Listing[Passkey]]{"svc.directory.passkeys"}
	DirectoryAddPasskey    = Endpoint[Passkey, Empty]{"svc.directory.add_passkey"}
	DirectoryUsePasskey    = Endpoint[UsePasskey, SignedIn]{"svc.directory.use_passkey"}
	DirectoryRemoveFactor  = Endpoint[RemoveFactor, Empty]{"svc.directory.remove_factor"}
	DirectoryRecoveryCodes = Endpoint[PersonByID, RecoveryCodes]{"svc.directory.recovery_codes"}
	DirectoryLinkSubject   = Endpoint[LinkSubject, Empty]{"svc.directory.link_subject"}
	DirectoryUnlinkSubject = Endpoint[UnlinkSubject, Empty]{"svc.directory.unlink_subject"}
	DirectoryAPIKeys       = Endpoint[ListAPIKeys, Listing[APIKey]]{"svc.directory.api_keys"}
)
