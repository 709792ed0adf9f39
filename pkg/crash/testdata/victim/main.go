// Command victim is a service in small: it relays the facts of one schema and
// hears them in another, until every one of them has had its effect. The crash
// tests build it with the tag crash and kill it at the named places.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/inbox"
	"heli/pkg/outbox"
	"heli/pkg/pg"
)

func main() {
	if err := run(context.Background()); err != nil {
		slog.Error("victim failed", "error", err)
		os.Exit(1)
	}
}

// side is one end of the way: a schema and a name on the bus.
type side struct {
	db  *pg.DB
	bus *bus.Bus
}

func open(ctx context.Context, name string) (side, error) {
	db, err := pg.Open(ctx, os.Getenv("VICTIM_DATABASE_"+name))
	if err != nil {
		return side{}, err
	}
	b, err := bus.Connect(ctx, bus.Options{URL: os.Getenv("VICTIM_NATS"), Name: name, Seed: os.Getenv("VICTIM_SEED_" + name)})
	return side{db: db, bus: b}, err
}

func run(ctx context.Context) error {
	wanted, err := strconv.Atoi(os.Getenv("VICTIM_EVENTS"))
	if err != nil {
		return fmt.Errorf("read VICTIM_EVENTS: %w", err)
	}
	speaker, err := open(ctx, "matcher")
	if err != nil {
		return err
	}
	hearer, err := open(ctx, "request")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return outbox.NewRelay(speaker.db, speaker.bus, slog.Default()).Run(ctx) })
	group.Go(func() error { return inbox.Run(ctx, hearer.db, hearer.bus, contract.RequestHearsMatch, hearer.hear) })
	group.Go(func() error {
		defer stop()
		return awaitEnd(ctx, speaker.db, hearer.db, wanted)
	})
	return group.Wait()
}

// hear has the effect that the tests count.
func (s side) hear(ctx context.Context, _ []contract.Event, once inbox.Once) error {
	return once(func(tx *sqlx.Tx, fresh []contract.Event) error {
		for _, e := range fresh {
			if _, err := tx.ExecContext(ctx, `INSERT INTO effect (event_id) VALUES ($1)`, string(e.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// awaitEnd returns when nothing waits any more and all had their effect.
func awaitEnd(ctx context.Context, speaker, hearer *pg.DB, wanted int) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		waiting, _, err := outbox.Lag(ctx, speaker)
		if err != nil {
			return err
		}
		var seen int
		if err := hearer.GetContext(ctx, &seen, `SELECT count(DISTINCT event_id) FROM effect`); err != nil {
			return err
		}
		if waiting == 0 && seen == wanted {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
