// Package testkit owns what tests need of the world: a real PostgreSQL and a
// real NATS in a moment, a database and a server for each test, and a clock
// that is set by hand. Only tests import it.
//
// It never imitates a server and never waits by sleeping.
package testkit

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"
)

// waitLimit bounds every wait for a server: generous, since it is reached only
// when something is broken.
const waitLimit = time.Minute

// Log returns a logger that writes warnings and errors to the test's output, and
// falls silent when the test ends.
func Log(t testing.TB) *slog.Logger {
	t.Helper()
	out := &output{t: t}
	t.Cleanup(out.close)
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// output keeps a late goroutine from writing to a test that is over.
type output struct {
	mu   sync.Mutex
	t    testing.TB
	over bool
}

// Write logs one line.
func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return len(line), nil
	}
	return o.t.Output().Write(line)
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
}

// DataDir returns an empty folder for the data of an embedded installation,
// removed after the test. Unlike t.TempDir it may be entered by the user that
// PostgreSQL runs as when the tests run as root.
func DataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "heli-")
	if err != nil {
		t.Fatalf("make data folder: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove data folder: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // entering it is the point
		t.Fatalf("open data folder: %v", err)
	}
	return dir
}

// Clock is a clock set by hand, safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at the time; at a fixed moment when it
// is zero, so that tests repeat.
func NewClock(now time.Time) *Clock {
	if now.IsZero() {
		now = time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC) // Monday, 09:00 in China
	}
	return &Clock{now: now.UTC()}
}

// Now returns the time; it fits app.Deps.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to the time, backwards too.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.UTC()
}

// Advance moves the clock and returns the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// must ends the test when err is not nil.
func must(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", doing, err))
	}
}
