package outbox

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

func newEvent(thing contract.Thing) contract.Event {
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: thing, State: "open",
		AggregateID: contract.NewID[string](), Version: 1, Time: time.Now().UTC(), Organisation: "root",
	}
}

func newEvents(n int) []contract.Event {
	events := make([]contract.Event, n)
	for i := range events {
		events[i] = newEvent(contract.ThingRequest)
	}
	return events
}

func add(t *testing.T, db *pg.DB, events ...contract.Event) {
	t.Helper()
	err := db.InTx(t.Context(), func(tx *sqlx.Tx) error { return Add(t.Context(), tx, events...) })
	if err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, db *pg.DB, q string, args ...any) int {
	t.Helper()
	var n int
	if err := db.GetContext(t.Context(), &n, q, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func waitingIn(t *testing.T, db *pg.DB) int {
	t.Helper()
	n, oldest, err := Lag(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if (n > 0) != (oldest > 0) {
		t.Errorf("%d events wait since %v", n, oldest)
	}
	return int(n)
}

// recorder passes everything to the bus and remembers what was published; it
// answers for the stream what a test wants to be seen.
type recorder struct {
	publisher
	mu      sync.Mutex
	sent    map[contract.EventID]int
	lastSeq func(uint64) uint64
}

func record(p publisher) *recorder {
	return &recorder{publisher: p, sent: map[contract.EventID]int{}, lastSeq: func(n uint64) uint64 { return n }}
}

func (r *recorder) PublishBatch(ctx context.Context, facts []bus.Fact) []bus.Receipt {
	r.mu.Lock()
	for _, f := range facts {
		r.sent[f.ID]++
	}
	r.mu.Unlock()
	return r.publisher.PublishBatch(ctx, facts)
}

func (r *recorder) StreamState(ctx context.Context) (bus.StreamState, error) {
	state, err := r.publisher.StreamState(ctx)
	state.LastSeq = r.lastSeq(state.LastSeq)
	return state, err
}

// times returns how often each of the events was sent.
func (r *recorder) times(events []contract.Event) map[int]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := map[int]int{}
	for _, e := range events {
		result[r.sent[e.ID]]++
	}
	return result
}

// bench is an outbox with a stream and a relay that works when told to.
type bench struct {
	db     *pg.DB
	server *testkit.Server
	bus    *bus.Bus
	sent   *recorder
	relay  *Relay
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{db: testkit.DB(t, "request"), server: testkit.NATS(t)}
	b.bus = testkit.Bus(t, b.server, "request")
	b.sent = record(b.bus)
	b.relay = b.newRelay(t)
	return b
}

func (b *bench) newRelay(t *testing.T) *Relay {
	return newRelay(b.db, b.sent, func() uint64 { return 0 }, testkit.Log(t))
}

func (b *bench) work(t *testing.T) {
	t.Helper()
	if err := b.relay.work(t.Context()); err != nil {
		t.Fatal(err)
	}
}
