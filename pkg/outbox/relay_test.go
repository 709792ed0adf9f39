package outbox

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/testkit"
)

// hear returns the ids of all facts, in the order of the stream, as they come.
func hear(t *testing.T, server *testkit.Server) <-chan contract.EventID {
	t.Helper()
	heard := make(chan contract.EventID, 4096)
	nc := server.Conn(t, embedded.Administrator)
	_, err := nc.Subscribe("evt.>", func(m *nats.Msg) {
		var e contract.Event
		if err := json.Unmarshal(m.Data, &e); err != nil {
			t.Error(err)
		}
		heard <- e.ID
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return heard
}

func expect(t *testing.T, heard <-chan contract.EventID, events []contract.Event) {
	t.Helper()
	for i, e := range events {
		if id := next(t, heard); id != e.ID {
			t.Fatalf("fact %d is %s, not %s", i, id, e.ID)
		}
	}
}

func next(t *testing.T, heard <-chan contract.EventID) contract.EventID {
	t.Helper()
	select {
	case id := <-heard:
		return id
	case <-time.After(time.Minute):
		t.Fatal("a fact never came")
		return ""
	}
}

// run runs a relay until the test ends.
func run(t *testing.T, r *Relay) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("relay ended with %v", err)
		}
	})
}

func TestRelayPublishesInOrderWhenWokenAndByItself(t *testing.T) {
	t.Parallel()
	db, server := testkit.DB(t, "request"), testkit.NATS(t)
	heard := hear(t, server)
	relay := NewRelay(db, testkit.Bus(t, server, "request"), testkit.Log(t))
	before, woken, after := newEvents(600), newEvents(3), newEvents(2)
	add(t, db, before...)
	run(t, relay)
	expect(t, heard, before)
	add(t, db, woken...)
	relay.Wake()
	relay.Wake()
	expect(t, heard, woken)
	add(t, db, after...)
	expect(t, heard, after)
}

func TestRelayMarksWithSequences(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	add(t, b.db, newEvents(300)...)
	b.work(t)
	const q = `SELECT count(*) FROM outbox WHERE stream_seq = id AND published_at IS NOT NULL`
	if n := number(t, b.db, q); n != 300 || waitingIn(t, b.db) != 0 {
		t.Errorf("%d of 300 are marked", n)
	}
	if n := number(t, b.db, `SELECT last_seq FROM outbox_stream`); n != 300 {
		t.Errorf("the last sequence is %d", n)
	}
}

