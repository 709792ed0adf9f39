package app_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

// journal is a log that a test reads while others write.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := seal.Load(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// plainNATS is a server without users, as an operator may run one.
func plainNATS(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("NATS did not start")
	}
	return s
}

type extra struct {
	Greeting string `name:"greeting" env:"HELI_GREETING" default:"hello" help:"What to say."`
}

// greet has a subject that everybody may call.
var greet = contract.Endpoint[contract.Empty, string]{Subject: contract.DirectoryReference.Subject}

// greeter is a service: it checks that it was handed what it needs.
func greeter(deps chan<- app.Deps) func(context.Context, app.Deps, extra) error {
	return func(ctx context.Context, d app.Deps, c extra) error {
		if err := d.DB.PingContext(ctx); err != nil {
			return err
		}
		s, err := bus.NewServer(d.Bus, d.Name)
		if err != nil {
			return err
		}
		defer s.Stop()
		err = bus.Handle(s, greet, func(context.Context, contract.Empty) (string, error) {
			var path string
			err := d.DB.GetContext(ctx, &path, "SHOW search_path")
			return c.Greeting + " from " + path, err
		})
		if err != nil {
			return err
		}
		d.Ready()
		deps <- d
		<-ctx.Done()
		return nil
	}
}

func TestExecute(t *testing.T) {
	t.Parallel()
	nats := plainNATS(t)
	var log journal
	ctx, cancel := context.WithCancel(t.Context())
	args := []string{
		"--database-url", testkit.NewDatabase(t).AdminURL(), "--nats-url", nats.ClientURL(), "--keys", testkit.KeyFile(t),
		"--admin-listen", "127.0.0.1:0", "--greeting", "ni hao", "--log-format", "json", "--log-level", "debug",
	}
	deps, status := make(chan app.Deps, 1), make(chan int, 1)
	go func() { status <- app.Execute(ctx, args, &log, "directory", greeter(deps)) }()
	var d app.Deps
	select {
	case d = <-deps:
	case code := <-status:
		t.Fatalf("ended with %d:\n%s", code, log.String())
	}

	if d.Reference != nil {
		t.Error("the directory reads its own reference data over the bus")
	}
	got, err := bus.Call(t.Context(), d.Bus, greet, contract.Empty{})
	if err != nil || got != "ni hao from directory,public" {
		t.Errorf("greeted %q, %v", got, err)
	}
	waiting, done := context.WithTimeout(t.Context(), patience)
	defer done()
	if err := d.Health.Await(waiting); err != nil {
		t.Fatalf("not ready: %v", d.Health.Missing(t.Context()))
	}
	if status, body := get(t, "http://"+operatorAddress(t, log.String())+"/readyz"); status != 200 {
		t.Errorf("readyz: %d %s", status, body)
	}
	for _, err := d.Bus.StreamState(t.Context()); err != nil; _, err = d.Bus.StreamState(t.Context()) {
		if !fault.Is(err, fault.NotFound) {
			t.Fatal(err) // it makes the stream itself: this NATS has no administrator
		}
	}
	cancel()
	if code := <-status; code != 0 {
		t.Errorf("ended with %d:\n%s", code, log.String())
	}
	if err := d.DB.PingContext(t.Context()); err == nil {
		t.Error("the database was not closed")
	}
	if d.Bus.Connected() {
		t.Error("the bus was not closed")
	}
}

// operatorAddress finds where the admin listener is.
func operatorAddress(t *testing.T, log string) string {
	t.Helper()
	_, rest, found := strings.Cut(log, `"address":"`)
	address, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("no address in the log:\n%s", log)
	}
	return address
}

func TestExecuteInAnyOrder(t *testing.T) {
	t.Parallel()
	nats := testkit.NATS(t)
	nats.Stop(t)
	var log journal
	ctx, cancel := context.WithCancel(t.Context())
	args := []string{
		"--database-url", testkit.NewDatabase(t).AdminURL(), "--nats-url", nats.URL(), "--nats-seed", nats.Seed("directory"),
		"--keys", testkit.KeyFile(t), "--admin-listen", "127.0.0.1:0",
	}
	deps, status := make(chan app.Deps, 1), make(chan int, 1)
	go func() { status <- app.Execute(ctx, args, &log, "directory", greeter(deps)) }()
	var d app.Deps
	select {
	case d = <-deps: // it runs before NATS does
	case code := <-status:
		t.Fatalf("ended with %d:\n%s", code, log.String())
	}
	if missing := d.Health.Missing(t.Context()); strings.Join(missing, " ") != "directory/nats" {
		t.Errorf("missing %v", missing)
	}
	nats.Start(t)
	waiting, done := context.WithTimeout(t.Context(), patience)
	defer done()
	if err := d.Health.Await(waiting); err != nil {
		t.Fatalf("not ready: %v", d.Health.Missing(t.Context()))
	}
	cancel()
	if code := <-status; code != 0 || strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("ended with %d:\n%s", code, log.String())
	}
}

func TestExecuteFailsInOneSentence(t *testing.T) {
	t.Parallel()
	foreign := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(foreign, []byte("{}"), 0o644); err != nil { //nolint:gosec // being readable is the point
		t.Fatal(err)
	}
	cases := map[string]struct {
		args []string
		run  func(context.Context, app.Deps, extra) error
		want string
	}{
		"no database":    {args: []string{"--database-url="}, want: "directory: the database URL must look like postgres://"},
		"unknown flag":   {args: []string{"--nonsense"}, want: "see directory --help"},
		"no keys":        {args: []string{"--keys", "/nowhere/keys.json"}, want: "there is no key file /nowhere/keys.json"},
		"open keys":      {args: []string{"--keys", foreign}, want: "chmod 600"},
		"bad seed":       {args: []string{"--nats-seed", "nonsense"}, want: "read the NATS seed"},
		"service failed": {run: func(context.Context, app.Deps, extra) error { return errors.New("broken") }, want: "directory: directory: broken"},
	}
	database, keys := testkit.NewDatabase(t).AdminURL(), testkit.KeyFile(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log journal
			args := append([]string{
				"--database-url", database, "--keys", keys, "--nats-url", "nats://127.0.0.1:1", "--admin-listen", "127.0.0.1:0", "--log-level", "error",
			}, c.args...)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if code := app.Execute(ctx, args, &log, "directory", c.run); code != 1 {
				t.Errorf("ended with %d", code)
			}
			if got := log.String(); !strings.Contains(got, c.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("said %q, want %q", got, c.want)
			}
		})
	}
}

func TestEndWhileWaitingForPostgreSQL(t *testing.T) {
	t.Parallel()
	var log journal
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	args := []string{"--database-url", "postgres://nobody@127.0.0.1:1/none?sslmode=disable", "--keys", keyFile(t), "--admin-listen", "127.0.0.1:0"}
	run := func(context.Context, app.Deps, extra) error { return errors.New("it ran without a database") }
	if code := app.Execute(ctx, args, &log, "directory", run); code != 0 {
		t.Errorf("ended with %d:\n%s", code, log.String())
	}
}
