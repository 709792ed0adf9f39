package app_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"heli/pkg/app"
)

// diary notes what happened in which order.
type diary struct {
	mu      sync.Mutex
	entries []string
}

func (d *diary) note(entry string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, entry)
}

// task is one that runs until told to stop and then takes its time.
func (d *diary) task(name string, takes time.Duration, err error) app.Task {
	return app.Task{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		time.Sleep(takes) // in synthetic time
		d.note(name)
		return err
	}}
}

func TestRunAllStopsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, cancel := context.WithCancel(t.Context())
		tasks := []app.Task{
			d.task("directory", 0, nil), d.task("operators", 0, nil), d.task("request", 0, context.Canceled),
			d.task("web", 8*time.Second, nil), d.task("offer", 0, nil), d.task("matcher", time.Second, nil), d.task("notify", 5*time.Second, nil),
		}
		app.SortTasks(tasks)
		time.AfterFunc(time.Hour, cancel)
		if err := app.RunAll(ctx, slog.New(slog.DiscardHandler), tasks...); err != nil {
			t.Error(err)
		}
		want := []string{"web", "notify", "matcher", "offer", "request", "directory", "operators"}
		if !slices.Equal(d.entries, want) {
			t.Errorf("stopped %v", d.entries)
		}
	})
}

func TestRunAllEndsWithAnyTask(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"failed": {broken, "matcher: broken"}, "ended": {nil, "matcher: it ended by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d diary
			err := app.RunAll(t.Context(), slog.New(slog.DiscardHandler),
				d.task("web", 0, nil), d.task("request", 0, errors.New("stopping failed")),
				app.Task{Name: "matcher", Run: func(context.Context) error { return c.err }})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "request: stopping failed") {
				t.Errorf("got %v", err)
			}
			if !slices.Equal(d.entries, []string{"web", "request"}) {
				t.Errorf("stopped %v", d.entries)
			}
		})
	}
}

func TestRunAllDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		err := app.RunAll(ctx, slog.New(slog.DiscardHandler), d.task("web", 0, nil), d.task("notify", time.Minute, nil), d.task("request", 0, nil))
		if err == nil || !strings.Contains(err.Error(), "[notify request]") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != app.StopTime {
			t.Errorf("took %s", took)
		}
		time.Sleep(time.Hour) // lets the abandoned end before the bubble does
	})
}
