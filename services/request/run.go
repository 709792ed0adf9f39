package request

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/idempotency"
	"heli/pkg/inbox"
)

const (
	purgeInterval = time.Hour
	// joinInterval bounds how many rows a count is the sum of.
	joinInterval = 5 * time.Second
)

// Run answers calls, hears of matches and publishes facts until ctx ends; then
// it finishes what was taken in and returns nil.
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
		s.Close()
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.relay.Run(ctx) })
	group.Go(func() error {
		return inbox.Run(ctx, d.Worker, d.Bus, contract.RequestHearsMatch, s.HearMatches, inbox.WithLog(d.Log))
	})
	group.Go(func() error { return s.purge(ctx, d, c) })
	group.Go(func() error { return s.join(ctx, d.Log) })
	group.Go(func() error { return s.watchClaims(ctx, d.Log) })
	group.Go(func() error { return s.watchFigures(ctx, d.Log) })
	group.Go(func() error { return s.watchTime(ctx, d.Log) })
	group.Go(func() error { return s.adopt(ctx, d.Log) })
	group.Go(func() error {
		// Callers are answered before the intake that they wait for closes.
		defer s.Close()
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

// purge forgets old idempotency keys once an hour, finishes erasures that were
// broken off, and lets go what was kept for its time.
func (s *Service) purge(ctx context.Context, d app.Deps, c Config) error {
	ticker := time.NewTicker(purgeInterval)
	defer ticker.Stop()
	for {
		if _, err := idempotency.Purge(ctx, d.Worker, s.now()); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not purge idempotency keys, trying again in an hour", "error", err)
		}
		if err := s.journal().Follow(ctx); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not follow the journal of erasures, trying again in an hour", "error", err)
		}
		if err := s.worker.forgetChanged(ctx, keepChanged); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not forget old changes, trying again in an hour", "error", err)
		}
		if err := s.retire(ctx, c.Retention); err != nil && ctx.Err() == nil {
			d.Log.Warn("could not let go what was kept for its time, trying again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// join keeps counting fast, every few seconds.
func (s *Service) join(ctx context.Context, log *slog.Logger) error {
	ticker := time.NewTicker(joinInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := s.worker.joinTally(ctx); err != nil && ctx.Err() == nil {
			log.Warn("could not join counts, trying again", "error", err)
		}
	}
}

// watchClaims ends claims within a minute after their time.
func (s *Service) watchClaims(ctx context.Context, log *slog.Logger) error {
	ticker := time.NewTicker(claimsInterval)
	defer ticker.Stop()
	for {
		if err := s.releaseClaims(ctx); err != nil && ctx.Err() == nil {
			log.Warn("could not end claims that are over, trying again in a minute", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// watchTime does what becomes due, every few seconds: reminders, requests without
// news, and those that nobody answers.
func (s *Service) watchTime(ctx context.Context, log *slog.Logger) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	tasks := s.dueTasks()
	for {
		for _, task := range tasks {
			if err := task(ctx); err != nil && ctx.Err() == nil {
				log.Warn("could not do what became due, trying again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (s *Service) dueTasks() []func(context.Context) error {
	return []func(context.Context) error{s.askAgain, s.closeSilent, s.raise, s.tellDue, s.stuckTeller(), s.completeWaits}
}
