package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"heli/pkg/fault"
)

// listenBuffer is how many broadcasts may wait for a listener; more are dropped.
const listenBuffer = 4096

// Broadcast tells everybody who listens right now, as JSON. It is best effort:
// nobody may listen, and what cannot be sent is Unavailable and not kept, so a
// caller may ignore the error.
func (b *Bus) Broadcast(subject string, v any) error {
	data, err := encode(v)
	if err != nil {
		return fault.As(err)
	}
	if err := b.nc.Publish(subject, data); err != nil {
		return ours(fmt.Errorf("broadcast %s: %w", subject, err))
	}
	return nil
}

// Listen calls hear for every message on the pattern, one after another, until
// ctx ends; then it returns nil, and hear is not called any more. Messages sent
// while the connection is down or the listener is far behind are lost: a
// listener also reads the truth from time to time.
func (b *Bus) Listen(ctx context.Context, pattern string, hear func(subject string, data []byte)) error {
	messages := make(chan *nats.Msg, listenBuffer)
	sub, err := b.nc.ChanSubscribe(pattern, messages)
	if err != nil {
		return ours(fmt.Errorf("listen to %s: %w", pattern, err))
	}
	defer func() {
		if err := sub.Unsubscribe(); err != nil && !b.nc.IsClosed() {
			b.log.Warn("could not stop listening", "subject", pattern, "error", err)
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.closed:
			return fault.NewUnavailable(nats.ErrConnectionClosed)
		case msg := <-messages:
			b.hear(msg, hear)
		}
	}
}

// hear keeps a listener's panic from ending the listening.
func (b *Bus) hear(msg *nats.Msg, hear func(string, []byte)) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("a listener failed", failureAttrs(context.Background(), msg.Subject, newPanic(p))...)
		}
	}()
	hear(msg.Subject, msg.Data)
}
