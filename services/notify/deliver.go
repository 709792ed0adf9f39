package notify

import (
	"context"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
)

const (
	// perEndpoint is how many deliveries may be on their way to one endpoint at
	// once, counted in the database over all processes.
	perEndpoint = 4
	// maxInFlight bounds the attempts of one process: 128 endpoints that hang
	// with all they may have.
	maxInFlight = 128 * perEndpoint
	// leaseTime is longer than an attempt with its bookkeeping can take.
	leaseTime = time.Minute
	// stopGrace is how long attempts may go on when the process stops.
	stopGrace = 5 * time.Second
	bookTime  = 5 * time.Second

	deliverInterval = 500 * time.Millisecond
)

// takeWebhooks takes deliveries for as many endpoints as there is room for.
func (s *Service) takeWebhooks(ctx context.Context, inFlight int) ([]task, error) {
	room := (maxInFlight - inFlight) / perEndpoint
	if room <= 0 {
		return nil, nil
	}
	now := s.now()
	return s.worker.takeDeliveries(ctx, now, now.Add(s.tuning.lease), room)
}

// send makes one attempt and books what came of it. When that fails the lease
// runs out and the delivery is sent again, under the same webhook id.
func (s *Service) send(ctx context.Context, t task) {
	r := s.attempt(ctx, t)
	interrupted := ctx.Err() != nil && r.reason != ""
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookTime)
	defer cancel()
	var err error
	if interrupted {
		err = s.worker.releaseDelivery(ctx, t)
	} else {
		err = s.book(ctx, t, r)
	}
	if err != nil {
		s.log.Warn("cannot book a webhook attempt, it will be repeated", "delivery", t.ID, "error", err)
	}
}

// book writes an attempt and what follows from it for delivery and endpoint.
func (s *Service) book(ctx context.Context, t task, r result) error {
	now, jitter := s.now(), s.tuning.jitter()
	var before, after endpointRecord
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		e, err := s.store.lockEndpoint(ctx, tx, t.EndpointID)
		if err != nil {
			return err
		}
		v := judge(try{kind: t.Type, tries: t.Tries, pace: vendors[t.Kind].pace}, r, e.health, now, jitter)
		before, after = e, e
		if after.health = v.endpoint; after.State != e.State {
			after.Version++
		}
		if err := s.store.updateDelivery(ctx, tx, t, v); err != nil {
			return err
		}
		if err := s.store.insertAttempt(ctx, tx, t, now, r); err != nil {
			return err
		}
		return s.bookEndpoint(ctx, tx, before, after, now)
	})
	if err != nil {
		return err
	}
	s.count(r)
	if before.State != after.State {
		s.log.Warn("webhook endpoint changed its state", "endpoint", t.EndpointID, "state", after.State, "reason", after.Reason)
	}
	return nil
}

// bookEndpoint writes an endpoint's health where an attempt changed it. What
// waits for an endpoint that was disabled ends with it, and its managers hear of it.
func (s *Service) bookEndpoint(ctx context.Context, tx *sqlx.Tx, before, after endpointRecord, now time.Time) error {
	if before.State == after.State && after.FailingSince == before.FailingSince && after.SlowUntil == before.SlowUntil {
		return nil
	}
	if err := s.store.updateEndpoint(ctx, tx, after); err != nil {
		return err
	}
	if after.State == before.State || after.State != stateDisabled {
		return nil
	}
	if err := s.store.buryDeliveries(ctx, tx, now); err != nil {
		return err
	}
	return s.tellStaff(ctx, tx, kindDisabled, string(after.ID), after.OrgPath, strconv.FormatInt(after.Version, 10))
}
