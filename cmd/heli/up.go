package main

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"

	"heli/cmd/heli/platform"
	"heli/pkg/app"
	"heli/pkg/vault"
	"heli/services/directory"
	"heli/services/notify"
	"heli/services/offer"
	"heli/services/request"
	"heli/services/web"
)

// upCommand runs the whole platform.
type upCommand struct {
	place                `embed:""`
	web.Config           `embed:""`
	Directory            directory.Config `embed:""`
	Retention            vault.Retention  `embed:""`
	Claims               request.Claims   `embed:""`
	Silence              request.Silence  `embed:""`
	Staleness            offer.Staleness  `embed:""`
	AdminListen          string           `name:"admin-listen" env:"HELI_ADMIN_LISTEN" default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Health, metrics and profiles, for operators only."`
	WebhookAllow         []netip.Prefix   `name:"webhook-allow" env:"HELI_WEBHOOK_ALLOW" placeholder:"CIDR" help:"Addresses that webhooks may reach although they are private, over plain HTTP too: for development."`
	notify.MessageConfig `embed:""`
	Demo                 bool `name:"demo" env:"HELI_DEMO" help:"Load the demo once and print a login link for each of its roles."`
	app.LogConfig        `embed:""`
}

// Run serves until ctx ends. It prints one line, ready and the address, once
// every service is ready and the demo is there, and links to sign in by.
func (c *upCommand) Run(ctx context.Context, t terminal) error {
	log := c.Logger(t.err)
	options, err := c.options(log)
	if err != nil {
		return err
	}
	options.Pages, options.Web, options.AdminListen = true, c.Config, c.AdminListen
	options.Directory, options.Retention, options.Claims, options.Silence, options.Staleness = c.Directory, c.Retention, c.Claims, c.Silence, c.Staleness
	options.Notify = notify.Config{WebhookAllow: c.WebhookAllow, PublicURL: c.PublicURL, MessageConfig: c.MessageConfig}
	if _, err := options.Notify.Channels(); err != nil {
		return err
	}
	return platform.Run(ctx, options, func(ctx context.Context, p *platform.Platform) error {
		return c.serve(ctx, t, p)
	})
}

// serve loads the demo first, so that ready means that everything is there.
func (c *upCommand) serve(ctx context.Context, t terminal, p *platform.Platform) error {
	var logins string
	if c.Demo {
		scenario, err := loadDemo(ctx, t, p)
		if err == nil {
			logins, err = demoLogins(ctx, p, scenario)
		}
		if err != nil {
			return err
		}
	}
	first, err := firstLogin(ctx, p)
	if err != nil {
		return err
	}
	logins += first
	if _, err := fmt.Fprintf(t.out, "ready http://%s\n%s", p.Address, logins); err != nil {
		return fmt.Errorf("say ready: %w", err)
	}
	debug.FreeOSMemory() // loading took several times of what serving needs
	<-ctx.Done()
	return nil
}
