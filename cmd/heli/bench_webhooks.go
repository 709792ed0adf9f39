package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// webhookConnections are what each organisation of the measurement calls with.
const webhookConnections = 8

type benchWebhooks struct {
	benchPlace `embed:""`
	Events     int           `name:"events" default:"100000" help:"Facts that come all at once, over all endpoints alike."`
	Endpoints  int           `name:"endpoints" default:"50" help:"Of 50, 37 are healthy; the others fail, each in its way."`
	Rate       float64       `name:"rate" default:"200" help:"Facts per second to healthy endpoints, while latency is measured."`
	Duration   time.Duration `name:"duration" default:"10s" help:"How long it is measured at a time, by turns while every endpoint answers and while some fail."`
	Turns      int           `name:"turns" default:"5" help:"How many turns each gets, after one to warm up."`
	ClockSpeed float64       `name:"clock-speed" default:"1" placeholder:"N" help:"Let the sender's time run so many times faster; above 1 the end of every delivery is waited for."`
	Seed       uint64        `name:"seed" default:"1" help:"Of the arrivals."`
}

// Run measures in a platform of its own, which may reach this machine alone.
func (c *benchWebhooks) Run(ctx context.Context, t terminal) error {
	if c.Events < 0 || c.Endpoints < 1 || c.Rate <= 0 || c.Turns < 1 || c.ClockSpeed < 1 {
		return errors.New("--endpoints, --rate, --turns and --clock-speed must be above 0, --events not below 0")
	}
	c.notify.ClockSpeed, c.notify.WebhookAllow = c.ClockSpeed, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return c.measure(ctx, t, func(ctx context.Context, p *platform.Platform, _ clientMaker) (any, string, error) {
		tenants, err := makeTenants(ctx, p, c.Endpoints)
		if err != nil {
			return nil, "", err
		}
		db, err := pg.Open(ctx, p.AdminURL, pg.WithConnections(1))
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = db.Close() }() // nothing of worth is in it
		finish, err := c.profile()
		if err != nil {
			return nil, "", err
		}
		r, err := bench.Webhooks(ctx, db, tenants, bench.WebhooksOptions{
			Events: c.Events, Rate: c.Rate, Duration: c.Duration, Turns: c.Turns, ClockSpeed: c.ClockSpeed, Seed: c.Seed,
		})
		if err := errors.Join(err, finish()); err != nil {
			return nil, "", err
		}
		return r, webhooksText(r), nil
	})
}

// makeTenants adds organisations, each with a key.
func makeTenants(ctx context.Context, p *platform.Platform, n int) ([]bench.Tenant, error) {
	asRoot, err := platform.AsAdministrator(ctx, p.Bus, "root")
	if err != nil {
		return nil, err
	}
	tenants := make([]bench.Tenant, n)
	for i := range tenants {
		draft := contract.OrganisationDraft{
			ID: contract.NewID[contract.OrganisationID](), Code: fmt.Sprintf("bench%03d", i), Name: fmt.Sprintf("Bench %d", i),
			Kind: "association", Level: "county", RegionCode: "610113",
		}
		made, err := bus.Call(asRoot, p.Bus, contract.DirectoryRegister, draft)
		if err != nil {
			return nil, fmt.Errorf("add organisation: %w", err)
		}
		key := apiKeyCreate{Organisation: draft.Code, Role: string(contract.RoleAdministrator), Name: "heli bench"}
		opened, err := key.make(ctx, p.Bus)
		if err != nil {
			return nil, err
		}
		tenants[i] = bench.Tenant{Path: made.Organisation.Path, Client: bench.NewClient("http://"+p.Address, opened.Key, webhookConnections)}
	}
	return tenants, nil
}

func webhooksText(r bench.WebhooksResult) string {
	text := fmt.Sprintf("events %d\nendpoints %d\ndelivered %d\ndead %d\npending %d\np50_ms %.2f\np99_ms %.2f\ncalm_p50_ms %.2f\ncalm_p99_ms %.2f\np99_change %.3f\ncalm_p99_change %.3f\n"+
		"delivered_per_s %.0f\nmissing %d\ndoubled %d\nunsigned %d\nstrays %d\nunnamed %d\ndrained_s %.1f\n",
		r.Events, r.Endpoints, r.Delivered, r.Dead, r.Pending, r.P50MS, r.P99MS, r.CalmP50MS, r.CalmP99MS, r.Change, r.CalmChange,
		r.DeliveredPerS, r.Missing, r.Doubled, r.Unsigned, r.Strays, r.Unnamed, r.DrainedS)
	for _, reason := range slices.Sorted(maps.Keys(r.Reasons)) {
		text += fmt.Sprintf("dead %s %d\n", reason, r.Reasons[reason])
	}
	return text
}
