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
	"heli/pkg/fault"
)

const (
	// gather is how long changes are gathered for: an open page hears of them at
	// most this often, and all pages at the same moment, so that they look together.
	gather = 500 * time.Millisecond
	// waiting is how many gatherings a slow reader may lag behind before some are
	// left out; it is then told that anything may have changed.
	waiting = 4
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

	gathered chan struct{} // something waits to be told

	mu      sync.Mutex
	readers map[*reader]struct{}
	changes []Change // to be told next
	round   int64    // how often something was told
	closed  bool
}

// reader is an open stream.
type reader struct {
	changes chan []Change
	behind  bool // some were left out; guarded by the hub
}

// New returns a hub without readers.
func New(clock func() time.Time) *Hub {
	return &Hub{Presence: newPresence(clock), gathered: make(chan struct{}, 1), readers: map[*reader]struct{}{}}
}

// Run forwards facts from the bus until ctx ends, then closes every stream.
func (h *Hub) Run(ctx context.Context, b *bus.Bus) error {
	defer h.close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.runDesk(ctx, b) })
	group.Go(func() error { return h.runTouched(ctx, b) })
	group.Go(func() error { return h.runSweep(ctx) })
	group.Go(func() error { return h.runFacts(ctx, b) })
	group.Go(func() error { return h.runGather(ctx) })
	return group.Wait()
}

func (h *Hub) runFacts(ctx context.Context, b *bus.Bus) error {
	return b.Listen(ctx, contract.LiveSubject, func(_ string, data []byte) {
		if !h.watched() {
			h.pass()
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
	return len(h.readers) > 0
}

// pass takes note of a change that nobody is told of.
func (h *Hub) pass() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.round++
}

func (h *Hub) spread(event contract.Event) {
	h.send(Change{
		Thing: event.Thing, ID: event.AggregateID, State: event.State, Version: event.Version,
		Request: event.Data.RequestID, Offer: event.Data.OfferID, paths: event.Paths,
	})
}

// send has a change told with the next gathering.
func (h *Hub) send(change Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes = append(h.changes, change)
	select {
	case h.gathered <- struct{}{}:
	default: // it will be told anyway
	}
}

// runGather tells what changed until ctx ends: at once after a silence, then at most
// once in gather.
func (h *Hub) runGather(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.gathered:
		}
		h.tell()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(gather):
		}
	}
}

func (h *Hub) tell() {
	h.mu.Lock()
	defer h.mu.Unlock()
	changes := h.changes
	h.changes = nil
	h.round++
	for r := range h.readers {
		select {
		case r.changes <- changes:
		default:
			r.behind = true
		}
	}
}

// now returns how often something was told: while it stays, no reader knows of a
// change since.
func (h *Hub) now() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.round
}

// subscribe returns a reader of the changes of all organisations from now on; its
// channel is closed when the hub ends. The caller calls stop.
func (h *Hub) subscribe() (r *reader, stop func()) {
	r = &reader{changes: make(chan []Change, waiting)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(r.changes)
		return r, func() {}
	}
	h.readers[r] = struct{}{}
	return r, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.readers, r)
	}
}

// missed reports whether changes were left out since it was asked last.
func (h *Hub) missed(r *reader) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	behind := r.behind
	r.behind = false
	return behind
}

func (h *Hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for r := range h.readers {
		close(r.changes)
	}
	clear(h.readers)
}

// Presence reports whether only who looks at the thing changed.
func (c Change) Presence() bool { return c.present }

// Visible reports whether the actor may know of the change.
func (c Change) Visible(a contract.Actor) bool { return slices.ContainsFunc(c.paths, a.Sees) }

// Serve writes that something changed which the actor may see and wants, as the
// newest such Change in an event named "changed", until the reader leaves, the hub
// ends or the actor is nobody any more, which an event named "ended" says: at once after a silence, then at most twice
// a second. It asks actor again for every event and beat.
//
// The first event names nothing: something may have changed since the page was
// loaded, or while the connection was lost.
func (h *Hub) Serve(
	w http.ResponseWriter, r *http.Request, actor func(context.Context) (contract.Actor, error), wants func(Change) bool,
) error {
	if _, err := actor(r.Context()); err != nil {
		return err
	}
	reader, stop := h.subscribe()
	defer stop()
	s := stream{h, reader, w, http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if s.write(anyChange) != nil {
		return nil // the reader has gone
	}
	s.follow(r.Context(), actor, wants)
	return nil
}

// Events that name nothing.
const (
	anyChange = "event: changed\ndata: {}\n\n"
	presence  = "event: present\ndata: {}\n\n"
	silence   = ": beat\n\n"
	// ended says that the actor is nobody any more: there is nothing to come back for.
	ended = "event: ended\n\n"
)

type stream struct {
	hub     *Hub
	reader  *reader
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s stream) follow(ctx context.Context, actor func(context.Context) (contract.Actor, error), wants func(Change) bool) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		var changes []Change
		ok, beats := true, false
		select {
		case <-ctx.Done():
			return
		case changes, ok = <-s.reader.changes:
		case <-ticker.C:
			beats = true
		}
		a, err := actor(ctx)
		if fault.Is(err, fault.NotFound) {
			_ = s.write(ended) // who has left need not be told
		}
		if !ok || err != nil {
			return
		}
		text := eventsOf(changes, a, wants)
		switch {
		case s.hub.missed(s.reader):
			text = anyChange + presence
		case beats:
			text = silence
		}
		if text != "" && s.write(text) != nil {
			return // the reader has gone
		}
	}
}

// eventsOf returns the events that say what changed: of each name one, the newest.
func eventsOf(changes []Change, a contract.Actor, wants func(Change) bool) string {
	var newest, present string
	for _, change := range changes {
		switch {
		case !wants(change):
		case change.present:
			present = presence
		case change.Visible(a):
			newest = change.event()
		}
	}
	return newest + present
}

func (c Change) event() string {
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
