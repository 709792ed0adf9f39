package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// StopTime is how long a process takes at most to stop in order.
const StopTime = 20 * time.Second

// stopOrder is the order in which services stop: who calls before who answers.
var stopOrder = []string{"web", "notify", "matcher", "offer", "request", "directory"}

// Task is a part of the process that runs until its context ends.
type Task struct {
	Name string
	Run  func(context.Context) error
}

// ServiceTask returns a service as a task. Its reference data is kept fresh for
// as long as the service runs.
func ServiceTask(d Deps, run func(context.Context, Deps) error) Task {
	return Task{Name: d.Name, Run: func(ctx context.Context) error {
		if d.Reference == nil {
			return run(ctx, d)
		}
		d.Health.Check(d.Name+"/reference", func(context.Context) error {
			_, err := d.Reference.Get()
			return err
		})
		keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
		kept := make(chan error, 1)
		go func() { kept <- d.Reference.Run(keeping) }()
		err := run(ctx, d)
		stop()
		return errors.Join(err, <-kept)
	}}
}

// SortTasks puts services into the order in which they stop: web first, then
// notify, matcher, offer, request and directory; others come last, as they were.
func SortTasks(tasks []Task) {
	rank := func(t Task) int {
		if i := slices.Index(stopOrder, t.Name); i >= 0 {
			return i
		}
		return len(stopOrder)
	}
	slices.SortStableFunc(tasks, func(a, b Task) int { return rank(a) - rank(b) })
}

// RunAll starts all tasks at once. When ctx ends, or any task does, it stops
// them one by one in the order given, each after the one before has returned.
//
// It returns the errors of the tasks; a task that ends by itself is an error. A
// task that has not returned after StopTime in all is named in the error and
// left behind: the process is to exit.
func RunAll(ctx context.Context, log *slog.Logger, tasks ...Task) error {
	g := &group{log: log, ended: make(chan struct{})}
	g.start(ctx, tasks)
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case <-g.ended:
	}
	patience := time.NewTimer(StopTime)
	defer patience.Stop()
	for i, r := range g.running {
		r.cancel()
		select {
		case <-r.done:
		case <-patience.C:
			return errors.Join(g.failure(), abandoned(g.running[i:]))
		}
	}
	return g.failure()
}

// group is what RunAll watches over.
type group struct {
	log     *slog.Logger
	running []*runningTask
	ended   chan struct{} // closed when a task ended before it was told to
	once    sync.Once
	mu      sync.Mutex
	errs    []error
}

type runningTask struct {
	Task
	cancel context.CancelFunc
	done   chan struct{}
}

func (g *group) start(parent context.Context, tasks []Task) {
	for _, task := range tasks {
		ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
		r := &runningTask{Task: task, cancel: cancel, done: make(chan struct{})}
		g.running = append(g.running, r)
		go func() {
			defer close(r.done)
			g.finish(ctx, r, r.Run(ctx))
		}()
	}
}

func (g *group) finish(ctx context.Context, r *runningTask, err error) {
	told := ctx.Err() != nil
	switch {
	case told && (err == nil || errors.Is(err, context.Canceled)):
		g.log.Debug("stopped", "task", r.Name)
		return
	case err == nil:
		err = errors.New("it ended by itself")
	}
	g.mu.Lock()
	g.errs = append(g.errs, fmt.Errorf("%s: %w", r.Name, err))
	g.mu.Unlock()
	if !told {
		g.once.Do(func() { close(g.ended) })
	}
}

func (g *group) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.errs...)
}

// abandoned cancels what is left and names it.
func abandoned(left []*runningTask) error {
	var names []string
	for _, r := range left {
		r.cancel()
		names = append(names, r.Name)
	}
	return fmt.Errorf("not stopped after %s: %v", StopTime, names)
}
