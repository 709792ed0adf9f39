package session

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// ceremonyKey holds what a browser was asked to sign.
const ceremonyKey = "ceremony"

// errPasskey is every signature that is not right.
var errPasskey = fault.NewNotFound("passkey")

// newPasskeys returns the relying party of a host (W3C WebAuthn Level 3); nil
// where browsers offer none: without https, except on localhost.
func newPasskeys(publicURL string) *webauthn.WebAuthn {
	u, err := url.Parse(publicURL)
	if err != nil || u.Hostname() == "" {
		return nil // the address is checked elsewhere
	}
	host := u.Hostname()
	if u.Scheme != "https" && host != "localhost" || strings.Trim(host, "0123456789.:") == "" {
		return nil
	}
	party, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Heli 合力", RPOrigins: []string{publicURL},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil // a host that can have none
	}
	return party
}

// Passkeys reports whether passkeys work where the pages are.
func (s *Sessions) Passkeys() bool { return s.passkeys != nil }

// holder is a person as the library sees them.
type holder struct {
	id, name    string
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.id) }
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

// holder returns a person with their passkeys.
func (s *Sessions) holder(ctx context.Context, id contract.PersonID, name string) (holder, error) {
	listing, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.DirectoryPasskeys, contract.PersonByID{ID: id})
	if err != nil {
		return holder{}, err
	}
	h := holder{id: string(id), name: name}
	for _, passkey := range listing.Items {
		var credential webauthn.Credential
		if err := json.Unmarshal(passkey.Credential, &credential); err != nil {
			return holder{}, fmt.Errorf("read passkey: %w", err)
		}
		h.credentials = append(h.credentials, credential)
	}
	return h, nil
}

// begin keeps what the browser is asked for.
func (s *Sessions) begin(ctx context.Context, ceremony *webauthn.SessionData, err error) error {
	if err != nil {
		return fmt.Errorf("begin passkey: %w", err)
	}
	kept, err := json.Marshal(ceremony)
	if err != nil {
		return fmt.Errorf("begin passkey: %w", err)
	}
	s.scs.Put(ctx, ceremonyKey, kept)
	return nil
}

// ceremony returns what the browser was asked for, once.
func (s *Sessions) ceremony(ctx context.Context) (webauthn.SessionData, error) {
	var ceremony webauthn.SessionData
	if err := json.Unmarshal(s.scs.PopBytes(ctx, ceremonyKey), &ceremony); err != nil {
		return ceremony, errPasskey.Because(err)
	}
	return ceremony, nil
}

// AskPasskey returns what a browser needs to sign with any passkey of this site.
func (s *Sessions) AskPasskey(ctx context.Context) (*protocol.CredentialAssertion, error) {
	if s.passkeys == nil {
		return nil, errPasskey
	}
	options, ceremony, err := s.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	return options, s.begin(ctx, ceremony, err)
}

// Passkey takes a signature and signs in: it is something that one has, opened
// by something that one is or knows, so no password comes before it. A wrong one
// is NotFound; too many are a SlowDown.
func (s *Sessions) Passkey(ctx context.Context, response string, v Visit) (contract.SignedIn, error) {
	var signed contract.SignedIn
	err := s.attempt(ctx, "", v, func() (err error) {
		signed, err = s.checkPasskey(ctx, response, "", true)
		return err
	})
	if err != nil {
		return signed, err
	}
	return signed, s.open(ctx, signed.PersonID, false, v)
}

// ProvePasskey takes a signature from somebody who is signed in, as Prove does a code.
func (s *Sessions) ProvePasskey(ctx context.Context, response string, v Visit) error {
	err := s.attempt(ctx, "", v, func() error {
		_, err := s.checkPasskey(ctx, response, s.person(ctx), false)
		return err
	})
	if err == nil {
		s.prove(ctx)
	}
	return err
}

// checkPasskey checks a signature and stores the passkey's counter. Only one of
// the person counts, when one is named.
func (s *Sessions) checkPasskey(ctx context.Context, response string, only contract.PersonID, signingIn bool) (contract.SignedIn, error) {
	if s.passkeys == nil {
		return contract.SignedIn{}, errPasskey
	}
	ceremony, err := s.ceremony(ctx)
	if err != nil {
		return contract.SignedIn{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(response))
	if err != nil {
		return contract.SignedIn{}, errPasskey.Because(err)
	}
	var unavailable error
	find := func(_, handle []byte) (webauthn.User, error) {
		h, err := s.holder(ctx, contract.PersonID(handle), "")
		if fault.Is(err, fault.Unavailable) {
			unavailable = err
		}
		return h, err
	}
	user, credential, err := s.passkeys.ValidatePasskeyLogin(find, ceremony, parsed)
	switch {
	case unavailable != nil:
		return contract.SignedIn{}, unavailable
	case err != nil:
		return contract.SignedIn{}, errPasskey.Because(err)
	}
	id := contract.PersonID(user.WebAuthnID())
	if credential.Authenticator.CloneWarning || only != "" && id != only {
		return contract.SignedIn{}, errPasskey
	}
	kept, err := json.Marshal(credential)
	if err != nil {
		return contract.SignedIn{}, fmt.Errorf("keep passkey: %w", err)
	}
	return bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.DirectoryUsePasskey, contract.UsePasskey{
		Passkey: contract.Passkey{PersonID: id, CredentialID: credential.ID, Credential: kept}, SigningIn: signingIn,
	})
}

// OfferPasskey returns what a browser needs to make a passkey for the person.
func (s *Sessions) OfferPasskey(ctx context.Context) (*protocol.CredentialCreation, error) {
	if s.passkeys == nil {
		return nil, errPasskey
	}
	self, person, err := s.Self(ctx)
	if err != nil {
		return nil, err
	}
	h, err := s.holder(ctx, person, contract.ActorFrom(self).Name)
	if err != nil {
		return nil, err
	}
	options, ceremony, err := s.passkeys.BeginRegistration(h,
		webauthn.WithExclusions(webauthn.Credentials(h.credentials).CredentialDescriptors()))
	return options, s.begin(ctx, ceremony, err)
}

// AddPasskey takes a new passkey of the person. One that the browser did not
// make as it was asked is NotFound.
func (s *Sessions) AddPasskey(ctx context.Context, name, response string) error {
	self, person, err := s.Self(ctx)
	if err != nil || s.passkeys == nil {
		return errPasskey.Because(err)
	}
	ceremony, err := s.ceremony(ctx)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(response))
	if err != nil {
		return errPasskey.Because(err)
	}
	credential, err := s.passkeys.CreateCredential(holder{id: string(person)}, ceremony, parsed)
	if err != nil {
		return errPasskey.Because(err)
	}
	kept, err := json.Marshal(credential)
	if err != nil {
		return fmt.Errorf("keep passkey: %w", err)
	}
	_, err = bus.Call(self, s.bus, contract.DirectoryAddPasskey, contract.Passkey{
		PersonID: person, Name: name, CredentialID: credential.ID, Credential: kept,
	})
	return err
}
