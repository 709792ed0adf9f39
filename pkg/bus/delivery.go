package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Reasons for which a message is put aside.
const (
	ReasonUndecodable    = "undecodable"
	ReasonUnknownVersion = "unknown_version"
	ReasonPanic          = "panic"
	// ReasonTooManyTries is followed by the kind and code of the last failure.
	ReasonTooManyTries = "too_many_tries"
)

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
	// lastRetryUnavailable is shorter: what is down for all comes back for all,
	// and the backlog must drain soon after.
	lastRetryUnavailable = 5 * time.Second
	buryTime             = 5 * time.Second
)

// DeadLetter is a message that was put aside.
type DeadLetter struct {
	Consumer string
	// EventID is the message's id; it may be empty or false for a message
	// that cannot be decoded.
	EventID contract.EventID
	Subject string
	// Payload is the message as it came, not necessarily JSON.
	Payload []byte
	// Reason is one of the Reason constants, with a fault's kind and code at
	// most; it holds no text of the message.
	Reason string
	Tries  int
}

// received is a message and the fact that it holds.
type received struct {
	msg   jetstream.Msg
	event contract.Event
}

// deliver handles messages to their end: each acknowledged, put aside or given
// back.
func (k *consumption) deliver(batch []jetstream.Msg) {
	readable := make([]received, 0, len(batch))
	for _, msg := range batch {
		event, reason, err := decodeEvent(msg.Data())
		if err != nil {
			k.settle(k.work, msg, reason, err)
			continue
		}
		readable = append(readable, received{msg, event})
	}
	if len(readable) == 0 || k.deliverTogether(readable) || len(readable) == 1 {
		return
	}
	for n := range readable {
		for _, waiting := range readable[n:] {
			k.prolong(waiting.msg)
		}
		k.deliverTogether(readable[n : n+1])
	}
}

// deliverTogether hands facts to the handler in one call and settles them,
// unless it failed for several at once for a reason that may be one's own: then
// it reports false, and each is to be tried alone.
func (k *consumption) deliverTogether(batch []received) bool {
	start := time.Now()
	ctx, cancel := context.WithTimeout(k.work, deliveryTime)
	defer cancel()
	ctx, span := k.trace(ctx, batch)
	defer span.End()
	reason, err := k.handle(contract.WithActor(ctx, contract.System()), batch)
	k.bus.finish(span, "consume", k.consumer.Name, start, err)
	if err != nil && len(batch) > 1 && !fault.Is(err, fault.Unavailable) {
		return false
	}
	for _, r := range batch {
		k.settle(ctx, r.msg, reason, err)
	}
	return true
}

// trace begins a span: as part of the trace of a fact that came alone, linked to
// the traces of several.
func (k *consumption) trace(ctx context.Context, batch []received) (context.Context, trace.Span) {
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}
	if len(batch) == 1 {
		ctx = extractTrace(ctx, batch[0].msg.Headers())
		return k.bus.tracer.Start(ctx, "consume "+k.consumer.Name, options...)
	}
	for _, r := range batch {
		if from := trace.SpanContextFromContext(extractTrace(ctx, r.msg.Headers())); from.IsValid() {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: from}))
		}
	}
	return k.bus.tracer.Start(ctx, "consume "+k.consumer.Name, options...)
}

// prolong keeps the server from giving the message away while others are
// handled before it.
func (k *consumption) prolong(msg jetstream.Msg) {
	if err := msg.InProgress(); err != nil {
		k.log.Debug("could not prolong the time of a fact", "error", err)
	}
}

// decodeEvent returns the fact, or why it can never be handled.
func decodeEvent(data []byte) (contract.Event, string, error) {
	var event contract.Event
	if err := json.Unmarshal(data, &event); err != nil {
		return event, ReasonUndecodable, fmt.Errorf("decode event: %w", withoutInput(err))
	}
	if event.SchemaVersion != contract.EventVersion {
		return event, ReasonUnknownVersion, fmt.Errorf("decode event: version %d is not %d", event.SchemaVersion, contract.EventVersion)
	}
	return event, "", nil
}

// withoutInput keeps the kind of a decoding error and drops its text, which may
// quote the message.
func withoutInput(err error) error { return fmt.Errorf("%T", err) }

