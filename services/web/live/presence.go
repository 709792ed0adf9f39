package live

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// presentSubject is broadcast among the instances of web. It carries names of
// colleagues and ids.
const presentSubject = "live.web.desk.present"

const (
	// presentBeat is how often an open page says that somebody looks at it;
	// presentTime after the last word nobody does.
	presentBeat = 3 * time.Second
	presentTime = 8 * time.Second
)

// Viewer is somebody who has a page open.
type Viewer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// sighting says that somebody looks at a thing, or has just left it.
type sighting struct {
	Viewer
	Thing string `json:"thing"` // id
	Page  string `json:"page"`  // one of the viewer's open pages
	Left  bool   `json:"left,omitempty"`
}

// Presence knows who looks at which thing, over all instances of web. It forgets
// within seconds, and nothing of it is stored. Safe for concurrent use.
type Presence struct {
	mu    sync.Mutex
	clock func() time.Time
	seen  map[string]map[string]glimpse // by thing and page
}

type glimpse struct {
	Viewer
	until time.Time
}

func newPresence(clock func() time.Time) *Presence {
	return &Presence{clock: clock, seen: map[string]map[string]glimpse{}}
}

// hear takes in a sighting and reports whether it changes who is there.
func (p *Presence) hear(s sighting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.others(s.Thing, "")
	pages := p.seen[s.Thing]
	if pages == nil {
		pages = map[string]glimpse{}
		p.seen[s.Thing] = pages
	}
	if s.Left {
		delete(pages, s.Page)
	} else {
		pages[s.Page] = glimpse{s.Viewer, p.clock().Add(presentTime)}
	}
	if len(pages) == 0 {
		delete(p.seen, s.Thing)
	}
	return !slices.Equal(before, p.others(s.Thing, ""))
}

// Others returns who else looks at a thing, each once, by name.
func (p *Presence) Others(thing, self string) []Viewer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.others(thing, self)
}

func (p *Presence) others(thing, self string) []Viewer {
	var viewers []Viewer
	for _, g := range p.seen[thing] {
		if g.ID != self && g.until.After(p.clock()) && !slices.Contains(viewers, g.Viewer) {
			viewers = append(viewers, g.Viewer)
		}
	}
	slices.SortFunc(viewers, func(a, b Viewer) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return viewers
}

// sweep forgets who has not been heard of, and returns the things that they left.
func (p *Presence) sweep() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var things []string
	for thing, pages := range p.seen {
		before := len(pages)
		for page, g := range pages {
			if !g.until.After(p.clock()) {
				delete(pages, page)
			}
		}
		if len(pages) < before {
			things = append(things, thing)
		}
		if len(pages) == 0 {
			delete(p.seen, thing)
		}
	}
	return things
}

// runDesk hears what the instances of web tell each other until ctx ends.
func (h *Hub) runDesk(ctx context.Context, b *bus.Bus) error {
	return b.Listen(ctx, presentSubject, func(_ string, data []byte) {
		var s sighting
		if json.Unmarshal(data, &s) == nil && h.Presence.hear(s) {
			h.send(Change{ID: s.Thing, present: true})
		}
	})
}

// runTouched hears what services say changed without a fact until ctx ends.
func (h *Hub) runTouched(ctx context.Context, b *bus.Bus) error {
	return b.Listen(ctx, contract.TouchedSubjects, func(_ string, data []byte) {
		var t contract.Touched
		if json.Unmarshal(data, &t) == nil {
			h.send(Change{Thing: t.Thing, ID: t.ID, paths: []string{t.Path}})
		}
	})
}

// runSweep forgets those who left without a word until ctx ends.
func (h *Hub) runSweep(ctx context.Context) error {
	ticker := time.NewTicker(presentBeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			for _, thing := range h.Presence.sweep() {
				h.send(Change{ID: thing, present: true})
			}
		}
	}
}

// Touch tells open pages that something beside a thing changed that has no fact.
// Nobody may hear of it: a page also shows the truth when it is loaded.
func Touch(b *bus.Bus, thing contract.Thing, id, path string) {
	_ = b.Broadcast(contract.TouchedSubject("web"), contract.Touched{Thing: thing, ID: id, Path: path}) // best effort
}

// ServeOf is Serve for the page of one thing: as long as it is open, others who
// have it open are told who looks at it.
func (h *Hub) ServeOf(
	w http.ResponseWriter, r *http.Request, b *bus.Bus, thing string,
	actor func(context.Context) (contract.Actor, error), wants func(Change) bool,
) error {
	a, err := actor(r.Context())
	if err != nil {
		return err
	}
	s := sighting{Viewer: Viewer{a.ID(), a.Name}, Thing: thing, Page: contract.NewID[string]()}
	var work sync.WaitGroup
	ctx, cancel := context.WithCancel(r.Context())
	work.Go(func() { announce(ctx, b, s) })
	defer work.Wait()
	defer cancel()
	return h.Serve(w, r, actor, func(c Change) bool {
		return c.present && c.ID == thing || !c.present && wants(c)
	})
}

// announce says that somebody looks at a thing until ctx ends, then that they left.
func announce(ctx context.Context, b *bus.Bus, s sighting) {
	ticker := time.NewTicker(presentBeat)
	defer ticker.Stop()
	for {
		_ = b.Broadcast(presentSubject, s) // best effort: the next beat says it again
		select {
		case <-ctx.Done():
			s.Left = true
			_ = b.Broadcast(presentSubject, s) // who misses it forgets within seconds
			return
		case <-ticker.C:
		}
	}
}
