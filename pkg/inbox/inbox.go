// Package inbox owns the promise that an event's effect happens once, however
// often and in whatever order the event arrives, and the dead letters of the
// events that could not be handled. It never decides what the effect is.
//
// The tables inbox and dead_letters are in the schema of each service that
// hears facts, made by its first migration.
package inbox

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/crash"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

const purgeInterval = time.Hour

// Once runs the effect of the events in hand in one transaction with the note
// that it happened. The effect gets those that had none yet, each once, in the
// order of the stream; when all had theirs it does not run, and Once returns
// nil. It may run again when the server undid its transaction, so it must act
// through tx alone. Errors are as pg's InTx has them.
type Once func(effect func(tx *sqlx.Tx, fresh []contract.Event) error) error

// Handler handles events that arrived together: it may call other services
// first, then runs their effect through once, and does what follows the commit,
// such as waking a relay, after. Nil acknowledges all, also when once was not
// called. When it fails for several it is called again for each alone.
type Handler func(ctx context.Context, events []contract.Event, once Once) error

// batch is how many events a handler takes together: under load each commit then
// carries many, and one event alone still waits for no other.
const batch = 64

type settings struct {
	concurrency int
	log         *slog.Logger
}

// Option changes how Run consumes.
type Option func(*settings)

// WithConcurrency handles up to n batches at once, in no certain order; the
// default is one after another.
func WithConcurrency(n int) Option { return func(s *settings) { s.concurrency = n } }

// WithLog sets where a failing purge is logged; the default is slog's.
func WithLog(log *slog.Logger) Option { return func(s *settings) { s.log = log } }

// Run hands the consumer's events to h until ctx ends, then waits for the
// handler and returns nil. Events that fail too often, or can never be handled,
// become dead letters. It also deletes, once an hour, what Purge deletes.
func Run(ctx context.Context, db *pg.DB, b *bus.Bus, c contract.Consumer, h Handler, options ...Option) error {
	s := settings{log: slog.Default()}
	for _, set := range options {
		set(&s)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.Consume(ctx, c, handler(db, c, h, s.concurrency)) })
	group.Go(func() error { return purgeHourly(ctx, db, s.log) })
	return group.Wait()
}

// handler joins the handler of events to the database.
func handler(db *pg.DB, c contract.Consumer, h Handler, concurrency int) bus.Handler {
	return bus.Handler{
		Handle: func(ctx context.Context, events []contract.Event) error {
			return handle(ctx, db, c.Name, events, h)
		},
		Dead: func(ctx context.Context, letter bus.DeadLetter) error {
			return keepLetter(ctx, db, letter)
		},
		Batch:       batch,
		Concurrency: concurrency,
	}
}

func handle(ctx context.Context, db *pg.DB, consumer string, events []contract.Event, h Handler) error {
	for _, e := range events {
		if !contract.ValidID(e.ID) {
			return fault.NewInvalid(fault.Field{Location: "id", Code: "malformed"})
		}
	}
	return h(ctx, events, func(effect func(tx *sqlx.Tx, fresh []contract.Event) error) error {
		err := db.InTx(ctx, func(tx *sqlx.Tx) error {
			fresh, err := noteSeen(ctx, tx, consumer, events)
			if err != nil || len(fresh) == 0 {
				return err
			}
			if err := effect(tx, fresh); err != nil {
				return err
			}
			crash.Point("inbox.before_commit")
			return nil
		})
		if err == nil {
			crash.Point("inbox.committed")
		}
		return err
	})
}

// noteSeen notes the events and returns those that are new to the consumer, each
// once.
func noteSeen(ctx context.Context, tx *sqlx.Tx, consumer string, events []contract.Event) ([]contract.Event, error) {
	ids := make([]contract.EventID, len(events))
	for n, e := range events {
		ids[n] = e.ID
	}
	slices.Sort(ids) // so that two transactions meet them in one order
	seen, err := insertSeen(ctx, tx, consumer, ids)
	if err != nil {
		return nil, err
	}
	if len(seen) == len(events) {
		return events, nil
	}
	fresh := make([]contract.Event, 0, len(seen))
	for _, e := range events {
		if seen[e.ID] {
			fresh = append(fresh, e)
			delete(seen, e.ID)
		}
	}
	return fresh, nil
}

// Purge forgets events that were handled more than 14 days ago, twice the time
// for which a stream or an outbox can bring them again. It returns how many.
func Purge(ctx context.Context, db *pg.DB) (int64, error) {
	n, err := deleteSeen(ctx, db)
	return n, pg.MapContext(ctx, err)
}

func purgeHourly(ctx context.Context, db *pg.DB, log *slog.Logger) error {
	ticker := time.NewTicker(purgeInterval)
	defer ticker.Stop()
	for {
		if _, err := Purge(ctx, db); err != nil && ctx.Err() == nil {
			log.Warn("inbox cannot purge, trying again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