// handle runs the handler; the reason is set when trying again is useless.
func (k *consumption) handle(ctx context.Context, batch []received) (reason string, err error) {
	defer func() {
		if p := recover(); p != nil {
			reason, err = ReasonPanic, newPanic(p)
		}
	}()
	events := make([]contract.Event, len(batch))
	for n, r := range batch {
		events[n] = r.event
	}
	err = k.handler.Handle(ctx, events)
	// A handler that used up its own time speaks against the fact; one that
	// was cut off by a stop, or waited for somebody else, does not.
	if usedUp := ctx.Err() != nil && k.work.Err() == nil; isContextEnd(err) && !usedUp {
		err = fault.NewUnavailable(err)
	}
	return "", err
}

// settle tells the server what became of the message. When that fails, the
// server delivers it again: the inbox of the consumer makes it harmless.
func (k *consumption) settle(ctx context.Context, msg jetstream.Msg, reason string, err error) {
	seq, delivered := position(msg)
	if err == nil {
		k.failures.forget(seq)
		k.acknowledge(msg)
		return
	}
	f := fault.As(err)
	tries := k.failures.note(seq, f.Kind)
	if reason == "" && f.Kind != fault.Unavailable && tries >= MaxTries {
		reason = ReasonTooManyTries + ": " + string(f.Kind) + " " + f.Code
	}
	if reason == "" {
		k.log.Warn("a fact will be tried again", append(failureAttrs(ctx, msg.Subject(), err), "tries", tries)...)
		k.retry(msg, retryDelay(k.handler.FirstRetry, delivered, f.Kind))
		return
	}
	k.log.Error("a fact is put aside", append(failureAttrs(ctx, msg.Subject(), err), "tries", tries, "reason", reason)...)
	letter := DeadLetter{
		Consumer: k.consumer.Name, EventID: contract.EventID(msg.Headers().Get(nats.MsgIdHdr)),
		Subject: msg.Subject(), Payload: msg.Data(), Reason: reason, Tries: tries,
	}
	k.bury(ctx, msg, letter, retryDelay(k.handler.FirstRetry, delivered, fault.Unavailable))
}

// bury keeps the dead letter before the server may forget the message.
func (k *consumption) bury(ctx context.Context, msg jetstream.Msg, letter DeadLetter, delay time.Duration) {
	if err := k.keepDead(ctx, letter); err != nil {
		k.log.Error("could not keep a dead letter", failureAttrs(ctx, msg.Subject(), err)...)
		k.retry(msg, delay)
		return
	}
	seq, _ := position(msg)
	k.failures.forget(seq)
	if err := msg.TermWithReason(letter.Reason); err != nil {
		k.log.Warn("could not end a fact that was put aside", "error", err)
	}
}

// keepDead has time of its own: the handler may have used up the message's.
func (k *consumption) keepDead(ctx context.Context, letter DeadLetter) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buryTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = newPanic(p)
		}
	}()
	return k.handler.Dead(ctx, letter)
}

func (k *consumption) acknowledge(msg jetstream.Msg) {
	if err := msg.Ack(); err != nil {
		k.log.Warn("could not acknowledge a fact, it will come again", "error", err)
	}
}

func (k *consumption) retry(msg jetstream.Msg, delay time.Duration) {
	if err := msg.NakWithDelay(delay); err != nil && !errors.Is(err, nats.ErrReconnectBufExceeded) {
		k.log.Warn("could not give a fact back", "error", err)
	}
}

// position returns the message's sequence in the stream and how often it was
// delivered.
func position(msg jetstream.Msg) (seq uint64, delivered int) {
	meta, err := msg.Metadata()
	if err != nil {
		return 0, 1
	}
	return meta.Sequence.Stream, int(min(meta.NumDelivered, 64))
}

// retryDelay doubles with every delivery up to a limit; half of it is random,
// so that what failed together does not come back together.
func retryDelay(first time.Duration, delivered int, kind fault.Kind) time.Duration {
	limit := lastRetry
	if kind == fault.Unavailable {
		limit = lastRetryUnavailable
	}
	delay := first << min(max(delivered-1, 0), 16)
	delay = min(delay, limit)
	return delay/2 + rand.N(delay/2+1) //nolint:gosec // jitter is no secret
}

// failures counts, per message, the failures that speak against it. The
// server's own count would also hold deliveries during an outage, which say
// nothing about the message.
type failures struct {
	mu    sync.Mutex
	count map[uint64]int
}

func (f *failures) note(seq uint64, kind fault.Kind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kind == fault.Unavailable {
		return f.count[seq]
	}
	if len(f.count) >= maxAckPending {
		clear(f.count) // most were settled by another instance since
	}
	f.count[seq]++
	return f.count[seq]
}

// reset forgets everything: a new stream counts its sequence from one again.
func (f *failures) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.count)
}

func (f *failures) forget(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.count, seq)
}
