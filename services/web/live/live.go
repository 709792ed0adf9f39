// Package live owns the way from facts on the bus to open pages: it forwards
// that something changed, to those who may see it, as server-sent events. It
// never carries more than ids and states, and is never relied on: a page also
// shows the truth when it is loaded.
package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

const (
	// waiting is how many changes a slow reader may lag behind before some are
	// left out; the next one makes the page look again.
	waiting = 64
	// beat keeps proxies from closing a silent stream, and bounds how long a
	// stream outlives its reader's role.
	beat = 15 * time.Second
	// writeTime is how long one write may take before the reader is given up.
	writeTime = 10 * time.Second
)

// Change says that a thing reached a state.
type Change struct {
	Thing   contract.Thing     `json:"thing"`
	ID      string             `json:"id"`
	State   string             `json:"state"`
	Version int64              `json:"version"`
	Request contract.RequestID `json:"request_id,omitempty"`
	Offer   contract.OfferID   `json:"offer_id,omitempty"`
	paths   []string
	present bool // only who looks at it changed
}

// Hub forwards changes to open streams. It is safe for concurrent use.
type Hub struct {
	// Presence is who looks at what.
	Presence *Presence

	mu      sync.Mutex
	streams map[chan Change]struct{}
	closed  bool
}

// New returns a hub without readers.
func New(clock func() time.Time) *Hub {
	return &Hub{Presence: newPresence(clock), streams: map[chan Change]struct{}{}}
}

// Run forwards facts from the bus until ctx ends, then closes every stream.
func (h *Hub) Run(ctx context.Context, b *bus.Bus) error {
	defer h.close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.runDesk(ctx, b) })
	group.Go(func() error { return h.runSweep(ctx) })
	group.Go(func() error { return h.runFacts(ctx, b) })
	return group.Wait()
}

func (h *Hub) runFacts(ctx context.Context, b *bus.Bus) error {
	return b.Listen(ctx, contract.LiveSubject, func(_ string, data []byte) {
		if !h.watched() {
			return // decoding what nobody looks at would take most of it
		}
		var event contract.Event
		if json.Unmarshal(data, &event) == nil && event.SchemaVersion == contract.EventVersion {
			h.spread(event)
		}
	})
}

// watched reports whether anybody reads.
func (h *Hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams) > 0
}

func (h *Hub) spread(event contract.Event) {
	h.send(Change{
		Thing: event.Thing, ID: event.AggregateID, State: event.State, Version: event.Version,
		Request: event.Data.RequestID, Offer: event.Data.OfferID, paths: event.Paths,
	})
}

func (h *Hub) send(change Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for stream := range h.streams {
		select {
		case stream <- change:
		default: // the reader is far behind; what is waiting makes its page look again
		}
	}
}

// Subscribe returns the changes of all organisations from now on; the channel
// is closed when the hub ends. The caller calls stop.
func (h *Hub) Subscribe() (changes <-chan Change, stop func()) {
	stream := make(chan Change, waiting)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(stream)
		return stream, func() {}
	}
	h.streams[stream] = struct{}{}
	return stream, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.streams, stream)
	}
}

func (h *Hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for stream := range h.streams {
		close(stream)
	}
	clear(h.streams)
}

// Presence reports whether only who looks at the thing changed.
func (c Change) Presence() bool { return c.present }

// Visible reports whether the actor may know of the change.
func (c Change) Visible(a contract.Actor) bool { return slices.ContainsFunc(c.paths, a.Sees) }

// Serve writes the changes that the actor may see and wants, each a Change in
// an event named "changed", until the reader leaves, the hub ends or the
// actor is nobody any more. It asks actor again for every event and beat.
//
// The first event names nothing: something may have changed since the page was
// loaded, or while the connection was lost.
func (h *Hub) Serve(
	w http.ResponseWriter, r *http.Request, actor func(context.Context) (contract.Actor, error), wants func(Change) bool,
) error {
	if _, err := actor(r.Context()); err != nil {
		return err
	}
	changes, stop := h.Subscribe()
	defer stop()
	s := stream{w, http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if s.write("event: changed\ndata: {}\n\n") != nil {
		return nil // the reader has gone
	}
	s.follow(r.Context(), changes, actor, wants)
	return nil
}

type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s stream) follow(
	ctx context.Context, changes <-chan Change, actor func(context.Context) (contract.Actor, error), wants func(Change) bool,
) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		text := ": beat\n\n"
		select {
		case <-ctx.Done():
			return
		case change, ok := <-changes:
			a, err := actor(ctx)
			if !ok || err != nil {
				return
			}
			if !change.present && !change.Visible(a) || !wants(change) {
				continue
			}
			text = change.event()
		case <-ticker.C:
			if _, err := actor(ctx); err != nil {
				return
			}
		}
		if s.write(text) != nil {
			return // the reader has gone
		}
	}
}

func (c Change) event() string {
	if c.present {
		return "event: present\ndata: {}\n\n"
	}
	data, _ := json.Marshal(c) // plain fields always have a JSON form
	return "event: changed\ndata: " + string(data) + "\n\n"
}

// write sends at once, and gives the stream its own deadline: the server's is
// for pages.
func (s stream) write(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
