package crash_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/outbox"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

// manyEvents are more than one batch of the relay.
const manyEvents = 300

// scene is a schema that speaks, one that hears, and the way between them.
type scene struct {
	database *testkit.Database
	server   *testkit.Server
	speaker  *pg.DB
	hearer   *pg.DB
	events   int // committed so far
}

func newScene(t *testing.T) *scene {
	t.Helper()
	database := testkit.NewDatabase(t, "matcher", "request")
	database.Admin(t).MustExec(`CREATE TABLE request.effect (event_id uuid NOT NULL)`)
	s := &scene{
		database: database, server: testkit.NATS(t),
		speaker: database.Open(t, "matcher"), hearer: database.Open(t, "request"),
	}
	s.redeliverSoon(t)
	s.commitEvents(t, manyEvents)
	return s
}

// redeliverSoon gives what a dead process held to the next one sooner.
func (s *scene) redeliverSoon(t *testing.T) {
	t.Helper()
	js, err := jetstream.New(s.server.Conn(t, embedded.Administrator))
	if err != nil {
		t.Fatal(err)
	}
	durable, err := js.Consumer(t.Context(), contract.StreamName, contract.RequestHearsMatch.Name)
	if err != nil {
		t.Fatal(err)
	}
	config := durable.CachedInfo().Config
	config.AckWait = time.Second
	if _, err := js.UpdateConsumer(t.Context(), contract.StreamName, config); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) commitEvents(t *testing.T, n int) {
	t.Helper()
	s.events += n
	events := make([]contract.Event, n)
	for i := range events {
		events[i] = contract.Event{
			SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingMatch, State: "accepted",
			AggregateID: contract.NewID[string](), Version: 1, Time: time.Now().UTC(), Organisation: "root",
		}
	}
	err := s.speaker.InTx(t.Context(), func(tx *sqlx.Tx) error { return outbox.Add(t.Context(), tx, events...) })
	if err != nil {
		t.Fatal(err)
	}
}

// run runs the victim, armed for a place or not, and returns how it ended.
func (s *scene) run(t *testing.T, program, place string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program) //nolint:gosec // built by this test
	cmd.Stderr = t.Output()
	cmd.Env = append(os.Environ(),
		"HELI_CRASH="+place,
		"VICTIM_EVENTS="+strconv.Itoa(s.events),
		"VICTIM_NATS="+s.server.URL(),
		"VICTIM_DATABASE_matcher="+s.database.URL("matcher"),
		"VICTIM_DATABASE_request="+s.database.URL("request"),
		"VICTIM_SEED_matcher="+s.server.Seed("matcher"),
		"VICTIM_SEED_request="+s.server.Seed("request"))
	return cmd.Run()
}

// check finds lost, doubled and stuck events.
func (s *scene) check(t *testing.T) {
	t.Helper()
	const q = `SELECT count(*) AS effects, count(DISTINCT event_id) AS events FROM effect`
	var seen struct {
		Effects int `db:"effects"`
		Events  int `db:"events"`
	}
	if err := s.hearer.Get(&seen, q); err != nil {
		t.Fatal(err)
	}
	if seen.Effects != s.events || seen.Events != s.events {
		t.Errorf("%d effects of %d events, not %d of each", seen.Effects, seen.Events, s.events)
	}
	waiting, _, err := outbox.Lag(t.Context(), s.speaker)
	if err != nil || waiting != 0 {
		t.Errorf("%d events wait: %v", waiting, err)
	}
	for _, db := range []*pg.DB{s.speaker, s.hearer} {
		var letters int
		if err := db.Get(&letters, `SELECT count(*) FROM dead_letters`); err != nil || letters != 0 {
			t.Errorf("%d dead letters: %v", letters, err)
		}
	}
}

func build(t *testing.T, tags string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "victim")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", program, "./testdata/victim").CombinedOutput()
	if err != nil {
		t.Fatalf("build victim: %v\n%s", err, out)
	}
	return program
}

func TestNoEventIsLostOrDoubledByACrash(t *testing.T) {
	t.Parallel()
	program := build(t, "crash")
	places := []string{
		"pg.before_commit", "pg.after_commit:2", "pg.before_commit:6",
		"outbox.before_publish", "outbox.published", "outbox.published:2", "outbox.marked",
		"inbox.before_commit", "inbox.before_commit:3", "inbox.committed:2", "inbox.committed:5",
	}
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			if err := s.run(t, program, place); !killed(err) {
				t.Fatalf("the victim was not killed: %v", err)
			}
			// The relay looks at the stream before it publishes anything new: when
			// this has arrived, it has done with what a crash left in doubt.
			s.commitEvents(t, 1)
			if err := s.run(t, program, ""); err != nil {
				t.Fatalf("the victim did not recover: %v", err)
			}
			s.check(t)
		})
	}
}

func TestWithoutTheTagNothingCrashes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if err := s.run(t, build(t, ""), "outbox.published"); err != nil {
		t.Fatal(err)
	}
	s.check(t)
}

func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
