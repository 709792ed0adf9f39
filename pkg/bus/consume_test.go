package bus_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

const quick = time.Millisecond

// hearing collects what a consumer was given.
type hearing struct {
	events chan contract.Event
	dead   chan bus.DeadLetter
}

func newHearing() *hearing {
	return &hearing{events: make(chan contract.Event, 1000), dead: make(chan bus.DeadLetter, 100)}
}

func (h *hearing) handler(handle func(contract.Event) error) bus.Handler {
	return bus.Handler{
		FirstRetry: quick,
		Handle: each(func(_ context.Context, e contract.Event) error {
			if err := handle(e); err != nil {
				return err
			}
			h.events <- e
			return nil
		}),
		Dead: func(_ context.Context, letter bus.DeadLetter) error {
			h.dead <- letter
			return nil
		},
	}
}

// each handles facts one by one.
func each(handle func(context.Context, contract.Event) error) func(context.Context, []contract.Event) error {
	return func(ctx context.Context, events []contract.Event) error {
		for _, e := range events {
			if err := handle(ctx, e); err != nil {
				return err
			}
		}
		return nil
	}
}

func fine(contract.Event) error { return nil }

func streaming(t *testing.T) (*natsServer, *bus.Bus) {
	t.Helper()
	server := startNATS(t)
	b := server.connect(t, "matcher")
	ensureStream(t, b.Conn())
	return server, b
}

// settled waits until the durable has nothing left to give.
func settled(t *testing.T, b *bus.Bus, durable string) {
	t.Helper()
	js, err := b.Conn().JetStream()
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "everything is settled", func() bool {
		info, err := js.ConsumerInfo(contract.StreamName, durable)
		return err == nil && info.NumAckPending == 0 && info.NumPending == 0
	})
}

func TestConsumeInOrder(t *testing.T) {
	t.Parallel()
	_, b := streaming(t)
	var events []contract.Event
	var facts []bus.Fact
	for n := range 100 {
		event := fact(n)
		encoded, err := bus.EncodeFact(event)
		if err != nil {
			t.Fatal(err)
		}
		events, facts = append(events, event), append(facts, encoded)
	}
	for i, receipt := range b.PublishBatch(t.Context(), facts) {
		if receipt.Err != nil || receipt.Seq != uint64(i+1) {
			t.Fatalf("receipt %d: %+v", i, receipt)
		}
	}
	h := newHearing()
	consume(t, b, contract.MatcherHearsRequest, h.handler(fine))
	for n := range events {
		if diff := cmp.Diff(events[n], receive(t, h.events, "an event")); diff != "" {
			t.Fatal(diff)
		}
	}
	settled(t, b, contract.MatcherHearsRequest.Name)
}

func TestConsumeActsAsSystem(t *testing.T) {
	t.Parallel()
	_, b := streaming(t)
	actors := make(chan contract.Actor, 1)
	consume(t, b, contract.MatcherHearsRequest, bus.Handler{Handle: func(ctx context.Context, _ []contract.Event) error {
		actors <- contract.ActorFrom(ctx)
		return nil
	}})
	publish(t, b, fact(1))
	if got := receive(t, actors, "a delivery"); got != contract.System() {
		t.Errorf("acted as %+v", got)
	}
}

func TestConsumeTriesAgain(t *testing.T) {
	t.Parallel()
	_, b := streaming(t)
	var tries atomic.Int32
	h := newHearing()
	consume(t, b, contract.MatcherHearsRequest, h.handler(func(e contract.Event) error {
		if e.AggregateID == "1" && tries.Add(1) < bus.MaxTries {
			return errors.New("not now")
		}
		return nil
	}))
	publish(t, b, fact(1))
	publish(t, b, fact(2))
	got := []string{receive(t, h.events, "an event").AggregateID, receive(t, h.events, "an event").AggregateID}
	slices.Sort(got)
	if !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("handled %v", got)
	}
	if n := tries.Load(); n != bus.MaxTries {
		t.Errorf("tried %d times", n)
	}
	settled(t, b, contract.MatcherHearsRequest.Name)
	if len(h.dead) != 0 {
		t.Errorf("put aside: %+v", receive(t, h.dead, "a letter"))
	}
}

