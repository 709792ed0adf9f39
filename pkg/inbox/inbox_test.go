package inbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestThreefoldShuffledDeliveryHasOneEffect(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			db := newDB(t)
			events := make([]contract.Event, 40)
			for i := range events {
				events[i] = newEvent()
			}
			deliveries := slices.Concat(events, events, events)
			random := rand.New(rand.NewPCG(seed, seed))
			random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
			deliver(t, slices.Collect(slices.Chunk(deliveries, 1+int(seed)*3)), 4, func(batch []contract.Event) error {
				return handle(t.Context(), db, "request_match", batch, handleOnce)
			})
			for _, e := range events {
				if n := effectsOf(t, db, e); n != 1 {
					t.Errorf("event %s had %d effects", e.ID, n)
				}
			}
		})
	}
}

// deliver hands batches to a handler from several goroutines at once.
func deliver(t *testing.T, batches [][]contract.Event, workers int, handle func([]contract.Event) error) {
	t.Helper()
	queue := make(chan []contract.Event, len(batches))
	for _, batch := range batches {
		queue <- batch
	}
	close(queue)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for batch := range queue {
				if err := handle(batch); err != nil {
					t.Errorf("batch of %d: %v", len(batch), err)
				}
			}
		})
	}
	wg.Wait()
}

func TestEachConsumerHasItsEffect(t *testing.T) {
	t.Parallel()
	db, e := newDB(t), newEvent()
	for _, consumer := range []string{"one", "two", "one"} {
		if err := handle(t.Context(), db, consumer, []contract.Event{e}, handleOnce); err != nil {
			t.Fatal(err)
		}
	}
	if n := effectsOf(t, db, e); n != 2 {
		t.Errorf("two consumers had %d effects", n)
	}
}

func TestFailedEffectMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	db, e := newDB(t), newEvent()
	refusal := fault.NewConflict("conflict", "not yet")
	err := handle(t.Context(), db, "one", []contract.Event{e}, each(func(ctx context.Context, e contract.Event, once func(func(*sqlx.Tx) error) error) error {
		return once(func(tx *sqlx.Tx) error { return errors.Join(effect(ctx, e)(tx), refusal) })
	}))
	if !errors.Is(err, refusal) {
		t.Errorf("the handler gave %v", err)
	}
	if err := handle(t.Context(), db, "one", []contract.Event{e}, handleOnce); err != nil {
		t.Fatal(err)
	}
	if n := effectsOf(t, db, e); n != 1 {
		t.Errorf("%d effects, not 1", n)
	}
}

func TestEventWithoutAnIDIsRefused(t *testing.T) {
	t.Parallel()
	e := newEvent()
	e.ID = "1"
	if err := handle(t.Context(), newDB(t), "one", []contract.Event{e}, handleOnce); !fault.Is(err, fault.Invalid) {
		t.Errorf("the handler gave %v", err)
	}
}

func TestRunRedeliversAfterAFailureBehindTheCommit(t *testing.T) {
	t.Parallel()
	db, server := newDB(t), testkit.NATS(t)
	e := newEvent()
	var tries atomic.Int64
	done := make(chan struct{})
	hear(t, db, server, each(func(ctx context.Context, e contract.Event, once func(func(*sqlx.Tx) error) error) error {
		if err := once(effect(ctx, e)); err != nil {
			return err
		}
		if tries.Add(1) < 3 { // as if the process had died before it acknowledged
			return fault.NewUnavailable(errors.New("cut off"))
		}
		close(done)
		return nil
	}))
	publish(t, testkit.Bus(t, server, "matcher"), e)
	await(t, "the third delivery", done)
	if n := effectsOf(t, db, e); n != 1 || tries.Load() != 3 {
		t.Errorf("%d effects in %d deliveries", n, tries.Load())
	}
}

func TestRunSurvivesADeletedStream(t *testing.T) {
	t.Parallel()
	db, server := newDB(t), testkit.NATS(t)
	handled := make(chan contract.EventID, 16)
	hear(t, db, server, each(func(ctx context.Context, e contract.Event, once func(func(*sqlx.Tx) error) error) error {
		err := once(effect(ctx, e))
		handled <- e.ID
		return err
	}), WithConcurrency(4), WithLog(testkit.Log(t)))
	before, after := newEvent(), newEvent()
	publish(t, testkit.Bus(t, server, "matcher"), before)
	await(t, "the first delivery", handled)
	server.Wipe(t)
	server.Start(t)
	server.Provision(t)
	publish(t, testkit.Bus(t, server, "matcher"), before, after)
	for range 2 {
		await(t, "a delivery from the new stream", handled)
	}
	for _, e := range []contract.Event{before, after} {
		if n := effectsOf(t, db, e); n != 1 {
			t.Errorf("event %s had %d effects", e.ID, n)
		}
	}
}

func TestPurgeForgetsOnlyWhatCannotComeAgain(t *testing.T) {
	t.Parallel()
	db := newDB(t)
	old, recent := newEvent(), newEvent()
	for _, e := range []contract.Event{old, recent} {
		if err := handle(t.Context(), db, "one", []contract.Event{e}, handleOnce); err != nil {
			t.Fatal(err)
		}
	}
	db.MustExec(`UPDATE inbox SET handled_at = now() - interval '13 days' WHERE event_id = $1`, string(recent.ID))
	db.MustExec(`UPDATE inbox SET handled_at = now() - interval '15 days' WHERE event_id = $1`, string(old.ID))
	if n, err := Purge(t.Context(), db); err != nil || n != 1 {
		t.Errorf("purged %d: %v", n, err)
	}
	if n := number(t, db, `SELECT count(*) FROM inbox WHERE event_id = $1`, string(recent.ID)); n != 1 {
		t.Error("an event was forgotten too early")
	}
}
