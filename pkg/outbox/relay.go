package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

const (
	pollInterval = 250 * time.Millisecond
	// pace is the least time from one look to the next: an event that comes alone
	// leaves at once, under load those of a moment leave together. Without it
	// every commit of the service had a second one at its heels.
	pace          = 20 * time.Millisecond
	purgeInterval = time.Hour
)

// publisher is the part of the bus that a relay speaks to.
type publisher interface {
	PublishBatch(ctx context.Context, facts []bus.Fact) []bus.Receipt
	StreamState(ctx context.Context) (bus.StreamState, error)
}

// Relay publishes what waits in one service's outbox. Several, in several
// processes, share the work.
type Relay struct {
	db         *pg.DB
	publisher  publisher
	reconnects func() uint64
	log        *slog.Logger
	wake       chan struct{}
	// What follows belongs to Run.
	watch  watch
	purged time.Time
	failed bool
}

// NewRelay returns a relay of the outbox in db's schema. It does nothing until Run.
func NewRelay(db *pg.DB, b *bus.Bus, log *slog.Logger) *Relay {
	reconnects := func() uint64 { return b.Conn().Stats().Reconnects }
	return newRelay(db, b, reconnects, log)
}

func newRelay(db *pg.DB, p publisher, reconnects func() uint64, log *slog.Logger) *Relay {
	return &Relay{
		db: db, publisher: p, reconnects: reconnects, log: log,
		wake: make(chan struct{}, 1), watch: watch{doubt: true},
	}
}

// Wake tells the relay that a transaction with events was committed. It never
// blocks, and many wakes may count as one.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Lag is the package's Lag for this relay's outbox.
func (r *Relay) Lag(ctx context.Context) (count int64, oldest time.Duration, err error) {
	return Lag(ctx, r.db)
}

// Run publishes until ctx ends, then finishes the batch in hand and returns
// nil. It outlives the loss of PostgreSQL, of NATS and of the stream: what a
// stream has lost is published again. It must not run twice on one Relay.
func (r *Relay) Run(ctx context.Context) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		rest := time.After(pace)
		err := r.work(ctx)
		if ctx.Err() != nil {
			return nil
		}
		r.note(err)
		wake := r.wake
		if err != nil {
			wake = nil // the ticker paces the tries
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-ticker.C:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-rest:
		}
	}
}

// note logs the beginning and the end of a trouble, not every try.
func (r *Relay) note(err error) {
	if err != nil {
		r.watch.checked = time.Time{} // look at the stream before the next try
	}
	switch {
	case err != nil && !r.failed:
		r.log.Warn("outbox cannot publish, trying again", "error", err)
	case err == nil && r.failed:
		r.log.Info("outbox publishes again")
	}
	r.failed = err != nil
}

// work publishes everything that waits now.
func (r *Relay) work(ctx context.Context) error {
	if err := r.followStream(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		full, err := r.relayBatch(ctx)
		if err != nil {
			return err
		}
		if !full {
			break
		}
	}
	return r.purge(ctx)
}

// purge deletes, once an hour, what the stream has forgotten too.
func (r *Relay) purge(ctx context.Context) error {
	if time.Since(r.purged) < purgeInterval {
		return nil
	}
	if err := deletePublished(ctx, r.db); err != nil {
		return pg.MapContext(ctx, err)
	}
	r.purged = time.Now()
	return nil
}

// Replay puts a dead letter of the outbox back among the waiting events. It is
// NotFound when there is none with the id, or it was replayed already.
func Replay(ctx context.Context, db *pg.DB, id int64) error {
	return db.InTx(ctx, func(tx *sqlx.Tx) error {
		found, err := exhumeLetter(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("replay dead letter %d: %w", id, err)
		}
		if !found {
			return fault.NewNotFound("dead letter")
		}
		return nil
	})
}
