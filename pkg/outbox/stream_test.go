package outbox

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/testkit"
)

func TestDeletedStreamIsPublishedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	events := newEvents(700)
	add(t, b.db, events...)
	heard := hear(t, b.server)
	run(t, NewRelay(b.db, b.bus, testkit.Log(t)))
	expect(t, heard, events)
	for range 2 {
		b.server.Wipe(t)
		b.server.Start(t)
		heard := hear(t, b.server)
		b.server.Provision(t)
		again := map[contract.EventID]bool{}
		for len(again) < len(events) {
			again[next(t, heard)] = true
		}
		for _, e := range events {
			if !again[e.ID] {
				t.Errorf("event %s was lost with the stream", e.ID)
			}
		}
	}
}

func TestOlderStreamGetsWhatFollowed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	events := newEvents(50)
	add(t, b.db, events...)
	b.work(t)
	// The oldest are far behind what others may have written over.
	b.db.MustExec(`UPDATE outbox SET stream_seq = stream_seq + $1 WHERE id > 20`, 2*rewindMargin)
	b.db.MustExec(`UPDATE outbox_stream SET last_seq = last_seq + $1`, 2*rewindMargin)
	b.sent.lastSeq = func(uint64) uint64 { return 20 + rewindMargin }
	b.relay.watch.checked = b.relay.watch.checked.Add(-checkInterval)
	b.work(t)
	if times := b.sent.times(events[:20]); times[1] != 20 {
		t.Errorf("what the older stream still holds, by how often it was sent: %v", times)
	}
	if times := b.sent.times(events[20:]); times[2] != 30 {
		t.Errorf("what followed, by how often it was sent: %v", times)
	}
}

func TestDoubtPublishesTheLatestAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	events := newEvents(30)
	add(t, b.db, events...)
	b.work(t)
	b.db.MustExec(`UPDATE outbox SET published_at = published_at - interval '1 hour' WHERE id <= 10`)
	b.work(t)
	if times := b.sent.times(events); times[1] != 30 {
		t.Errorf("without a doubt, by how often they were sent: %v", times)
	}
	b.relay.reconnects = func() uint64 { return 1 }
	b.work(t)
	b.work(t)
	if times := b.sent.times(events[:10]); times[1] != 10 {
		t.Errorf("older events, by how often they were sent: %v", times)
	}
	if times := b.sent.times(events[10:]); times[2] != 20 {
		t.Errorf("the latest events, by how often they were sent: %v", times)
	}
	state, err := b.sent.StreamState(t.Context())
	if err != nil || state.LastSeq != 30 {
		t.Errorf("the stream holds %d facts, not 30: %v", state.LastSeq, err)
	}
}

func TestStreamReplacedDuringABatch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	events := newEvents(5)
	add(t, b.db, events...)
	if err := b.relay.followStream(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Another relay finds a new stream while this one still knows the old.
	b.db.MustExec(`UPDATE outbox_stream SET stream_created = now()`)
	if err := b.relay.work(t.Context()); err == nil {
		t.Fatal("events that went to the old stream were marked")
	}
	if n := waitingIn(t, b.db); n != 5 {
		t.Errorf("%d wait, not 5", n)
	}
	b.relay.note(errStreamReplaced)
	b.work(t)
	if n := waitingIn(t, b.db); n != 0 || b.sent.times(events)[2] != 5 {
		t.Errorf("%d wait; by how often they were sent: %v", n, b.sent.times(events))
	}
}
