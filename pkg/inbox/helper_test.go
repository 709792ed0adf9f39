package inbox

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

func newEvent() contract.Event {
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingMatch, State: "accepted",
		AggregateID: contract.NewID[string](), Version: 1, Time: time.Now().UTC(), Organisation: "root",
	}
}

// newDB is the database of a service that hears, with a table for effects.
func newDB(t *testing.T) *pg.DB {
	t.Helper()
	database := testkit.NewDatabase(t, "request")
	database.Admin(t).MustExec(`CREATE TABLE request.effect (event_id uuid NOT NULL)`)
	return database.Open(t, "request")
}

// effect writes one row each time that it runs.
func effect(ctx context.Context, e contract.Event) func(tx *sqlx.Tx) error {
	return func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO effect (event_id) VALUES ($1)`, string(e.ID))
		return err
	}
}

// each handles events one by one; it refuses several, so that they come again
// alone.
func each(h func(ctx context.Context, e contract.Event, once func(effect func(tx *sqlx.Tx) error) error) error) Handler {
	return func(ctx context.Context, events []contract.Event, once Once) error {
		if len(events) > 1 {
			return fault.NewConflict("conflict", "one at a time")
		}
		return h(ctx, events[0], func(effect func(tx *sqlx.Tx) error) error {
			return once(func(tx *sqlx.Tx, _ []contract.Event) error { return effect(tx) })
		})
	}
}

// handleOnce has the effect of all that are fresh.
func handleOnce(ctx context.Context, _ []contract.Event, once Once) error {
	return once(func(tx *sqlx.Tx, fresh []contract.Event) error {
		for _, e := range fresh {
			if err := effect(ctx, e)(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func number(t *testing.T, db *pg.DB, q string, args ...any) int {
	t.Helper()
	var n int
	if err := db.GetContext(t.Context(), &n, q, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func effectsOf(t *testing.T, db *pg.DB, e contract.Event) int {
	t.Helper()
	return number(t, db, `SELECT count(*) FROM effect WHERE event_id = $1`, string(e.ID))
}

// hear runs the consumer until the test ends.
func hear(t *testing.T, db *pg.DB, server *testkit.Server, h Handler, options ...Option) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	b := testkit.Bus(t, server, "request")
	go func() { done <- Run(ctx, db, b, contract.RequestHearsMatch, h, options...) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("inbox ended with %v", err)
		}
	})
}

func publish(t *testing.T, b *bus.Bus, events ...contract.Event) {
	t.Helper()
	for _, e := range events {
		if _, err := b.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func await[T any](t *testing.T, what string, signal <-chan T) T {
	t.Helper()
	select {
	case v := <-signal:
		return v
	case <-time.After(time.Minute):
		t.Fatalf("%s never happened", what)
		panic("unreachable")
	}
}
