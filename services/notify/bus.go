package notify

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/inbox"
)

// answer registers every call that the service answers.
func (s *Service) answer(server *bus.Server) error {
	for _, register := range []func() error{
		func() error { return bus.Handle(server, contract.NotifyRegister, s.Register) },
		func() error { return bus.Handle(server, contract.NotifyWebhook, s.Webhook) },
		func() error { return bus.Handle(server, contract.NotifyWebhooks, s.Webhooks) },
		func() error { return bus.Handle(server, contract.NotifyRemove, s.Remove) },
		func() error { return bus.Handle(server, contract.NotifyRotate, s.Rotate) },
		func() error { return bus.Handle(server, contract.NotifyTest, s.Test) },
		func() error { return bus.Handle(server, contract.NotifyDeliveries, s.Deliveries) },
		func() error { return bus.Handle(server, contract.NotifyReplay, s.Replay) },
		func() error { return bus.Handle(server, contract.NotifyEvents, s.Events) },
	} {
		if err := register(); err != nil {
			return fmt.Errorf("register endpoint: %w", err)
		}
	}
	return nil
}

// Hear puts a fact into the feed and makes it due for every active endpoint of
// an organisation that may see it, in one transaction.
func (s *Service) Hear(ctx context.Context, e contract.Event, once inbox.Once) error {
	row, err := factRow(e, s.publicURL, s.now())
	if err != nil {
		return err
	}
	var due []contract.DeliveryID
	err = once(func(tx *sqlx.Tx) error {
		if err := s.store.insertEvent(ctx, tx, row); err != nil {
			return err
		}
		endpoints, err := s.store.matchingEndpoints(ctx, tx, row.Sight, patternsOf(e))
		if err != nil {
			return err
		}
		due, err = s.store.insertDeliveries(ctx, tx, row, endpoints...)
		return err
	})
	if err != nil {
		return err
	}
	if len(due) > 0 {
		wake(s.deliverWake)
	}
	return nil
}
