package notify

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/inbox"
	"heli/pkg/letter"
)

// answer registers every call that the service answers.
func (s *Service) answer(server *bus.Server) error {
	for _, register := range []func() error{
		func() error { return bus.Handle(server, contract.NotifyRegister, s.Register) },
		func() error { return bus.Handle(server, contract.NotifyWebhook, s.Webhook) },
		func() error { return bus.Handle(server, contract.NotifyWebhooks, s.Webhooks) },
		func() error { return bus.Handle(server, contract.NotifyRemove, s.Remove) },
		func() error { return bus.Handle(server, contract.NotifyEdit, s.Edit) },
		func() error { return bus.Handle(server, contract.NotifySchedule, s.Schedule) },
		func() error { return bus.Handle(server, contract.NotifyRotate, s.Rotate) },
		func() error { return bus.Handle(server, contract.NotifyTest, s.Test) },
		func() error { return bus.Handle(server, contract.NotifyDeliveries, s.Deliveries) },
		func() error { return bus.Handle(server, contract.NotifyReplay, s.Replay) },
		func() error { return bus.Handle(server, contract.NotifyEvents, s.Events) },
		func() error { return bus.Handle(server, contract.NotifyMessages, s.Messages) },
		func() error { return bus.Handle(server, contract.NotifyChannels, s.Channels) },
		func() error { return bus.Handle(server, contract.NotifyOwn, s.Own) },
		func() error { return bus.Handle(server, contract.NotifyBounce, s.Bounce) },
		func() error { return letter.Answer(server, s.letters()) },
	} {
		if err := register(); err != nil {
			return fmt.Errorf("register endpoint: %w", err)
		}
	}
	return nil
}

// Hear puts facts into the feed and makes each due for every active endpoint of
// an organisation that may see it, and the messages to people that follow, in one
// transaction. What was to be said to a person who was erased is forgotten.
func (s *Service) Hear(ctx context.Context, events []contract.Event, once inbox.Once) error {
	due := false
	err := once(func(tx *sqlx.Tx, fresh []contract.Event) error {
		rows := make([]eventRow, len(fresh))
		for i, e := range fresh {
			var err error
			if rows[i], err = factRow(e, s.publicURL, s.now()); err != nil {
				return err
			}
		}
		wanted, err := s.store.insertEvents(ctx, tx, rows...)
		if err != nil {
			return err
		}
		wanted = forPeople(wanted, fresh)
		due = len(wanted) > 0
		if _, err = s.store.insertDeliveries(ctx, tx, s.now(), wanted...); err != nil {
			return err
		}
		return s.hearMessages(ctx, tx, fresh)
	})
	if err != nil {
		return err
	}
	wake(s.messages.woken)
	if due {
		wake(s.webhooks.woken)
	}
	return nil
}

// spoken are the things that robots have words for: what is asked of a helper, or a
// moment at which somebody looks again, is no news for a group.
var spoken = []contract.Thing{contract.ThingRequest, contract.ThingOffer, contract.ThingMatch, contract.ThingAppointment}

// forPeople marks what robots tell at once, and takes from them what they have no words
// for, or what says the same again of the same thing: a new version of it need not be a
// new state.
func forPeople(all []wanted, fresh []contract.Event) []wanted {
	said, critical, again, worded := map[string]bool{}, map[contract.EventID]bool{}, map[contract.EventID]bool{}, map[contract.EventID]bool{}
	for _, e := range fresh {
		worded[e.ID] = slices.Contains(spoken, e.Thing)
		state := string(e.Thing) + e.AggregateID + " " + e.State
		critical[e.ID], again[e.ID] = breaksThrough(e), said[state]
		said[state] = true
	}
	kept := all[:0]
	for _, w := range all {
		if w.Critical = critical[w.EventID]; !w.Kind.Robot() || worded[w.EventID] && !again[w.EventID] {
			kept = append(kept, w)
		}
	}
	return kept
}

// letters says how what was put aside here is handled again.
func (s *Service) letters() letter.Desk {
	return letter.Desk{
		Service: "notify", DB: s.worker.db, Bus: s.bus,
		Handlers: map[string]inbox.Handler{contract.NotifyHearsAll.Name: s.Hear},
	}
}
