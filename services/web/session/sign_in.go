package session

import (
	"context"
	"crypto/rand"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Redeem takes a link's secret: it signs people of the demo in, and lets others
// enrol or set a new password. All of the person's sessions end then. A wrong,
// used or ended secret is NotFound; too many of them are a SlowDown.
func (s *Sessions) Redeem(ctx context.Context, secret string, v Visit) (contract.Person, error) {
	var person contract.Person
	err := s.attempt(ctx, "", v, func() (err error) {
		person, err = bus.Call(ctx, s.bus, contract.DirectoryRedeemLogin, contract.RedeemLogin{Secret: secret})
		return err
	})
	switch {
	case err != nil:
		return person, err
	case person.Demo && !person.Enrolled:
		return person, s.open(ctx, person.ID, true, v)
	}
	if err := s.store.endOthers(ctx, person.ID, "", s.now()); err != nil {
		return person, err
	}
	return person, s.reach(ctx, StageEnrol, person.ID, "")
}

// Password takes name and password. Whether they are right shows only after the
// second factor: until then right ones, wrong ones and names that nobody has
// look alike. Too many tries are a SlowDown.
func (s *Sessions) Password(ctx context.Context, name, password string, v Visit) error {
	account := s.account(name)
	if err := s.take(ctx, account, v); err != nil {
		return err
	}
	signed, err := bus.Call(ctx, s.bus, contract.DirectorySignIn, contract.SignIn{Name: name, Password: password})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return s.settle(ctx, account, v, err)
	}
	// A right password stays counted until the code is right too: else it would
	// clear the count for trying codes.
	return s.askCode(ctx, signed.PersonID, account)
}

// askCode goes on to the second factor, as nobody after a wrong password.
func (s *Sessions) askCode(ctx context.Context, person contract.PersonID, account string) error {
	if err := s.reach(ctx, StageCode, person, account); err != nil {
		return err
	}
	s.scs.Put(ctx, paidKey, rand.Text())
	return nil
}

// Code takes the second factor's code and signs in. A wrong one is NotFound, as
// is any after a wrong password; too many are a SlowDown.
func (s *Sessions) Code(ctx context.Context, code string, v Visit) (contract.Proved, error) {
	if s.Stage(ctx) != StageCode {
		return contract.Proved{}, fault.NewNotFound("session")
	}
	account := s.scs.GetString(ctx, accountKey)
	if err := s.takeCode(ctx, account, v); err != nil {
		return contract.Proved{}, err
	}
	proved, err := bus.Call(ctx, s.bus, contract.DirectoryProve, contract.Prove{PersonID: s.person(ctx), Code: code, SigningIn: true})
	if err := s.settle(ctx, account, v, err); err != nil {
		return contract.Proved{}, err
	}
	return proved, s.open(ctx, proved.PersonID, false, v)
}

// Remember returns what the browser remembers after signing in, so that
// strangers who try the account do not slow it down.
func (s *Sessions) Remember(ctx context.Context) string {
	account := s.scs.GetString(ctx, accountKey)
	if account == "" {
		return ""
	}
	return s.keys.Token("device", account, 0)
}

// Prove takes a code from somebody who is signed in, for what asks for a fresh
// proof. A wrong one is NotFound; too many are a SlowDown.
func (s *Sessions) Prove(ctx context.Context, code string, v Visit) error {
	person := s.person(ctx)
	err := s.attempt(ctx, s.account(string(person)), v, func() error {
		_, err := bus.Call(ctx, s.bus, contract.DirectoryProve, contract.Prove{PersonID: person, Code: code})
		return err
	})
	if err == nil {
		s.prove(ctx)
	}
	return err
}

// Enrolled ends enrolling: whoever has set a password and a second factor just
// now is signed in.
func (s *Sessions) Enrolled(ctx context.Context, v Visit) error {
	if s.Stage(ctx) != StageEnrol {
		return nil
	}
	return s.open(ctx, s.person(ctx), false, v)
}

// AskCode goes on to the second factor after a new password by a link, where the
// person has one already.
func (s *Sessions) AskCode(ctx context.Context) error {
	person := s.person(ctx)
	return s.askCode(ctx, person, s.account(string(person)))
}

// Record returns what the directory knows of whoever is enrolling or signed in.
func (s *Sessions) Record(ctx context.Context) (contract.PersonRecord, error) {
	self, person, err := s.Self(ctx)
	if err != nil {
		return contract.PersonRecord{}, err
	}
	return bus.Call(self, s.bus, contract.DirectoryPerson, contract.PersonByID{ID: person})
}

// SetPassword sets the password of whoever is enrolling or signed in, and ends
// all of their other sessions.
func (s *Sessions) SetPassword(ctx context.Context, q contract.SetPassword) error {
	self, person, err := s.Self(ctx)
	if err != nil {
		return err
	}
	q.PersonID = person
	if _, err := bus.Call(self, s.bus, contract.DirectorySetPassword, q); err != nil {
		return err
	}
	s.scs.Put(ctx, passwordKey, true)
	return s.EndOthers(ctx)
}

// PasswordSet reports whether a password was set in this session.
func (s *Sessions) PasswordSet(ctx context.Context) bool { return s.scs.GetBool(ctx, passwordKey) }
