package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
)

const (
	referenceInterval   = time.Minute
	referenceFirstRetry = 100 * time.Millisecond
	referenceLastRetry  = 5 * time.Second
)

var (
	errNotReady     = errors.New("not ready yet")
	errNoReference  = errors.New("the reference data has not been loaded yet")
	errNoBroadcasts = errors.New("the broadcasts ended")
)

// Reference keeps the regions, categories, items and coordinators of the
// directory at hand. It is safe for concurrent use.
type Reference struct {
	bus     *bus.Bus // nil when the snapshot is fixed
	log     *slog.Logger
	named   bool
	current atomic.Pointer[reference.Snapshot]
	wake    chan struct{}
	loaded  chan struct{}
	first   sync.Once
}

// NewReference returns a reference that is empty until Run loads it; the regions
// have names only for who speaks to people.
func NewReference(b *bus.Bus, log *slog.Logger, named bool) *Reference {
	return &Reference{bus: b, log: log, named: named, wake: make(chan struct{}, 1), loaded: make(chan struct{})}
}

// FixedReference returns a reference that never changes, for tests and tools.
func FixedReference(s *reference.Snapshot) *Reference {
	r := NewReference(nil, slog.New(slog.DiscardHandler), true)
	r.set(s)
	return r
}

// Get returns the newest snapshot, or Unavailable before the first load.
func (r *Reference) Get() (*reference.Snapshot, error) {
	if s := r.current.Load(); s != nil {
		return s, nil
	}
	return nil, fault.NewUnavailable(errNoReference)
}

// Loaded returns a channel that is closed once Get succeeds.
func (r *Reference) Loaded() <-chan struct{} { return r.loaded }

// Wait returns the newest snapshot as soon as there is one, or Unavailable when
// ctx ends before.
func (r *Reference) Wait(ctx context.Context) (*reference.Snapshot, error) {
	select {
	case <-r.loaded:
		return r.Get()
	case <-ctx.Done():
		return nil, fault.NewUnavailable(ctx.Err())
	}
}

// Run loads the data, trying again until the directory answers, and again when
// the directory tells of a change and every minute, until ctx ends; then it
// returns nil. An old snapshot stays while a newer one cannot be had.
func (r *Reference) Run(ctx context.Context) error {
	if r.bus == nil {
		<-ctx.Done()
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var listening sync.WaitGroup
	defer listening.Wait()
	defer cancel(nil)
	listening.Go(func() { cancel(r.listen(ctx)) })
	r.follow(ctx)
	if errors.Is(context.Cause(ctx), errNoBroadcasts) {
		return fault.NewUnavailable(context.Cause(ctx))
	}
	return nil
}

// listen ends with an error only when the connection was closed for good.
func (r *Reference) listen(ctx context.Context) error {
	err := r.bus.Listen(ctx, contract.ReferenceChanged, func(string, []byte) {
		select {
		case r.wake <- struct{}{}:
		default: // a load is due already
		}
	})
	if err != nil && ctx.Err() == nil {
		return errors.Join(errNoBroadcasts, err)
	}
	return nil
}

func (r *Reference) follow(ctx context.Context) {
	retry := referenceFirstRetry
	for ctx.Err() == nil {
		wait := referenceInterval
		if err := r.load(ctx); err != nil {
			r.log.Debug("could not load the reference data, trying again", "error", err)
			wait, retry = retry, min(2*retry, referenceLastRetry)
		} else {
			retry = referenceFirstRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (r *Reference) load(ctx context.Context) error {
	var have int64
	if s := r.current.Load(); s != nil {
		have = s.Version()
	}
	ctx = contract.WithActor(ctx, contract.System())
	answer, err := bus.Call(ctx, r.bus, contract.DirectoryReference, contract.AskReference{Have: have, Unnamed: !r.named})
	if err != nil || answer.Reference == nil {
		return err
	}
	r.set(reference.NewSnapshot(*answer.Reference))
	r.log.Info("loaded the reference data", "version", answer.Reference.Version)
	return nil
}

func (r *Reference) set(s *reference.Snapshot) {
	r.current.Store(s)
	r.first.Do(func() { close(r.loaded) })
}
