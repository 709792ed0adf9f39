package main

import (
	"context"
	"fmt"
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
	JSON         bool   `name:"json" help:"Print person and link as JSON."`
}

// loginLink is the result.
type loginLink struct {
	Person contract.Person `json:"person"`
	URL    string          `json:"url"`
}

// Run adds the person unless the organisation has one of this name and role,
// and prints a link that signs in once, within ten minutes.
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
		link, err := makeLogin(ctx, a.Bus, a.URL, person.ID)
		if err != nil {
			return err
		}
		return t.result(c.JSON, loginLink{person, link}, link+"\n")
	})
}

// person finds or adds the person.
func (c *loginCommand) person(ctx context.Context, b *bus.Bus) (contract.Person, error) {
	q := contract.ListPeople{Page: contract.Page{Limit: 100}}
	for {
		page, err := bus.Call(ctx, b, contract.DirectoryPeople, q)
		if err != nil {
			return contract.Person{}, fmt.Errorf("list people: %w", err)
		}
		for _, p := range page.Items {
			if p.Name == c.Name && string(p.Role) == c.Role && p.Organisation == c.Organisation {
				return p, nil
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	added, err := bus.Call(ctx, b, contract.DirectoryAddPerson, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: c.Name, Role: contract.Role(c.Role), Organisation: c.Organisation,
	})
	if err != nil {
		return contract.Person{}, fmt.Errorf("add person: %w", err)
	}
	return added, nil
}

// makeLogin returns a link that signs in once; its secret is after #, so that
// it is in no log.
func makeLogin(ctx context.Context, b *bus.Bus, url string, person contract.PersonID) (string, error) {
	login, err := bus.Call(ctx, b, contract.DirectoryMakeLogin, contract.MakeLogin{PersonID: person})
	if err != nil {
		return "", fmt.Errorf("make login: %w", err)
	}
	return url + "/console/login#" + login.Secret, nil
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
		link, err := makeLogin(ctx, p.Bus, p.URL, person.ID)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "login %-13s %s\n", person.Role, link)
	}
	return b.String(), nil
}
