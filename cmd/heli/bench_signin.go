package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pquerna/otp/totp"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
)

type benchSignIn struct {
	benchPlace  `embed:""`
	People      int `name:"people" default:"40" help:"With a wrong password, and as many with a wrong code; each is tried five times."`
	Tries       int `name:"tries" default:"100000" help:"Wrong passwords of one account, and wrong API keys from one address."`
	Connections int `name:"connections" default:"16" help:"Of those who try, at once."`
}

const benchPassword = "violet tractor humming"

// Run measures in a platform of its own, with people that it enrols.
func (c *benchSignIn) Run(ctx context.Context, t terminal) error {
	c.trustedProxies = []string{"127.0.0.1/32"}
	return c.measure(ctx, t, func(ctx context.Context, p *platform.Platform, _ clientMaker) (any, string, error) {
		o := bench.SignInOptions{URL: "http://" + p.Address, Password: benchPassword, Tries: c.Tries, Connections: c.Connections}
		for i := range 2*c.People + 1 {
			name := fmt.Sprintf("person%04d", i)
			if err := enrolForBench(ctx, p.Bus, name); err != nil {
				return nil, "", err
			}
			switch {
			case i == 0:
				o.Victim = name
			case i%2 == 0:
				o.Wrong = append(o.Wrong, name)
			default:
				o.Right = append(o.Right, name)
			}
		}
		r, err := bench.SignIn(ctx, o)
		return r, signInText(r), err
	})
}

func signInText(r bench.SignInResult) string {
	text := fmt.Sprintf("rounds %d\n", r.Rounds)
	for _, kind := range []string{"unknown", "password", "code"} {
		text += fmt.Sprintf("wrong_%s_ms %.2f then %.2f\n", kind, r.PasswordMS[kind], r.CodeMS[kind])
	}
	text += fmt.Sprintf("difference_of_medians %.2f%% then %.2f%%\n", 100*r.PasswordDifference, 100*r.CodeDifference)
	for _, answer := range r.Answers {
		text += "answer " + answer + "\n"
	}
	for name, a := range map[string]bench.Attack{"passwords": r.Attack, "tokens": r.Tokens} {
		text += fmt.Sprintf("%s %d tries in %.1f s, looked at %d\n", name, a.Tries, a.Seconds, a.Looked)
	}
	return text
}

// enrolForBench adds somebody with a password and an authenticator.
func enrolForBench(ctx context.Context, b *bus.Bus, name string) error {
	ctx, err := platform.AsAdministrator(ctx, b, "root")
	if err != nil {
		return err
	}
	id := contract.NewID[contract.PersonID]()
	draft := contract.PersonDraft{ID: id, Name: name, Role: contract.RoleAuditor, Organisation: "root"}
	if _, err := bus.Call(ctx, b, contract.DirectoryAddPerson, draft); err != nil {
		return fmt.Errorf("add person: %w", err)
	}
	self := contract.WithActor(ctx, contract.Actor{Role: contract.RoleAuditor, PersonID: id, Path: contract.RootPath})
	if _, err := bus.Call(self, b, contract.DirectorySetPassword, contract.SetPassword{PersonID: id, LoginName: name, Password: benchPassword}); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	made, err := bus.Call(self, b, contract.DirectoryBeginTOTP, contract.PersonByID{ID: id})
	if err != nil {
		return fmt.Errorf("begin authenticator: %w", err)
	}
	code, err := totp.GenerateCode(made.Secret, time.Now())
	if err != nil {
		return fmt.Errorf("make code: %w", err)
	}
	confirm := contract.ConfirmTOTP{PersonID: id, FactorID: made.FactorID, Name: "bench", Code: code}
	if _, err := bus.Call(self, b, contract.DirectoryConfirmTOTP, confirm); err != nil {
		return fmt.Errorf("confirm authenticator: %w", err)
	}
	return nil
}
