package letter_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/inbox"
	"heli/pkg/letter"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

// bench is the offer service's letters over a real database and bus.
type bench struct {
	t       *testing.T
	worker  *pg.DB
	web     *bus.Bus
	handled atomic.Int64
	failing atomic.Bool
	entries chan contract.AuditEntry
}

func setup(t *testing.T) *bench {
	t.Helper()
	world := testkit.NewWorld(t, "offer")
	deps := world.Deps(t, "offer")
	b := &bench{t: t, worker: deps.Worker, web: testkit.Bus(t, world.Server, "web"), entries: make(chan contract.AuditEntry, 10)}
	directory, err := bus.NewServer(testkit.Bus(t, world.Server, "directory"), "directory")
	must(t, err)
	t.Cleanup(directory.Stop)
	must(t, bus.Handle(directory, contract.DirectoryAudit, func(_ context.Context, e contract.AuditEntry) (contract.Empty, error) {
		b.entries <- e
		return contract.Empty{}, nil
	}))
	server, err := bus.NewServer(deps.Bus, "offer")
	must(t, err)
	t.Cleanup(server.Stop)
	must(t, letter.Answer(server, letter.Desk{
		Service: "offer", DB: deps.Worker, Bus: deps.Bus, Handlers: map[string]inbox.Handler{contract.OfferHearsMatch.Name: b.handle},
	}))
	return b
}

func (b *bench) handle(_ context.Context, events []contract.Event, _ inbox.Once) error {
	if b.failing.Load() {
		return errors.New("still broken")
	}
	b.handled.Add(int64(len(events)))
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put stores a dead letter and returns its id.
func (b *bench) put(payload string) int64 {
	b.t.Helper()
	var id int64
	must(b.t, b.worker.GetContext(b.t.Context(), &id, `INSERT INTO dead_letters (consumer, subject, payload, reason, tries)
		VALUES ('offer_match', 'evt.match.proposed.root', $1, 'broken', 5) RETURNING id`, []byte(payload)))
	return id
}

func (b *bench) as(path string) context.Context {
	return contract.WithActor(b.t.Context(), contract.Actor{Role: contract.RoleAdministrator, Path: path})
}

const event = `{"schema_version":1,"id":"01900000-0000-7000-8000-000000000001","thing":"match","state":"proposed"}`

func TestLettersAreReplayedEachForItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	calls, root := contract.DeadLettersOf("offer"), b.as(contract.RootPath)
	good, unreadable := b.put(event), b.put("no json")
	list, err := bus.Call(root, b.web, calls.List, contract.ListDeadLetters{})
	must(t, err)
	if list.Count != 2 || len(list.Items) != 2 || list.Items[0].ID != unreadable || list.Items[1].Reason != "broken" {
		t.Errorf("listed %+v", list)
	}
	b.failing.Store(true)
	replayed, err := bus.Call(root, b.web, calls.Replay, contract.ReplayDeadLetters{IDs: []int64{good}})
	must(t, err)
	if replayed.Items[0].Problem == "" {
		t.Error("a letter that fails again is taken for handled")
	}
	b.failing.Store(false)
	replayed, err = bus.Call(root, b.web, calls.Replay, contract.ReplayDeadLetters{IDs: []int64{unreadable, good, 9999}})
	must(t, err)
	if replayed.Items[0].Problem != "invalid" || replayed.Items[1].Problem != "" || replayed.Items[2].Problem != "not_found" || b.handled.Load() != 1 {
		t.Errorf("replayed %+v, handled %d", replayed.Items, b.handled.Load())
	}
	if entry := <-b.entries; entry.Action != contract.ActReplayLetters("offer") || entry.Path != contract.RootPath {
		t.Errorf("recorded %+v", entry)
	}
	if list, err = bus.Call(root, b.web, calls.List, contract.ListDeadLetters{}); err != nil || list.Count != 1 {
		t.Errorf("left %+v %v", list, err)
	}
}

func TestLettersAreDroppedWithAReasonByTheTopAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	calls, id := contract.DeadLettersOf("offer"), b.put(event)
	drop := contract.DropDeadLetters{IDs: []int64{id}, Reason: "示例"}
	if _, err := bus.Call(b.as("root/shaanxi/"), b.web, calls.Drop, drop); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a province drops: %v", err)
	}
	if _, err := bus.Call(b.as(contract.RootPath), b.web, calls.Drop, contract.DropDeadLetters{IDs: []int64{id}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if len(b.entries) != 0 {
		t.Error("a refused drop was recorded")
	}
	_, err := bus.Call(b.as(contract.RootPath), b.web, calls.Drop, drop)
	must(t, err)
	if entry := <-b.entries; entry.Action != contract.ActDropLetters("offer") || entry.Reason != "示例" {
		t.Errorf("recorded %+v", entry)
	}
	if list, err := bus.Call(b.as(contract.RootPath), b.web, calls.List, contract.ListDeadLetters{}); err != nil || list.Count != 0 {
		t.Errorf("left %+v %v", list, err)
	}
}
