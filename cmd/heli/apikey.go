package main

import (
	"context"
	"fmt"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
)

// apiKeyCommand makes keys for other programs.
type apiKeyCommand struct {
	Create apiKeyCreate `cmd:"" help:"Make a key and print it: it is shown once."`
}

type apiKeyCreate struct {
	place        `embed:""`
	Organisation string   `name:"organisation" required:"" placeholder:"CODE" help:"Code of the organisation that the key acts for; root is the top one."`
	Role         string   `name:"role" required:"" enum:"administrator,coordinator,agency_lead,helper,auditor,integrator" help:"administrator, coordinator, agency_lead, helper, auditor or integrator."`
	Name         string   `name:"name" required:"" placeholder:"TEXT" help:"What the key is for; shown in histories."`
	Actions      []string `name:"action" placeholder:"ACTION" help:"What the key may do, such as read_requests; all that its role may when left out."`
	Days         int      `name:"days" default:"365" help:"After how many days the key ends, 730 at most."`
	JSON         bool     `name:"json" help:"Print id and key as JSON."`
}

// Run prints the key alone, and beside it when the key ends.
func (c *apiKeyCreate) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	return platform.Attach(ctx, options, func(ctx context.Context, a platform.Attached) error {
		made, err := c.make(ctx, a.Bus)
		if err != nil {
			return err
		}
		t.tell("the key ends on %s; make another one before", made.ExpiresAt.Format(time.DateOnly))
		return t.result(c.JSON, made, made.Key+"\n")
	})
}

func (c *apiKeyCreate) make(ctx context.Context, b *bus.Bus) (contract.MadeAPIKey, error) {
	ctx, err := platform.AsAdministrator(ctx, b, c.Organisation)
	if err != nil {
		return contract.MadeAPIKey{}, err
	}
	q := contract.MakeAPIKey{
		ID: contract.NewID[contract.APIKeyID](), Organisation: c.Organisation, Role: contract.Role(c.Role), Name: c.Name, Actions: c.Actions,
	}
	if c.Days != 0 { // else the directory's own life of keys
		ends := time.Now().UTC().AddDate(0, 0, c.Days)
		q.ExpiresAt = &ends
	}
	made, err := bus.Call(ctx, b, contract.DirectoryMakeAPIKey, q)
	if err != nil {
		return contract.MadeAPIKey{}, fmt.Errorf("make key: %w", err)
	}
	return made, nil
}
