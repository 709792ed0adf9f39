package intake

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const (
	drainInterval = 500 * time.Millisecond
	drainBatch    = 64
	drainCallers  = 8
	// longestGap is the longest between two tries of one row.
	longestGap = 10 * time.Second
	// aliasKept is how long an id that was given out leads to the first one.
	aliasKept = 90 * 24 * time.Hour
	// RefusedKept is how long a submission that its service refused for good stays
	// for people to look at: it holds a contact, and there is nothing to end it.
	RefusedKept = 30 * 24 * time.Hour
)

// Run passes on what waits until ctx ends; what is under way is finished.
func (i *Intake) Run(ctx context.Context) error {
	ticker := time.NewTicker(drainInterval)
	defer ticker.Stop()
	failing := false
	for {
		err := i.drain(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			i.log.WarnContext(ctx, "could not read the spool, trying again", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// drain counts what waits and passes on what is due. While the bus is away it
// takes nothing, so that no time is lost to longer gaps.
func (i *Intake) drain(ctx context.Context) error {
	if err := i.count(ctx); err != nil {
		return err
	}
	for i.Waiting() > 0 && i.bus.Connected() && ctx.Err() == nil {
		rows, err := i.store.takeDue(ctx, i.now(), drainBatch, longestGap)
		if err != nil {
			return err
		}
		if err := i.passAll(ctx, rows); err != nil {
			return err
		}
		if len(rows) < drainBatch {
			break
		}
	}
	return i.count(ctx)
}

func (i *Intake) count(ctx context.Context) error {
	i.mu.Lock()
	inserts := i.inserts
	i.mu.Unlock()
	n, err := i.store.countSpooled(ctx)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.inserts == inserts {
		i.waiting = n
	}
	return nil
}

func (i *Intake) passAll(ctx context.Context, rows []row) error {
	var group errgroup.Group
	group.SetLimit(drainCallers)
	for _, r := range rows {
		group.Go(func() error {
			if r.Thing == contract.ThingOffer {
				return passOn(context.WithoutCancel(ctx), i, offers, r)
			}
			return passOn(context.WithoutCancel(ctx), i, requests, r)
		})
	}
	return group.Wait()
}

// passOn hands one row to its service and deletes it after the acknowledgement.
// What the service refuses for good stays, marked, for people to look at.
func passOn[Q, R any](ctx context.Context, i *Intake, k kind[Q, R], r row) error {
	actor, q, err := open[Q](i.keys, r)
	if err != nil {
		i.log.ErrorContext(ctx, "cannot open a waiting submission", "id", r.ID, "error", err)
		return i.store.refuseSpooled(ctx, r.ID, "unreadable")
	}
	answer, err := pass(contract.WithActor(ctx, actor), i, k, q)
	switch {
	case err == nil:
		return i.store.deleteSpooled(ctx, r.ID, k.id(answer), i.now())
	case final(err):
		i.log.ErrorContext(ctx, "a waiting submission was refused", "id", r.ID, "thing", r.Thing, "code", fault.As(err).Code)
		return i.store.refuseSpooled(ctx, r.ID, fault.As(err).Code)
	case !fault.Is(err, fault.Unavailable):
		i.log.WarnContext(ctx, "a waiting submission failed, trying again", "id", r.ID, "error", err)
	}
	return nil
}

// final reports whether a repeat would fail in the same way.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Forbidden:
		return true
	default:
		return false
	}
}

// Purge forgets ids that lead to others after a long time, and what was refused
// for good and nobody needs any more. What still waits is never touched.
func (i *Intake) Purge(ctx context.Context) error {
	if err := i.store.purge(ctx, purgeRefusedSQL, i.now().Add(-RefusedKept)); err != nil {
		return err
	}
	return i.store.purge(ctx, purgeAliasesSQL, i.now().Add(-aliasKept))
}
