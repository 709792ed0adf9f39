package directory

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"heli/pkg/app"
	"heli/pkg/bus"
)

// Config is what an operator decides about what leaves the database.
type Config struct {
	Sink string `name:"sink" env:"HELI_SINK" placeholder:"DIR" help:"Folder, best on another machine's disk, that gets the journal of erasures at once and the signed ends of the audit chains every hour."`
	// ReadingsPerHour is how many contacts an account may read within an hour before
	// its administrators and auditors are told.
	ReadingsPerHour int64 `name:"readings-per-hour" env:"HELI_READINGS_PER_HOUR" default:"30" placeholder:"N" help:"Contacts that one account may read in an hour before administrators and auditors are alerted."`
}

// Run loads the reference data, answers calls until ctx ends, and returns when
// the last call is answered. Without a sink nothing leaves the database.
func Run(ctx context.Context, deps app.Deps, c Config) error {
	service := New(deps.DB, deps.Worker, deps.Keys, deps.Clock, broadcaster(deps.Bus, deps.Log), workCounter(deps.Bus))
	if err := service.watch(c.ReadingsPerHour, deps.Registry); err != nil {
		return fmt.Errorf("start directory: %w", err)
	}
	if err := service.Seed(ctx); err != nil {
		return err
	}
	server, err := bus.NewServer(deps.Bus, deps.Name)
	if err != nil {
		return fmt.Errorf("start directory: %w", err)
	}
	defer server.Stop()
	if err := answer(server, service); err != nil {
		return fmt.Errorf("start directory: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	if c.Sink != "" {
		files, err := openSink(c.Sink, service, deps.Keys, deps.Log)
		if err != nil {
			return fmt.Errorf("start directory: %w", err)
		}
		group.Go(func() error { return files.run(ctx) })
	}
	if c.Sink == "" {
		deps.Log.Warn("no --sink: a restore needs the journal of erasures from outside the database")
	}
	group.Go(func() error {
		deps.Ready()
		<-ctx.Done()
		return nil
	})
	return group.Wait()
}