func TestTwoRelaysShareTheWork(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	events := newEvents(2000)
	add(t, b.db, events...)
	relays := []*Relay{b.newRelay(t), b.newRelay(t)}
	for _, relay := range relays {
		// A relay that begins publishes the latest again: not the matter here.
		if err := relay.followStream(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for _, relay := range relays {
		wg.Go(func() {
			if err := relay.work(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if times := b.sent.times(events); times[1] != len(events) {
		t.Errorf("events by how often they were sent: %v", times)
	}
	if n := waitingIn(t, b.db); n != 0 {
		t.Errorf("%d still wait", n)
	}
	if n := number(t, b.db, `SELECT last_seq FROM outbox_stream`); n != len(events) {
		t.Errorf("the last sequence is %d", n)
	}
}

func TestRelaySkipsWhatAnotherHasInHand(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	events := newEvents(10)
	add(t, b.db, events...)
	err := b.db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		if rows, err := lockWaiting(t.Context(), tx, 4); err != nil || len(rows) != 4 {
			t.Fatalf("locked %d rows: %v", len(rows), err)
		}
		b.work(t)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if times := b.sent.times(events[:4]); times[0] != 4 {
		t.Error("what another relay had in hand was sent")
	}
	// A smaller id that is free later is not skipped for good.
	b.work(t)
	if times := b.sent.times(events); times[1] != 10 {
		t.Errorf("events by how often they were sent: %v", times)
	}
}

func TestOutageSpeaksAgainstNoEvent(t *testing.T) {
	t.Parallel()
	db, server := testkit.DB(t, "request"), testkit.NATS(t)
	relay := NewRelay(db, testkit.Bus(t, server, "request"), testkit.Log(t))
	server.Stop(t)
	events := newEvents(5)
	add(t, db, events...)
	for range 2 * maxTries {
		if err := relay.work(t.Context()); err == nil {
			t.Fatal("the relay worked without a server")
		}
	}
	if n := number(t, db, `SELECT count(*) FROM outbox WHERE tries = 0 AND published_at IS NULL`); n != 5 {
		t.Errorf("%d of 5 events are as they were", n)
	}
	server.Start(t)
	heard := hear(t, server)
	run(t, relay)
	expect(t, heard, events)
}

func TestRefusedEventsBecomeDeadLettersAndOthersGoOn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	large, denied, good := newEvent(contract.ThingRequest), newEvent(contract.ThingOffer), newEvent(contract.ThingRequest)
	add(t, b.db, large, denied, good)
	// Add refuses such an event, but the limit may shrink after.
	b.db.MustExec(`
		UPDATE outbox SET payload = jsonb_set(payload::jsonb, '{paths}', to_jsonb(ARRAY[repeat('x', $1)]))::text
		WHERE event_id = $2`, bus.MaxPayloadBytes, large.ID)
	b.work(t)
	// One that waited behind the denied one may have been cut off with it.
	b.db.MustExec(`UPDATE outbox SET next_try_at = NULL WHERE event_id = $1`, good.ID)
	b.work(t)
	if n := number(t, b.db, `SELECT count(*) FROM outbox WHERE event_id = $1 AND published_at IS NOT NULL`, good.ID); n != 1 {
		t.Error("the good event was not published")
	}
	if n := number(t, b.db, `SELECT count(*) FROM dead_letters WHERE event_id = $1 AND consumer = 'outbox'`, large.ID); n != 1 {
		t.Error("the large event is no dead letter")
	}
	const tried = `SELECT count(*) FROM outbox WHERE event_id = $1 AND tries = 1 AND last_error <> '' AND next_try_at > now()`
	if n := number(t, b.db, tried, denied.ID); n != 1 {
		t.Error("the denied event does not wait for another try")
	}
	b.db.MustExec(`UPDATE outbox SET tries = $1, next_try_at = NULL WHERE event_id = $2`, maxTries-1, denied.ID)
	b.work(t)
	var letter int64
	if err := b.db.Get(&letter, `SELECT id FROM dead_letters WHERE event_id = $1 AND tries = $2`, denied.ID, maxTries); err != nil {
		t.Fatalf("the denied event is no dead letter: %v", err)
	}
	if n := waitingIn(t, b.db); n != 0 {
		t.Errorf("%d still wait", n)
	}
	if err := Replay(t.Context(), b.db, letter); err != nil {
		t.Fatal(err)
	}
	if n := waitingIn(t, b.db); n != 1 {
		t.Errorf("%d wait after the replay, not 1", n)
	}
	if err := Replay(t.Context(), b.db, letter); err == nil {
		t.Error("a letter was replayed twice")
	}
}

func TestRefusalOfOneEventHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	js, err := jetstream.New(b.server.Conn(t, embedded.Administrator))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), contract.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxMsgSize = 1000
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	large, good := newEvent(contract.ThingRequest), newEvents(3)
	large.Paths = []string{strings.Repeat("x", 2000)}
	add(t, b.db, large)
	if err := b.relay.work(t.Context()); err == nil {
		t.Error("a refusal of all that was sent passed as a success")
	}
	add(t, b.db, good...)
	b.work(t)
	const refused = `SELECT count(*) FROM outbox WHERE event_id = $1 AND tries = 1 AND last_error LIKE '%size exceeds%'`
	if n := number(t, b.db, refused, large.ID); n != 1 {
		t.Error("the large event does not tell why it waits")
	}
	b.work(t)
	if times := b.sent.times(good); times[1] != 3 {
		t.Errorf("the good events, by how often they were sent: %v", times)
	}
}

func TestPurgeKeepsWhatTheStreamMayStillLose(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	add(t, b.db, newEvents(4)...)
	b.work(t)
	add(t, b.db, newEvent(contract.ThingOffer)) // never published, however old
	b.db.MustExec(`UPDATE outbox SET published_at = now() - interval '8 days' WHERE id <= 2`)
	b.db.MustExec(`UPDATE outbox SET created_at = now() - interval '30 days' WHERE published_at IS NULL`)
	if err := deletePublished(t.Context(), b.db); err != nil {
		t.Fatal(err)
	}
	if n := number(t, b.db, `SELECT count(*) FROM outbox`); n != 3 {
		t.Errorf("%d rows are left, not 3", n)
	}
}