func TestConsumePutsAside(t *testing.T) {
	t.Parallel()
	wrongVersion := `{"schema_version":2,"id":"x"}`
	cases := map[string]struct {
		payload string // instead of a well-formed event
		handle  func(contract.Event) error
		reason  string
		tries   int
	}{
		"undecodable":     {payload: "{", reason: bus.ReasonUndecodable, tries: 1},
		"unknown version": {payload: wrongVersion, reason: bus.ReasonUnknownVersion, tries: 1},
		"panic":           {handle: func(contract.Event) error { panic("bad") }, reason: bus.ReasonPanic, tries: 1},
		"too many tries": {
			handle: func(contract.Event) error { return fault.NewConflict("taken", "") },
			reason: bus.ReasonTooManyTries + ": conflict taken", tries: bus.MaxTries,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, b := streaming(t)
			h := newHearing()
			consume(t, b, contract.MatcherHearsRequest, h.handler(func(e contract.Event) error {
				if e.AggregateID == "poison" {
					return c.handle(e)
				}
				return nil
			}))
			poison := fact(1)
			poison.AggregateID = "poison"
			if c.payload == "" {
				publish(t, b, poison)
			} else {
				raw := &nats.Msg{Subject: poison.Subject(), Data: []byte(c.payload), Header: nats.Header{nats.MsgIdHdr: {string(poison.ID)}}}
				if err := b.Conn().PublishMsg(raw); err != nil {
					t.Fatal(err)
				}
			}
			publish(t, b, fact(2))
			if got := receive(t, h.events, "the fact behind the poison"); got.AggregateID != "2" {
				t.Errorf("handled %+v", got)
			}
			letter := receive(t, h.dead, "the dead letter")
			payload := string(letter.Payload)
			letter.Payload = nil
			want := bus.DeadLetter{Consumer: contract.MatcherHearsRequest.Name, EventID: poison.ID, Subject: poison.Subject(), Reason: c.reason, Tries: c.tries}
			if diff := cmp.Diff(want, letter); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(payload, c.payload) || payload == "" {
				t.Errorf("payload %q", payload)
			}
			settled(t, b, contract.MatcherHearsRequest.Name)
		})
	}
}

func TestConsumeKeepsWhatCannotBePutAside(t *testing.T) {
	t.Parallel()
	_, b := streaming(t)
	var deaths atomic.Int32
	kept := make(chan bus.DeadLetter, 1)
	consume(t, b, contract.MatcherHearsRequest, bus.Handler{
		FirstRetry: quick,
		Handle:     func(context.Context, []contract.Event) error { panic("bad") },
		Dead: func(_ context.Context, letter bus.DeadLetter) error {
			switch deaths.Add(1) {
			case 1:
				return errors.New("no database")
			case 2:
				panic("no luck either")
			}
			kept <- letter
			return nil
		},
	})
	publish(t, b, fact(1))
	if letter := receive(t, kept, "the dead letter"); letter.Reason != bus.ReasonPanic || letter.Tries != 3 {
		t.Errorf("kept %+v", letter)
	}
	settled(t, b, contract.MatcherHearsRequest.Name)
}

func TestUnavailableNeverCounts(t *testing.T) {
	t.Parallel()
	_, b := streaming(t)
	var tries atomic.Int32
	h := newHearing()
	consume(t, b, contract.MatcherHearsRequest, h.handler(func(contract.Event) error {
		if tries.Add(1) <= bus.MaxTries+2 {
			return fault.NewUnavailable(errors.New("database down"))
		}
		return nil
	}))
	publish(t, b, fact(1))
	receive(t, h.events, "the fact after the outage")
	if len(h.dead) != 0 {
		t.Errorf("an outage put a fact aside: %+v", receive(t, h.dead, "a letter"))
	}
}

func TestConsumeAtOnce(t *testing.T) {
	t.Parallel()
	const slots = 8
	_, b := streaming(t)
	arrived, release := make(chan struct{}, slots), make(chan struct{})
	consume(t, b, contract.MatcherHearsRequest, bus.Handler{Concurrency: slots, Handle: func(context.Context, []contract.Event) error {
		arrived <- struct{}{}
		<-release
		return nil
	}})
	for n := range slots {
		publish(t, b, fact(n))
	}
	for range slots {
		receive(t, arrived, "all handlers to run at the same time")
	}
	close(release)
}

