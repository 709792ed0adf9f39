package notify

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/idempotency"
	"heli/pkg/inbox"
)

const (
	buryInterval  = time.Minute
	purgeInterval = time.Hour
	// keptLog is how long finished deliveries and the feed can be looked at.
	keptLog = 30 * 24 * time.Hour
)

// Config is what an operator decides about webhooks and messages.
type Config struct {
	WebhookAllow  []netip.Prefix `name:"webhook-allow" env:"HELI_WEBHOOK_ALLOW" placeholder:"CIDR" help:"Lets webhooks reach these addresses, over plain HTTP too: for development. Repeatable."`
	PublicURL     string         `name:"public-url" env:"HELI_PUBLIC_URL" placeholder:"URL" help:"Where Heli is reached from outside: links in events begin with it."`
	MessageConfig `embed:""`
	// ClockSpeed lets the service's time run so many times faster, so that the
	// schedule of tries can be measured; 0 is 1.
	ClockSpeed float64 `kong:"-"`
}

// Run answers calls, hears every fact, delivers webhooks and messages of robots
// and numbers the feed
// until ctx ends; then it finishes what is on its way and returns nil. Several
// processes share the work.
func Run(ctx context.Context, d app.Deps, c Config) error {
	s, err := New(d, c)
	if err != nil {
		return err
	}
	return s.run(ctx, d)
}

func (s *Service) run(ctx context.Context, d app.Deps) error {
	server, err := bus.NewServer(d.Bus, d.Name)
	if err != nil {
		return fmt.Errorf("make server: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.webhooks.run(ctx, s, deliverInterval) })
	group.Go(func() error { return s.messages.run(ctx, s, messageInterval) })
	group.Go(func() error { return s.number(ctx) })
	group.Go(func() error { return s.sumUp(ctx) })
	group.Go(func() error { return s.keep(ctx) })
	group.Go(func() error {
		return inbox.Run(ctx, d.Worker, d.Bus, contract.NotifyHearsAll, s.Hear, inbox.WithLog(d.Log))
	})
	group.Go(func() error {
		defer server.Stop()
		if err := s.answer(server); err != nil {
			return err
		}
		d.Ready()
		<-ctx.Done()
		return nil
	})
	return group.Wait()
}

// keep buries what a dying process left behind, and forgets what is old.
func (s *Service) keep(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return s.repeat(ctx, "bury deliveries", buryInterval, nil, func(ctx context.Context) (bool, error) {
			return false, s.worker.buryDeliveries(ctx, s.worker.db, s.now())
		})
	})
	group.Go(func() error {
		return s.repeat(ctx, "purge the log", purgeInterval, nil, func(ctx context.Context) (bool, error) {
			if _, err := idempotency.Purge(ctx, s.worker.db, s.now()); err != nil {
				return false, err
			}
			return false, s.worker.purge(ctx, s.now().Add(-keptLog))
		})
	})
	return group.Wait()
}

// repeat works at once, at every interval and whenever it is woken, and again
// without a pause while there is more, until ctx ends; then it returns nil. A
// failure is logged when it begins, not each time.
func (s *Service) repeat(ctx context.Context, what string, interval time.Duration, woken <-chan struct{}, work func(context.Context) (more bool, err error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	failing := false
	for ctx.Err() == nil {
		more, err := work(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.Warn("cannot "+what+", trying again", "error", err)
		}
		if failing = err != nil; more && !failing {
			continue
		}
		select {
		case <-ctx.Done():
		case <-woken:
		case <-ticker.C:
		}
	}
	return nil
}

// wake makes a loop look again; many wakes may count as one.
func wake(loop chan struct{}) {
	select {
	case loop <- struct{}{}:
	default:
	}
}
