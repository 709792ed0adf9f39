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

// Once runs the effect of the event in hand in one transaction with the note
// that it happened. For an event whose effect is committed it does nothing and
// returns nil. The effect may run again when the server undid its transaction,
// so it must act through tx alone. Errors are as pg's InTx has them.
type Once func(effect func(tx *sqlx.Tx) error) error

// Handler handles one event: it may call other services first, then runs the
// effect through once, and does what follows the commit, such as waking a relay,
// after. Nil acknowledges the event, also when once was not called.
type Handler func(ctx context.Context, e contract.Event, once Once) error

type settings struct {
	concurrency int
	log         *slog.Logger
}

// Option changes how Run consumes.
type Option func(*settings)

// WithConcurrency handles up to n events at once, in no certain order; the
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
		Handle: func(ctx context.Context, e contract.Event) error {
			return handle(ctx, db, c.Name, e, h)
		},
		Dead: func(ctx context.Context, letter bus.DeadLetter) error {
			return keepLetter(ctx, db, letter)
		},
		Concurrency: concurrency,
	}
}

func handle(ctx context.Context, db *pg.DB, consumer string, e contract.Event, h Handler) error {
	if !contract.ValidID(e.ID) {
		return fault.NewInvalid(fault.Field{Location: "id", Code: "malformed"})
	}
	return h(ctx, e, func(effect func(tx *sqlx.Tx) error) error {
		err := db.InTx(ctx, func(tx *sqlx.Tx) error {
			first, err := insertSeen(ctx, tx, consumer, e.ID)
			if err != nil || !first {
				return err
			}
			if err := effect(tx); err != nil {
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