func TestConsumeHandsOverTogether(t *testing.T) {
	t.Parallel()
	const facts, batch = 40, 16
	_, b := streaming(t)
	for n := range facts {
		publish(t, b, fact(n))
	}
	sizes := make(chan int, facts)
	h := newHearing()
	handler := h.handler(func(e contract.Event) error {
		if e.AggregateID == "7" {
			panic("defect")
		}
		return nil
	})
	handle := handler.Handle
	handler.Batch = batch
	handler.Handle = func(ctx context.Context, events []contract.Event) error {
		sizes <- len(events)
		return handle(ctx, events)
	}
	consume(t, b, contract.MatcherHearsRequest, handler)
	if letter := receive(t, h.dead, "the dead letter"); letter.Reason != bus.ReasonPanic || letter.Tries != 1 {
		t.Errorf("put aside %+v", letter)
	}
	seen := map[string]bool{}
	for len(seen) < facts-1 {
		seen[receive(t, h.events, "an event").AggregateID] = true
	}
	settled(t, b, contract.MatcherHearsRequest.Name)
	if seen["7"] || len(h.dead) > 0 {
		t.Errorf("the poisoned fact was handled: %v; others were put aside: %d", seen["7"], len(h.dead))
	}
	close(sizes)
	largest := 0
	for n := range sizes {
		largest = max(largest, n)
	}
	if largest < 2 || largest > batch {
		t.Errorf("at most %d facts came together", largest)
	}
}

func TestConsumeEndWaitsForHandlers(t *testing.T) {
	t.Parallel()
	server, b := streaming(t)
	reached, release := make(chan struct{}, 1), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var finished atomic.Bool
	ended := make(chan error, 1)
	go func() {
		ended <- b.Consume(ctx, contract.MatcherHearsRequest, bus.Handler{FirstRetry: quick, Handle: func(ctx context.Context, _ []contract.Event) error {
			reached <- struct{}{}
			<-release
			finished.Store(true)
			return ctx.Err()
		}})
	}()
	for n := range 5 {
		publish(t, b, fact(n))
	}
	receive(t, reached, "a handler to begin")
	cancel()
	close(release)
	if err := receive(t, ended, "the end"); err != nil || !finished.Load() {
		t.Errorf("ended with %v, handler finished: %v", err, finished.Load())
	}

	other := newHearing()
	consume(t, server.connect(t, "matcher"), contract.MatcherHearsRequest, other.handler(fine))
	seen := map[string]bool{}
	for len(seen)+len(reached)+1 < 5 {
		seen[receive(t, other.events, "what the first gave back").AggregateID] = true
	}
}

func TestConsumeOutlivesRestart(t *testing.T) {
	t.Parallel()
	server, b := streaming(t)
	h := newHearing()
	consume(t, b, contract.MatcherHearsRequest, h.handler(fine))
	publish(t, b, fact(1))
	receive(t, h.events, "the fact before the restart")
	server.stop()
	eventually(t, "publishing fails", func() bool {
		_, err := b.Publish(t.Context(), fact(0))
		return fault.Is(err, fault.Unavailable)
	})
	server.start(t)
	publishWhenUp(t, b, fact(2))
	eventually(t, "the fact after the restart arrives", func() bool {
		return receive(t, h.events, "an event").AggregateID == "2"
	})
}

func TestConsumeOutlivesDeletion(t *testing.T) {
	t.Parallel()
	deletions := map[string]func(nats.JetStreamManager) error{
		"stream":  func(js nats.JetStreamManager) error { return js.DeleteStream(contract.StreamName) },
		"durable": func(js nats.JetStreamManager) error { return js.DeleteConsumer(contract.StreamName, "matcher_request") },
	}
	for name, remove := range deletions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, b := streaming(t)
			h := newHearing()
			consume(t, b, contract.MatcherHearsRequest, h.handler(fine))
			publish(t, b, fact(1))
			receive(t, h.events, "the fact before the deletion")
			js, err := b.Conn().JetStream()
			if err != nil {
				t.Fatal(err)
			}
			if err := remove(js); err != nil {
				t.Fatal(err)
			}
			publishWhenUp(t, b, fact(2))
			eventually(t, "the fact after the deletion arrives", func() bool {
				return receive(t, h.events, "an event").AggregateID == "2"
			})
		})
	}
}

// publishWhenUp publishes as the relay does: until it is stored.
func publishWhenUp(t *testing.T, b *bus.Bus, event contract.Event) {
	t.Helper()
	eventually(t, "event "+strconv.Quote(event.AggregateID)+" is published", func() bool {
		_, err := b.Publish(t.Context(), event)
		return err == nil
	})
}
