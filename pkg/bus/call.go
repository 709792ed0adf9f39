package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// DefaultTimeout is how long a call waits when its context sets no deadline.
const DefaultTimeout = 5 * time.Second

// Call asks an endpoint and returns its answer.
//
// Every error is a fault: the answerer's own, or Unavailable when nobody
// answers, the time is over or the connection is down; the last is known at
// once, and calls under way when it breaks end then. Unavailable does not say
// whether the other side acted, so commands carry a key and may be repeated.
// The actor and the trace of ctx travel along.
func Call[Q, R any](ctx context.Context, b *Bus, e contract.Endpoint[Q, R], question Q) (R, error) {
	var answer R
	data, err := encode(question)
	if err != nil {
		return answer, fault.As(err)
	}
	reply, err := b.call(ctx, e.Subject, data)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		return answer, fault.As(fmt.Errorf("decode answer of %s: %w", e.Subject, err))
	}
	return answer, nil
}

// call is Call without the types: one span and one observation around one
// round trip.
func (b *Bus) call(ctx context.Context, subject string, data []byte) ([]byte, error) {
	start := time.Now()
	ctx, span := b.tracer.Start(ctx, "call "+subject, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	reply, err := b.roundTrip(ctx, subject, data)
	if err == nil {
		err = answeredFault(reply)
	}
	b.finish(span, "call", subject, start, err)
	if err != nil {
		return nil, err
	}
	return reply.Data, nil
}

func (b *Bus) roundTrip(ctx context.Context, subject string, data []byte) (*nats.Msg, error) {
	if !b.nc.IsConnected() {
		return nil, fault.NewUnavailable(nats.ErrDisconnected)
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	link := b.link.current()
	defer context.AfterFunc(link, cancel)()
	msg, err := outgoing(ctx, subject, data)
	if err != nil {
		return nil, fault.As(err)
	}
	reply, err := b.nc.RequestMsgWithContext(ctx, msg)
	if err != nil && link.Err() != nil {
		return nil, fault.NewUnavailable(nats.ErrDisconnected)
	}
	return reply, ours(err)
}

func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, DefaultTimeout)
}

// finish closes the books on one call, answer or delivery. Only the kind goes
// into the span: error texts stay in logs.
func (b *Bus) finish(span trace.Span, side, subject string, start time.Time, err error) {
	kind := fault.KindOf(err)
	if kind == fault.Internal || kind == fault.Unavailable {
		span.SetStatus(codes.Error, string(kind))
	}
	b.observe(Observation{Side: side, Subject: subject, Kind: kind, Seconds: time.Since(start).Seconds()})
}
