package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"heli/cmd/heli/demo"
	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
)

// loginCommand lets somebody in: also the first administrator of a new installation.
type loginCommand struct {
	place        `embed:""`
	Organisation string `name:"organisation" default:"root" placeholder:"CODE" help:"Organisation that the person works in."`
	Role         string `name:"role" default:"administrator" enum:"administrator,coordinator,agency_lead,helper,auditor,integrator" help:"administrator, coordinator, agency_lead, helper, auditor or integrator."`
	Name         string `name:"name" required:"" placeholder:"TEXT" help:"The person's name, as colleagues see it."`
	Demo         bool   `name:"demo" help:"Mark somebody new as one of the demo, whom a link alone signs in."`
	Reset        bool   `name:"reset" help:"The person has lost password and second factors: the link sets new ones."`
	JSON         bool   `name:"json" help:"Print person and link as JSON."`
}

// madeLink is the result.
type madeLink struct {
	Person contract.Person `json:"person"`
	URL    string          `json:"url"`
}

// Run adds the person unless the organisation has one of this name and role,
// and prints a link that is good for once: to set a password and a second
// factor, or in an installation that holds the demo, to sign in at once.
func (c *loginCommand) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	running, err := platform.FindRunning(options.Data)
	if err != nil {
		return err
	}
	if running == nil && options.NATSURL == "" {
		return fmt.Errorf("no Heli runs on the data folder %s, so that a link would lead nowhere: start it with heli up", options.Data)
	}
	return platform.Attach(ctx, options, func(ctx context.Context, a platform.Attached) error {
		ctx, err := platform.AsAdministrator(ctx, a.Bus, c.Organisation)
		if err != nil {
			return err
		}
		person, err := c.person(ctx, a.Bus)
		if err != nil {
			return err
		}
		link, err := makeLogin(ctx, a.Bus, a.URL, contract.MakeLogin{PersonID: person.ID, Resets: c.Reset})
		if err != nil {
			return err
		}
		return t.result(c.JSON, madeLink{person, link}, link+"\n")
	})
}

// person finds or adds the person. Where the people of the demo are, everybody
// is one of them.
func (c *loginCommand) person(ctx context.Context, b *bus.Bus) (contract.Person, error) {
	q, demo := contract.ListPeople{Page: contract.Page{Limit: 100}}, c.Demo
	for {
		page, err := bus.Call(ctx, b, contract.DirectoryPeople, q)
		if err != nil {
			return contract.Person{}, fmt.Errorf("list people: %w", err)
		}
		for _, p := range page.Items {
			if p.Name == c.Name && c.holds(p) {
				return contract.Person{ID: p.ID, Name: p.Name, Role: contract.Role(c.Role), Organisation: c.Organisation, Path: p.Path, Language: p.Language}, nil
			}
			demo = demo || p.State == contract.PersonDemo
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	added, err := bus.Call(ctx, b, contract.DirectoryAddPerson, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: c.Name, Role: contract.Role(c.Role), Organisation: c.Organisation, Demo: demo,
	})
	if err != nil {
		return contract.Person{}, fmt.Errorf("add person: %w", err)
	}
	return added, nil
}

func (c *loginCommand) holds(p contract.PersonRecord) bool {
	return slices.ContainsFunc(p.Roles, func(r contract.HeldRole) bool {
		return string(r.Role) == c.Role && r.Organisation == c.Organisation
	})
}

// makeLogin returns a link that is good for once.
func makeLogin(ctx context.Context, b *bus.Bus, url string, q contract.MakeLogin) (string, error) {
	login, err := bus.Call(ctx, b, contract.DirectoryMakeLogin, q)
	if err != nil {
		return "", fmt.Errorf("make login: %w", err)
	}
	return loginLink(url, login), nil
}

// loginLink returns the address that a secret is sent from; it is after #, so
// that it is in no log.
func loginLink(url string, login contract.Login) string {
	return url + "/console/login#" + login.Secret
}

// firstLogin is a text with the link for the first administrator; empty once
// there is one.
func firstLogin(ctx context.Context, p *platform.Platform) (string, error) {
	first, err := bus.Call(contract.WithActor(ctx, contract.System()), p.Bus, contract.DirectoryFirst, contract.Empty{})
	if err != nil {
		return "", fmt.Errorf("invite the first administrator: %w", err)
	}
	if first.Login.Secret == "" {
		return "", nil
	}
	return "There is no administrator yet. This link makes one, once; a new start prints a new link.\n" +
		"login administrator " + loginLink(p.URL, first.Login) + "\n", nil
}

// demoLogins is a text with a link for each role of the demo.
func demoLogins(ctx context.Context, p *platform.Platform, s demo.Scenario) (string, error) {
	ctx, err := platform.AsAdministrator(ctx, p.Bus, "root")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	shown := map[contract.Role]bool{}
	for _, person := range s.People {
		if shown[person.Role] {
			continue
		}
		shown[person.Role] = true
		link, err := makeLogin(ctx, p.Bus, p.URL, contract.MakeLogin{PersonID: person.ID})
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "login %-13s %s\n", person.Role, link)
	}
	return b.String(), nil
}
