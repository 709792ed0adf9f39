package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/contract"
	"heli/pkg/pace"
)

const (
	// MaxTries is how often a fact may fail before it is put aside. Failures
	// that are Unavailable do not count: they say nothing about the fact.
	MaxTries = 8

	// pauseEach and pauseMost are the time from one batch to the next, unless
	// it is full: from 500 facts a second on the longer one comes to rule.
	pauseEach      = 2 * time.Millisecond
	pauseMost      = 40 * time.Millisecond
	leastFetch     = 16
	fetchTime      = 10 * time.Second
	fetchHeartbeat = 2 * time.Second
	rebindWait     = 500 * time.Millisecond
	giveBackDelay  = 200 * time.Millisecond
	repairTime     = 3 * time.Second
	// deliveryTime ends a handler before the server gives its message away.
	deliveryTime = ackWait - 5*time.Second
)

// Handler is what a consumer does with facts.
type Handler struct {
	// Handle takes what arrived together, in the order of the stream: one fact
	// when little happens, up to Batch under load. Nil acknowledges all. When
	// it fails for several, it is called again for each alone, so that a
	// poisoned one harms no other. It may be called again for the same fact,
	// also at the same time in another instance.
	Handle func(ctx context.Context, events []contract.Event) error
	// Dead keeps a message that cannot be handled for people to look at. When
	// it fails, the message is delivered again.
	Dead func(ctx context.Context, letter DeadLetter) error
	// Batch is how many facts Handle takes at most; 0 means 1. A fact that comes
	// alone is handled at once; one that follows a batch waits a moment for
	// others, so that under load the cost of a batch is shared.
	Batch int
	// Concurrency is how many batches are handled at once; 0 means 1, in the
	// order of the stream except for those that failed before.
	Concurrency int
	// FirstRetry is the longest delay after a first failure; 0 means 100 ms.
	// It doubles with every delivery, up to 30 s.
	FirstRetry time.Duration
}

// Consume hands the facts of a durable consumer to the handler until ctx ends,
// then waits for the handlers that run and returns nil.
//
// A fact is acknowledged after Handle returned nil and delivered again, after a
// growing delay, when it failed; after MaxTries failures, or at once when it
// cannot be decoded, has an unknown version or makes the handler panic, it goes
// to Dead. Consume outlives lost connections and a deleted stream or durable,
// which it makes again if it may, else waits for.
func (b *Bus) Consume(ctx context.Context, c contract.Consumer, h Handler) error {
	k := newConsumption(ctx, b, c, h)
	defer k.close()
	waiting := false
	for ctx.Err() == nil {
		err := k.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !waiting {
			k.log.Warn("cannot hear facts, trying again", "error", err)
		}
		waiting = err != nil
		if missing(err) {
			k.failures.reset()
			k.repair(ctx)
		}
		pause(ctx, rebindWait)
	}
	return nil
}

// consumption is one run of Consume.
type consumption struct {
	bus      *Bus
	consumer contract.Consumer
	handler  Handler
	log      *slog.Logger
	slots    chan struct{}
	running  sync.WaitGroup
	failures failures
	pace     *pace.Pace
	// work is the context of the handlers: it outlives the consumer's own by a
	// grace, so that what has begun can end.
	work   context.Context
	cancel context.CancelFunc
	detach func() bool
}

func newConsumption(ctx context.Context, b *Bus, c contract.Consumer, h Handler) *consumption {
	if h.FirstRetry == 0 {
		h.FirstRetry = firstRetry
	}
	h.Batch, h.Concurrency = max(1, h.Batch), max(1, h.Concurrency)
	k := &consumption{
		bus: b, consumer: c, handler: h,
		log:      b.log.With("consumer", c.Name),
		slots:    make(chan struct{}, h.Concurrency),
		failures: failures{count: map[uint64]int{}},
		pace:     pace.New(pauseEach, pauseMost),
	}
	k.work, k.cancel = context.WithCancel(context.WithoutCancel(ctx))
	k.detach = context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, k.cancel) })
	return k
}

func (k *consumption) close() {
	k.running.Wait()
	k.detach()
	k.cancel()
}

// follow binds to the durable and handles what it gives, until something breaks.
func (k *consumption) follow(ctx context.Context) error {
	if !k.bus.nc.IsConnected() {
		return nats.ErrDisconnected
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(k.bus.link.current(), cancel)()
	source, err := k.bind(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := k.fetch(ctx, source); err != nil {
			return err
		}
	}
	return nil
}

func (k *consumption) bind(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, repairTime)
	defer cancel()
	source, err := k.bus.js.Consumer(ctx, contract.StreamName, k.consumer.Name)
	if err != nil {
		return nil, fmt.Errorf("bind to durable: %w", err)
	}
	return source, nil
}

// fetch handles what one pull brings; it asks for little more than it can handle
// at once, so that little waits here while another instance is idle.
func (k *consumption) fetch(ctx context.Context, source jetstream.Consumer) error {
	pull, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	// What is on its way here when the end comes is still received, to be given
	// back: else the server would wait for it until it believes us dead.
	defer context.AfterFunc(ctx, func() { time.AfterFunc(giveBackDelay/2, cancel) })()
	size := max(k.handler.Concurrency*k.handler.Batch, leastFetch)
	pulled, err := source.Fetch(size, jetstream.FetchContext(pull), jetstream.FetchHeartbeat(fetchHeartbeat))
	if err != nil {
		return fmt.Errorf("fetch facts: %w", err)
	}
	for msg := range pulled.Messages() {
		k.start(ctx, msg, pulled.Messages())
	}
	err = pulled.Error()
	if err == nil || isContextEnd(err) {
		return nil
	}
	return fmt.Errorf("fetch facts: %w", err)
}

// start handles a message and what came with it in a slot of their own, or gives
// it back when the end comes before a slot is free.
func (k *consumption) start(ctx context.Context, first jetstream.Msg, more <-chan jetstream.Msg) {
	if ctx.Err() != nil {
		k.giveBack(first)
		return
	}
	select {
	case <-ctx.Done():
		k.giveBack(first)
	case k.slots <- struct{}{}:
		batch := pace.Gather(k.pace, first, more, k.handler.Batch)
		k.running.Go(func() {
			defer func() { <-k.slots }()
			k.deliver(batch)
		})
	}
}

// giveBack lets another instance have what this one fetched but never began,
// after a moment in which the server hears that this one fetches no more.
func (k *consumption) giveBack(msg jetstream.Msg) {
	if err := msg.NakWithDelay(giveBackDelay); err != nil && k.bus.nc.IsConnected() {
		k.log.Warn("could not give a fact back", "error", err)
	}
}

// missing reports whether the stream or the durable is gone, or may be.
func missing(err error) bool {
	return errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) ||
		errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, nats.ErrNoResponders)
}

// repair makes the stream and the durables again if this connection may.
func (k *consumption) repair(ctx context.Context) {
	if err := k.bus.administer(ctx); err != nil && ctx.Err() == nil {
		k.log.Warn("could not make the stream and its durables", "error", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
