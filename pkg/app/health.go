package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// checkTime bounds each check of one look at the readiness.
const checkTime = 2 * time.Second

// Health knows whether the process lives and what it lacks to be ready. It is
// safe for concurrent use.
type Health struct {
	mu       sync.Mutex
	checks   map[string]func(context.Context) error
	stopping atomic.Bool
}

// NewHealth returns a health without any check: ready.
func NewHealth() *Health { return &Health{checks: map[string]func(context.Context) error{}} }

// Check adds a condition of readiness; a later one of the same name replaces it.
func (h *Health) Check(name string, check func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks[name] = check
}

// Expect adds a condition that holds once the returned function was called,
// which may be more than once.
func (h *Health) Expect(name string) (ready func()) {
	var done atomic.Bool
	h.Check(name, func(context.Context) error {
		if !done.Load() {
			return errNotReady
		}
		return nil
	})
	return func() { done.Store(true) }
}

// Stop makes the process not ready for good, so that nobody new is sent to it.
func (h *Health) Stop() { h.stopping.Store(true) }

// Missing returns the sorted names of the conditions that do not hold now;
// empty when ready.
func (h *Health) Missing(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var (
		mu      sync.Mutex
		missing []string
		all     sync.WaitGroup
	)
	for name, check := range h.snapshot() {
		all.Go(func() {
			if check(ctx) == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			missing = append(missing, name)
		})
	}
	all.Wait()
	if h.stopping.Load() {
		missing = append(missing, "stopping")
	}
	slices.Sort(missing)
	return missing
}

func (h *Health) snapshot() map[string]func(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	checks := make(map[string]func(context.Context) error, len(h.checks))
	for name, check := range h.checks {
		checks[name] = check
	}
	return checks
}

// Await returns nil once everything is ready, or ctx's error.
func (h *Health) Await(ctx context.Context) error {
	ticker := time.NewTicker(awaitInterval)
	defer ticker.Stop()
	for len(h.Missing(ctx)) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return ctx.Err()
}

const awaitInterval = 20 * time.Millisecond

// ServeAlive answers /healthz: 200 as long as the process answers at all.
func (h *Health) ServeAlive(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"alive": true})
}

// ServeReady answers /readyz: 200, or 503 with the names of what is missing. It
// tells no reason, since it may be public.
func (h *Health) ServeReady(w http.ResponseWriter, r *http.Request) {
	missing := h.Missing(r.Context())
	if len(missing) > 0 {
		answer(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "missing": missing})
		return
	}
	answer(w, http.StatusOK, map[string]any{"ready": true})
}

func answer(w http.ResponseWriter, status int, document map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // the prober is gone: nobody is left to tell
}
