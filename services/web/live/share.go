package live

import (
	"context"
	"sync"
	"time"

	"heli/pkg/fault"
)

const (
	// keptFor is how long an answer is shared at most, should a change not be heard of.
	keptFor = time.Second
	// makeTime is how long making one may take.
	makeTime = 10 * time.Second
)

// Share gives readers who ask for the same thing at the same moment one answer. As
// all open pages hear of a change together, two hundred of them that show the same
// cost one. It is safe for concurrent use.
type Share struct {
	hub  *Hub
	mu   sync.Mutex
	kept map[string]*answer
}

// answer is being made until done is closed.
type answer struct {
	round int64
	done  chan struct{}
	body  []byte
	err   error
}

// NewShare returns a share of answers that are good until the hub tells of a change.
func NewShare(h *Hub) *Share { return &Share{hub: h, kept: map[string]*answer{}} }

// Get returns what build gives for a key: once for all who ask since the hub told of
// a change last, and anew for who asks later, so that nobody is shown less than they
// were told of. The key names all that build looks at, whose sight it is above all.
// An error is given to those who waited for it and not kept. The end of one reader's
// ctx does not end what others wait for.
func (s *Share) Get(ctx context.Context, key string, build func(context.Context) ([]byte, error)) ([]byte, error) {
	a, own := s.join(key)
	if own {
		s.build(ctx, key, a, build)
	}
	select {
	case <-a.done:
		return a.body, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join returns the answer of this round, and whether the caller is to make it.
func (s *Share) join(key string) (a *answer, own bool) {
	round := s.hub.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.kept[key]; ok && a.round >= round {
		return a, false
	}
	a = &answer{round: round, done: make(chan struct{})}
	s.kept[key] = a
	return a, true
}

func (s *Share) build(ctx context.Context, key string, a *answer, build func(context.Context) ([]byte, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeTime)
	defer cancel()
	a.err = fault.NewUnavailable(nil) // for who waits, should build panic
	defer func() {
		close(a.done)
		if a.err != nil {
			s.drop(key, a)
			return
		}
		time.AfterFunc(keptFor, func() { s.drop(key, a) })
	}()
	a.body, a.err = build(ctx)
	if a.err != nil && ctx.Err() != nil {
		a.err = fault.NewUnavailable(a.err) // it took too long
	}
}

func (s *Share) drop(key string, a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[key] == a {
		delete(s.kept, key)
	}
}
