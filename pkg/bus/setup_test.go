package bus_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// patienceOfTests bounds every wait of a test; a passing test never comes near.
const patienceOfTests = 30 * time.Second

type natsServer struct {
	*server.Server
	options *server.Options
}

// startNATS starts a JetStream server on a free port in a folder of the test.
func startNATS(t *testing.T, adjust ...func(*server.Options)) *natsServer {
	t.Helper()
	o := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(),
		MaxPayload: bus.MaxPayloadBytes, NoLog: true, NoSigs: true,
	}
	for _, f := range adjust {
		f(o)
	}
	s := &natsServer{options: o}
	s.start(t)
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *natsServer) start(t *testing.T) {
	t.Helper()
	running, err := server.NewServer(s.options)
	if err != nil {
		t.Fatalf("make NATS server: %v", err)
	}
	go running.Start()
	if !running.ReadyForConnections(patienceOfTests) {
		t.Fatal("NATS server did not start")
	}
	s.Server = running
	// A restart listens where the clients look.
	s.options.Port = running.Addr().(*net.TCPAddr).Port
}

func (s *natsServer) stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// connect opens a bus that the test closes.
func (s *natsServer) connect(t *testing.T, name string, adjust ...func(*bus.Options)) *bus.Bus {
	t.Helper()
	o := bus.Options{URL: s.ClientURL(), Name: name, Log: slog.New(slog.DiscardHandler)}
	for _, f := range adjust {
		f(&o)
	}
	b, err := bus.Connect(t.Context(), o)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

func ensureStream(t *testing.T, nc *nats.Conn) {
	t.Helper()
	if err := bus.EnsureStream(t.Context(), nc); err != nil {
		t.Fatal(err)
	}
}

// serve starts a server of the name that the test stops.
func serve(t *testing.T, b *bus.Bus, name string) *bus.Server {
	t.Helper()
	s, err := bus.NewServer(b, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.LetEverybody()
	return s
}

func handle[Q, R any](t *testing.T, s *bus.Server, e contract.Endpoint[Q, R], f func(context.Context, Q) (R, error)) {
	t.Helper()
	if err := bus.Handle(s, e, f); err != nil {
		t.Fatal(err)
	}
}

// fact returns a well-formed event about a request.
func fact(n int) contract.Event {
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest,
		State: "open", AggregateID: fmt.Sprint(n), Version: 1, Organisation: "root", Time: time.Unix(int64(n), 0).UTC(),
	}
}

func publish(t *testing.T, b *bus.Bus, event contract.Event) uint64 {
	t.Helper()
	seq, err := b.Publish(t.Context(), event)
	if err != nil {
		t.Fatalf("publish: %v", err)
	}
	return seq
}

// consume runs a consumer until the test ends.
func consume(t *testing.T, b *bus.Bus, c contract.Consumer, h bus.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := b.Consume(ctx, c, h); err != nil {
			t.Errorf("consume: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
}

// receive returns the next value of a channel.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patienceOfTests):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// eventually repeats a check until it holds.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	deadline := time.NewTimer(patienceOfTests)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-deadline.C:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}
