package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// CallbackPath is where an identity provider sends people back to.
const CallbackPath = "/console/login/account/callback"

// providerTime bounds a call to the provider.
const providerTime = 10 * time.Second

// What a session holds while somebody is at the provider.
const (
	stateKey    = "oidc_state"
	nonceKey    = "oidc_nonce"
	verifierKey = "oidc_verifier"
)

// OIDC says which identity provider may vouch for people (OpenID Connect Core
// 1.0, authorisation code with PKCE). It never gives a right: only accounts that
// somebody here has linked with themselves are known.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	// Name is what people call the provider.
	Name string
}

// provider is asked what it offers when it is first needed, so that Heli starts
// without it.
type provider struct {
	config   OIDC
	callback string
	client   *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

func newProvider(o OIDC, publicURL string) *provider {
	if o.Issuer == "" {
		return nil
	}
	return &provider{config: o, callback: publicURL + CallbackPath, client: &http.Client{Timeout: providerTime}}
}

// Provider returns what people call the identity provider; empty without one.
func (s *Sessions) Provider() string {
	if s.provider == nil {
		return ""
	}
	if s.provider.config.Name != "" {
		return s.provider.config.Name
	}
	u, err := url.Parse(s.provider.config.Issuer)
	if err != nil {
		return s.provider.config.Issuer
	}
	return u.Host
}

// discover returns the provider's metadata, asked for once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		// The provider keeps the context for its keys.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.config.Issuer)
		if err != nil {
			return nil, fault.NewUnavailable(fmt.Errorf("ask the identity provider: %w", err))
		}
		p.found = found
	}
	return p.found, nil
}

func (p *provider) oauth(found *oidc.Provider) oauth2.Config {
	return oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: p.callback, Scopes: []string{oidc.ScopeOpenID},
	}
}

// AskAccount returns where at the provider the browser goes, to come back to
// CallbackPath: to sign in, or to link an account with who is here already.
func (s *Sessions) AskAccount(ctx context.Context) (string, error) {
	if s.provider == nil {
		return "", fault.NewNotFound("identity provider")
	}
	found, err := s.provider.discover(ctx)
	if err != nil {
		return "", err
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	s.scs.Put(ctx, stateKey, state)
	s.scs.Put(ctx, nonceKey, nonce)
	s.scs.Put(ctx, verifierKey, verifier)
	config := s.provider.oauth(found)
	return config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// errProofOld is what somebody gets who is signed in and links an account without
// having proved who they are a short while ago.
var errProofOld = fault.New(fault.Conflict, "proof_old", "prove who you are first")

// Account takes what the provider sent back: it links the account with whoever
// is enrolling or signed in (linked is true), else goes on to the second factor
// of the person whom it is linked with. What does not hold, and an account of
// nobody here, is NotFound.
func (s *Sessions) Account(ctx context.Context, query url.Values, v Visit) (linked bool, err error) {
	account, err := s.verifyAccount(ctx, query)
	if err != nil {
		return false, err
	}
	self, person, err := s.Self(ctx)
	switch {
	case err == nil && s.Stage(ctx) == StageFull && !s.Fresh(ctx):
		return false, errProofOld
	case err == nil:
		_, err := bus.Call(self, s.bus, contract.DirectoryLinkSubject, contract.LinkSubject{PersonID: person, Subject: account})
		return true, err
	case !fault.Is(err, fault.NotFound):
		return false, err
	}
	var signed contract.SignedIn
	err = s.attempt(ctx, "", v, func() (err error) {
		signed, err = bus.Call(ctx, s.bus, contract.DirectorySignInSubject, account)
		return err
	})
	if err != nil {
		return false, err
	}
	return false, s.askCode(ctx, signed.PersonID, s.account(string(signed.PersonID)))
}

// verifyAccount trades the code for an ID token and checks it: signature,
// issuer, audience, end, nonce.
func (s *Sessions) verifyAccount(ctx context.Context, query url.Values) (contract.Subject, error) {
	unknown := fault.NewNotFound("account")
	state, nonce, verifier := s.scs.PopString(ctx, stateKey), s.scs.PopString(ctx, nonceKey), s.scs.PopString(ctx, verifierKey)
	if s.provider == nil || state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(query.Get("state"))) != 1 {
		return contract.Subject{}, unknown
	}
	found, err := s.provider.discover(ctx)
	if err != nil {
		return contract.Subject{}, err
	}
	config := s.provider.oauth(found)
	ctx = oidc.ClientContext(ctx, s.provider.client)
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return contract.Subject{}, unknown.Because(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return contract.Subject{}, unknown
	}
	verified, err := found.VerifierContext(ctx, &oidc.Config{ClientID: s.provider.config.ClientID, Now: s.now}).Verify(ctx, raw)
	if err != nil {
		return contract.Subject{}, unknown.Because(err)
	}
	if verified.Nonce != nonce || verified.Subject == "" {
		return contract.Subject{}, unknown
	}
	return contract.Subject{Issuer: verified.Issuer, Subject: verified.Subject}, nil
}
