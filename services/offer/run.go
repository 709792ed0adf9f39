package offer

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/idempotency"
	"heli/pkg/inbox"
)

const (
	purgeInterval  = time.Hour
	expireInterval = 15 * time.Second
	quietInterval  = time.Minute
)

// Run answers calls, hears of matches, publishes facts and lets offers expire
// until ctx ends; then it finishes what it answers and returns nil.
func Run(ctx context.Context, d app.Deps, c Config) error {
	if _, err := d.Reference.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopped before it began
		}
		return fmt.Errorf("wait for reference data: %w", err)
	}
	s := New(d, c)
	server, err := bus.NewServer(d.Bus, d.Name)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.relay.Run(ctx) })
	group.Go(func() error {
		return inbox.Run(ctx, d.Worker, d.Bus, contract.OfferHearsMatch, s.HearMatches, inbox.WithLog(d.Log))
	})
	group.Go(func() error { return s.expire(ctx, d) })
	group.Go(func() error { return s.purge(ctx, d, c) })
	group.Go(func() error { return s.watchQuiet(ctx, d) })
	group.Go(func() error { return s.adopt(ctx, d.Log) })
	group.Go(func() error {
		defer server.Stop()
		if err := s.journal().CatchUp(ctx, d.Log); err != nil {
			return err
		}
		if err := s.answer(server); err != nil {
			return err
		}
		d.Ready()
		<-ctx.Done()
		return nil
	})
	return group.Wait()
}

// expire ends offers whose time is over, every few seconds.
func (s *Service) expire(ctx context.Context, d app.Deps) error {
	return every(ctx, expireInterval, func() {
		if _, err := s.expireDue(ctx); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not let offers expire, trying again soon", "error", err)
		}
	})
}

// watchQuiet asks whether offers still stand, and tells of credentials that end.
func (s *Service) watchQuiet(ctx context.Context, d app.Deps) error {
	return every(ctx, quietInterval, func() {
		for _, task := range s.quietTasks() {
			if err := task(ctx); err != nil && ctx.Err() == nil {
				d.Log.Warn("could not ask quiet offers, trying again in a minute", "error", err)
			}
		}
	})
}

func (s *Service) quietTasks() []func(context.Context) error {
	return []func(context.Context) error{s.askQuiet, s.pauseSilent, s.tellEnding}
}

// purge forgets old idempotency keys once an hour, finishes erasures that were
// broken off, and lets go what was kept for its time.
func (s *Service) purge(ctx context.Context, d app.Deps, c Config) error {
	return every(ctx, purgeInterval, func() {
		if _, err := idempotency.Purge(ctx, d.Worker, s.now()); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not purge idempotency keys, trying again in an hour", "error", err)
		}
		if err := s.journal().Follow(ctx); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not follow the journal of erasures, trying again in an hour", "error", err)
		}
		if err := s.retire(ctx, c.Retention); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not let go what was kept for its time, trying again in an hour", "error", err)
		}
	})
}

// every works now and after each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, work func()) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		work()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
