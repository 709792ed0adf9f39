package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Receipt is what became of one fact: its sequence in the stream, or an error.
type Receipt struct {
	Seq uint64
	Err error
}

// Fact is an event in the form in which it crosses the bus, as EncodeFact makes
// it: who keeps events in that form publishes them as they are.
type Fact struct {
	ID      contract.EventID
	Subject string
	Data    []byte
}

// EncodeFact returns an event as a fact; one that is too large for the bus is
// Invalid.
func EncodeFact(e contract.Event) (Fact, error) {
	data, err := encode(e)
	return Fact{e.ID, e.Subject(), data}, err
}

// Publish stores a fact in the stream and returns its sequence there. The
// message id is the event's, so that a repeat within two minutes is stored once
// and returns the first sequence. Every error is a fault.
func (b *Bus) Publish(ctx context.Context, event contract.Event) (uint64, error) {
	fact, err := EncodeFact(event)
	if err != nil {
		return 0, fault.As(err)
	}
	receipt := b.PublishBatch(ctx, []Fact{fact})[0]
	return receipt.Seq, receipt.Err
}

// PublishBatch stores facts in their order without waiting for one before it
// sends the next, and returns a receipt for each, in the same order. It is over
// when all are acknowledged, refused, or the connection, the context or five
// seconds end; the unfinished are Unavailable then, and may be repeated.
func (b *Bus) PublishBatch(ctx context.Context, facts []Fact) []Receipt {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	defer context.AfterFunc(b.link.current(), cancel)()
	receipts := make([]Receipt, len(facts))
	futures := make([]jetstream.PubAckFuture, len(facts))
	for i, fact := range facts {
		futures[i], receipts[i].Err = b.publishAsync(ctx, fact)
	}
	for i, future := range futures {
		if future != nil {
			receipts[i] = await(ctx, future)
		}
	}
	return receipts
}

func (b *Bus) publishAsync(ctx context.Context, fact Fact) (jetstream.PubAckFuture, error) {
	if !b.nc.IsConnected() {
		return nil, fault.NewUnavailable(nats.ErrDisconnected)
	}
	if ctx.Err() != nil {
		return nil, fault.NewUnavailable(ctx.Err())
	}
	if len(fact.Data) > MaxPayloadBytes {
		return nil, tooLarge()
	}
	msg := &nats.Msg{Subject: fact.Subject, Data: fact.Data, Header: nats.Header{}}
	injectTrace(ctx, msg.Header)
	future, err := b.js.PublishMsgAsync(msg,
		jetstream.WithMsgID(string(fact.ID)), jetstream.WithExpectStream(contract.StreamName))
	if err != nil {
		return nil, ours(fmt.Errorf("publish event: %w", err))
	}
	return future, nil
}

func await(ctx context.Context, future jetstream.PubAckFuture) Receipt {
	select {
	case ack := <-future.Ok():
		return Receipt{Seq: ack.Sequence}
	case err := <-future.Err():
		return Receipt{Err: fault.NewUnavailable(fmt.Errorf("publish event: %w", err))}
	case <-ctx.Done():
		return Receipt{Err: fault.NewUnavailable(fmt.Errorf("publish event: %w", ctx.Err()))}
	}
}

// StreamState tells one life of the stream from the next.
type StreamState struct {
	Created time.Time
	LastSeq uint64
}

// StreamState returns when the stream was created and its last sequence.
// NotFound means that there is none now.
func (b *Bus) StreamState(ctx context.Context) (StreamState, error) {
	if !b.nc.IsConnected() {
		return StreamState{}, fault.NewUnavailable(nats.ErrDisconnected)
	}
	stream, err := b.js.Stream(ctx, contract.StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return StreamState{}, fault.NewNotFound("stream").Because(err)
	}
	if err != nil {
		return StreamState{}, fault.NewUnavailable(fmt.Errorf("look up stream: %w", err))
	}
	info := stream.CachedInfo()
	return StreamState{Created: info.Created, LastSeq: info.State.LastSeq}, nil
}
