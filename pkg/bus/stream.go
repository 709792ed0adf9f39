package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/contract"
)

const (
	streamMaxAge    = 7 * 24 * time.Hour
	duplicateWindow = 2 * time.Minute
	// ackWait is how long the server waits before it gives a message to
	// somebody else; handlers are cut off before.
	ackWait       = 15 * time.Second
	maxAckPending = 4096
	keepInterval  = 5 * time.Second
)

// EnsureStream makes the stream of facts and every durable of
// contract.Consumers, or brings those that exist to their configuration; what
// an operator set besides, such as replicas, stays. It is idempotent and may run
// in several processes at once. The connection must be an administrator's:
// without the rights it fails when ctx ends, after five seconds if ctx sets no
// deadline.
func EnsureStream(ctx context.Context, nc *nats.Conn) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	if err := ensureStream(ctx, js); err != nil {
		return fmt.Errorf("ensure stream %s: %w", contract.StreamName, err)
	}
	for _, consumer := range contract.Consumers() {
		if err := ensureDurable(ctx, js, durable(consumer)); err != nil {
			return fmt.Errorf("ensure durable %s: %w", consumer.Name, err)
		}
	}
	return nil
}

// ensureDurable looks before it writes: KeepStream repeats it for ever.
func ensureDurable(ctx context.Context, js jetstream.JetStream, wanted jetstream.ConsumerConfig) error {
	existing, err := js.Consumer(ctx, contract.StreamName, wanted.Durable)
	if err == nil && sameDurable(existing.CachedInfo().Config, wanted) {
		return nil
	}
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return err
	}
	_, err = js.CreateOrUpdateConsumer(ctx, contract.StreamName, wanted)
	return err
}

func sameDurable(a, b jetstream.ConsumerConfig) bool {
	filters := a.FilterSubjects
	if a.FilterSubject != "" {
		filters = []string{a.FilterSubject}
	}
	return slices.Equal(filters, b.FilterSubjects) && a.AckWait == b.AckWait &&
		a.MaxDeliver == b.MaxDeliver && a.MaxAckPending == b.MaxAckPending
}

func ensureStream(ctx context.Context, js jetstream.JetStream) error {
	wanted := jetstream.StreamConfig{
		Name:        contract.StreamName,
		Description: "Facts of Heli; PostgreSQL can publish all of them again",
		Storage:     jetstream.FileStorage,
	}
	existing, err := js.Stream(ctx, contract.StreamName)
	switch {
	case err == nil:
		wanted = existing.CachedInfo().Config
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return err
	}
	if err == nil && configured(wanted) {
		return nil
	}
	wanted.Subjects = []string{"evt.>"}
	wanted.MaxAge = streamMaxAge
	wanted.Duplicates = duplicateWindow
	wanted.MaxMsgSize = MaxPayloadBytes
	_, err = js.CreateOrUpdateStream(ctx, wanted)
	return err
}

// configured reports whether the parts of the configuration that are Heli's to
// decide are as wanted.
func configured(c jetstream.StreamConfig) bool {
	return slices.Equal(c.Subjects, []string{"evt.>"}) && c.MaxAge == streamMaxAge &&
		c.Duplicates == duplicateWindow && c.MaxMsgSize == MaxPayloadBytes
}

// durable is a consumer's configuration. The server never gives up on a
// message: when to put one aside is decided by Consume, which can say why.
func durable(c contract.Consumer) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Name:           c.Name,
		Durable:        c.Name,
		DeliverPolicy:  jetstream.DeliverAllPolicy,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        ackWait,
		MaxDeliver:     -1,
		MaxAckPending:  maxAckPending,
		FilterSubjects: c.Filter,
	}
}

// KeepStream makes the stream and the durables, and again when they were
// deleted, until ctx ends; then it returns nil. Over a connection that may not
// administer JetStream it does nothing: somebody else does. Failures are logged
// when they begin, not each time.
func (b *Bus) KeepStream(ctx context.Context) error {
	ticker := time.NewTicker(keepInterval)
	defer ticker.Stop()
	failing := false
	for {
		err := b.administer(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			b.log.Warn("cannot keep the stream, trying again", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// administer runs EnsureStream if this connection may; it asks for the account
// first, which no service's key may, so that one refusal tells.
func (b *Bus) administer(ctx context.Context) error {
	refused := b.admin.refused()
	if isClosed(refused) || !b.nc.IsConnected() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, repairTime)
	defer cancel()
	defer stopOn(refused, cancel)()
	_, err := b.js.AccountInfo(ctx)
	if err == nil {
		err = EnsureStream(ctx, b.nc)
	}
	if isClosed(refused) {
		return nil
	}
	return err
}

// stopOn calls cancel when the channel is closed, until the returned function
// is called.
func stopOn(refused <-chan struct{}, cancel func()) (release func()) {
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-refused:
			cancel()
		case <-over:
		}
	})
	return func() {
		close(over)
		watch.Wait()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
