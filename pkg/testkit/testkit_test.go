package testkit_test

import (
	"context"
	"testing"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/testkit"
)

func TestDatabasesAreSeparateAndLimited(t *testing.T) {
	t.Parallel()
	schemas := []string{"request", "offer"}
	first, second := testkit.NewDatabase(t, schemas...), testkit.NewDatabase(t, schemas...)
	mine := first.Admin(t)
	mine.MustExec(`CREATE TABLE request.probe (n int)`)

	var seen bool
	const q = `SELECT to_regclass('request.probe') IS NOT NULL`
	if err := second.Admin(t).Get(&seen, q); err != nil || seen {
		t.Errorf("the other database sees the table: %v, %v", seen, err)
	}
	role := first.Open(t, "request")
	if _, err := role.Exec(`INSERT INTO probe VALUES (1)`); err != nil {
		t.Errorf("the role cannot write its own table: %v", err)
	}
	for _, statement := range []string{
		`CREATE TABLE request.other (n int)`,
		`CREATE TEMPORARY TABLE other (n int)`,
		`DROP TABLE request.probe`,
		`CREATE TABLE offer.other (n int)`,
	} {
		if _, err := role.Exec(statement); err == nil {
			t.Errorf("the role may %s", statement)
		}
	}
	if _, err := first.Open(t, "offer").Exec(`SELECT * FROM request.probe`); err == nil {
		t.Error("a role reads another's schema")
	}
}

func TestChineseSearch(t *testing.T) {
	t.Parallel()
	var trigrams int
	const q = `SELECT cardinality(show_trgm('医用防护口罩'))`
	if err := testkit.NewDatabase(t, "request").Admin(t).Get(&trigrams, q); err != nil || trigrams == 0 {
		t.Errorf("pg_trgm sees %d trigrams in Chinese: %v", trigrams, err)
	}
}

func TestServerKeepsFactsOverRestartButNotOverWipe(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	speaker := testkit.Bus(t, server, "request")
	event := contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest,
		State: "open", AggregateID: contract.NewID[string](), Version: 1, Time: time.Now(), Organisation: "root",
	}
	if _, err := speaker.Publish(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	server.Start(t)
	if state := stateOf(t, server); state.LastSeq != 1 {
		t.Errorf("after a restart the last sequence is %d, not 1", state.LastSeq)
	}
	server.Wipe(t)
	server.Start(t)
	server.Provision(t)
	if state := stateOf(t, server); state.LastSeq != 0 {
		t.Errorf("after a wipe the last sequence is %d, not 0", state.LastSeq)
	}
}

func stateOf(t *testing.T, server *testkit.Server) bus.StreamState {
	t.Helper()
	state, err := testkit.Bus(t, server, "request").StreamState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestClock(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(time.Time{})
	start := clock.Now()
	if got := clock.Advance(time.Hour); !got.Equal(start.Add(time.Hour)) || !clock.Now().Equal(got) {
		t.Errorf("Advance gave %v after %v", got, start)
	}
	clock.Set(start)
	if !clock.Now().Equal(start) {
		t.Errorf("Set(%v) left %v", start, clock.Now())
	}
}

// TestDepsConnectServices stands for a service's test: one service answers, the
// other calls, each with its own rights.
func TestDepsConnectServices(t *testing.T) {
	t.Parallel()
	world := testkit.NewWorld(t, "request", "web")
	request, web := world.Deps(t, "request"), world.Deps(t, "web")
	server, err := bus.NewServer(request.Bus, "request")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	err = bus.Handle(server, contract.RequestCount, func(ctx context.Context, _ contract.Empty) (contract.Counts, error) {
		var one int
		return contract.Counts{}, request.DB.GetContext(ctx, &one, `SELECT 1`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bus.Call(contract.WithActor(t.Context(), contract.System()), web.Bus, contract.RequestCount, contract.Empty{}); err != nil {
		t.Error(err)
	}
	snapshot, err := web.Reference.Get()
	if err != nil {
		t.Fatal(err)
	}
	if got := snapshot.Coordinator("610113"); got != testkit.Xian {
		t.Errorf("610113 is coordinated by %q", got.Code)
	}
	if start := world.Clock.Now(); !request.Clock().Equal(start) || !web.Clock().Equal(start) {
		t.Error("the services have clocks of their own")
	}
}
