package matcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/idempotency"
	"heli/pkg/inbox"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

const (
	expireEvery = 5 * time.Second  // holds end at most this late
	followEvery = time.Second      // what other instances changed
	followBack  = 10 * time.Second // and how far back each look reaches
	carryEvery  = time.Second      // what follows from complaints, until it is done
	sweepEvery  = time.Minute
	remindEvery = 20 * time.Second // what is told about appointments is at most so late
	expireBatch = 100
)

// Run runs the matcher until ctx ends.
func Run(ctx context.Context, d app.Deps) error {
	if _, err := d.Reference.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopped before it began
		}
		return fmt.Errorf("wait for reference data: %w", err)
	}
	fast := index.NewFast()
	s := New(d, fast)
	if err := s.worker.seedPolicy(ctx, rank.Default(), s.clock()); err != nil {
		return err
	}
	if err := s.refreshPolicies(ctx); err != nil {
		return err
	}
	if err := s.load(ctx); err != nil {
		return fmt.Errorf("load the index: %w", err)
	}
	if err := app.WatchOutbox(d.Registry, s.relay.Lag); err != nil {
		return fmt.Errorf("watch the outbox: %w", err)
	}
	server, err := bus.NewServer(d.Bus, d.Name)
	if err != nil {
		return fmt.Errorf("start answering: %w", err)
	}
	defer server.Stop()
	if err := s.handle(server); err != nil {
		return fmt.Errorf("answer calls: %w", err)
	}
	d.Ready()
	return s.work(ctx, d, fast)
}

// work runs everything that goes on in the background, until ctx ends.
func (s *Service) work(ctx context.Context, d app.Deps, fast *index.Fast) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return fast.Run(ctx) })
	group.Go(func() error { return s.relay.Run(ctx) })
	group.Go(func() error {
		return inbox.Run(ctx, d.Worker, d.Bus, contract.MatcherHearsRequest, s.hearRequests, inbox.WithConcurrency(4))
	})
	group.Go(func() error {
		return inbox.Run(ctx, d.Worker, d.Bus, contract.MatcherHearsOffer, s.hearOffers, inbox.WithConcurrency(4))
	})
	group.Go(func() error { return s.hearChanges(ctx) })
	group.Go(func() error { return s.refetch(ctx) })
	group.Go(func() error { return s.every(ctx, expireEvery, s.expireHolds) })
	group.Go(func() error { return s.every(ctx, remindEvery, s.remind) })
	group.Go(func() error { return s.every(ctx, followEvery, s.follow) })
	group.Go(func() error { return s.every(ctx, carryEvery, s.carryOut) })
	group.Go(func() error { return s.every(ctx, tendEvery, s.tendWaves) })
	group.Go(func() error { return s.every(ctx, sweepEvery, s.sweep) })
	return group.Wait()
}

// every runs a task at an interval until ctx ends. A failure is logged; the
// next turn tries again.
func (s *Service) every(ctx context.Context, interval time.Duration, task func(context.Context) error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := task(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "work of the matcher", "error", err)
		}
	}
}

// expireHolds ends the proposals whose time is over.
func (s *Service) expireHolds(ctx context.Context) error {
	ids, err := s.worker.overdueHolds(ctx, s.clock(), expireBatch)
	if err != nil {
		return err
	}
	var failed error
	for _, id := range ids {
		failed = errors.Join(failed, s.moveBySystem(ctx, id, "expire", "hold_expired"))
	}
	return failed
}

// follow reads again what any instance changed a moment ago, for broadcasts
// that were lost.
func (s *Service) follow(ctx context.Context) error {
	return s.followSince(ctx, s.clock().Add(-followBack))
}

func (s *Service) followSince(ctx context.Context, since time.Time) error {
	blocks, err := s.worker.blocksChanged(ctx, since)
	if err != nil {
		return err
	}
	if blocks {
		if err := s.reloadBlocks(ctx); err != nil {
			return err
		}
	}
	requests, offers, err := s.worker.changedSince(ctx, since)
	if err != nil {
		return err
	}
	return s.reload(ctx, s.board.outdated(requests, offers))
}

// sweep looks at what changes without an event: the policy, the calendar, and
// needs that two instances missed.
func (s *Service) sweep(ctx context.Context) error {
	if err := s.refreshPolicies(ctx); err != nil {
		return err
	}
	renewing, err := s.worker.renewingOffers(ctx, s.clock().AddDate(0, 0, -8))
	if err != nil {
		return err
	}
	if err := s.reload(ctx, changes{Offers: renewing}); err != nil {
		return err
	}
	if err := s.turnWeek(ctx); err != nil {
		return err
	}
	if err := s.proposeByThemselves(ctx, s.board.openRequests()); err != nil {
		return err
	}
	if err := s.part(ctx); err != nil {
		return err
	}
	if err := s.worker.note(ctx, unansweredSQL); err != nil {
		return err
	}
	if err := s.worker.purgePlans(ctx, s.clock()); err != nil {
		return err
	}
	_, err = idempotency.Purge(ctx, s.worker.db, s.clock())
	return err
}
