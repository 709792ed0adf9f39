// Package intake owns that a submission is never turned away because its
// service cannot be reached: it is passed on at once, or kept sealed in web's
// spool and passed on later under the same key. It never decides what is stored,
// and never deletes what was not acknowledged.
package intake

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/pkg/seal"
)

// callTime is how long a submission waits for its service before it is kept
// here: the person is waiting too.
const callTime = 3 * time.Second

// Intake takes requests and offers. It is safe for concurrent use.
type Intake struct {
	store     store
	bus       *bus.Bus
	keys      *seal.Keys
	reference *app.Reference
	now       func() time.Time
	log       *slog.Logger

	mu      sync.Mutex
	waiting int64 // rows in the spool, as far as this process knows
	inserts int   // by this process, so that an older count is not believed
}

// New returns an intake over the deps of web. Run passes on what waits.
func New(d app.Deps) *Intake {
	return &Intake{
		store: store{d.Worker}, bus: d.Bus, keys: d.Keys, reference: d.Reference, now: d.Clock,
		log: d.Log.With("part", "intake"),
		// Until the spool has been looked at it may hold something.
		waiting: 1,
	}
}

// SubmitRequest passes a request on. When its service cannot be reached it is
// kept and spooled is true: then the answer has the state submitted and the
// same id, code and lines as later. The same key and body give the same answer,
// another body under the key is a Conflict. Invalid lists every wrong field.
func (i *Intake) SubmitRequest(ctx context.Context, q contract.SubmitRequest) (answer contract.SubmittedRequest, spooled bool, err error) {
	return submit(ctx, i, requests, q)
}

// SubmitOffer passes an offer on, as SubmitRequest does a request.
func (i *Intake) SubmitOffer(ctx context.Context, q contract.SubmitOffer) (answer contract.SubmittedOffer, spooled bool, err error) {
	return submit(ctx, i, offers, q)
}

// Spooled is a submission that waits here.
type Spooled struct {
	ID      string
	Thing   contract.Thing
	Code    string
	TakenAt time.Time
	// Refused says that its service would not take it: a person must look.
	Refused bool
	// Draft is what a request says, for whoever opens it; nil of an offer, and of
	// what was looked for by its code.
	Draft *contract.RequestDraft
}

// Spooled returns a waiting submission with what it says; NotFound when there is none.
func (i *Intake) Spooled(ctx context.Context, id string) (Spooled, error) {
	row, err := i.store.selectSpooled(ctx, id)
	if err != nil {
		return Spooled{}, err
	}
	waiting := row.spooled()
	if waiting.Thing == contract.ThingRequest {
		_, q, err := open[contract.SubmitRequest](i.keys, row)
		if err != nil {
			return Spooled{}, err
		}
		waiting.Draft = &q.Draft
	}
	return waiting, nil
}

// FindSpooled returns a waiting submission by its code; NotFound when there is none.
func (i *Intake) FindSpooled(ctx context.Context, code string) (Spooled, error) {
	row, err := i.store.selectByCode(ctx, code)
	if err != nil {
		return Spooled{}, err
	}
	return row.spooled(), nil
}

// First returns the id under which a submission is really stored, when it had
// reached its service before its answer was lost; NotFound for every other id.
func (i *Intake) First(ctx context.Context, id string) (string, error) {
	return i.store.selectFirst(ctx, id)
}

// Waiting returns how many submissions wait here, as last counted.
func (i *Intake) Waiting() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.waiting
}

func submit[Q, R any](ctx context.Context, i *Intake, k kind[Q, R], q Q) (R, bool, error) {
	q = k.complete(q)
	head := k.head(q)
	if head.Key != "" && i.Waiting() > 0 {
		answer, err := recall(ctx, i, k, head)
		if !fault.Is(err, fault.NotFound) {
			return answer, err == nil, err
		}
	}
	answer, err := pass(ctx, i, k, q)
	if !fault.Is(err, fault.Unavailable) {
		return answer, false, err
	}
	if err := k.check(i.reference, q, contract.ActorFrom(ctx), i.now()); err != nil {
		return answer, false, err
	}
	answer, err = keep(ctx, i, k, q)
	return answer, err == nil, err
}

// pass hands a submission to its service.
func pass[Q, R any](ctx context.Context, i *Intake, k kind[Q, R], q Q) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return bus.Call(ctx, i.bus, k.endpoint, q)
}

// recall returns the answer to a submission that waits under the same key.
func recall[Q, R any](ctx context.Context, i *Intake, k kind[Q, R], head head) (R, error) {
	var none R
	row, err := i.store.selectByKey(ctx, head.rowKey())
	if err != nil {
		return none, err
	}
	if row.BodyHash != head.BodyHash || row.Thing != k.thing {
		return none, idempotency.ErrReused
	}
	_, q, err := open[Q](i.keys, row)
	if err != nil {
		return none, err
	}
	return k.answer(q), nil
}

// keep stores a submission, also when the person's connection breaks meanwhile.
// The row is committed before the answer is given.
func keep[Q, R any](ctx context.Context, i *Intake, k kind[Q, R], q Q) (R, error) {
	var none R
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	head := k.head(q)
	row, err := seals(i.keys, k.thing, head, contract.ActorFrom(ctx), q, i.now())
	if err != nil {
		return none, err
	}
	inserted, err := i.store.insertSpooled(ctx, row)
	if err != nil {
		return none, err
	}
	if !inserted {
		return recall(ctx, i, k, head)
	}
	i.mu.Lock()
	i.waiting, i.inserts = i.waiting+1, i.inserts+1
	i.mu.Unlock()
	return k.answer(q), nil
}

// CheckRequest returns an Invalid fault with what is wrong in a request,
// without passing it on: for forms that cannot be read as a whole.
func (i *Intake) CheckRequest(ctx context.Context, q contract.SubmitRequest) error {
	return checkRequest(i.reference, q, contract.ActorFrom(ctx), i.now())
}

// CheckOffer is CheckRequest for an offer.
func (i *Intake) CheckOffer(ctx context.Context, q contract.SubmitOffer) error {
	return checkOffer(i.reference, q, contract.ActorFrom(ctx), i.now())
}
