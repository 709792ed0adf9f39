package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
)

// gap is the time between two rounds of a crowd that is not to go as fast as it
// can: 50 a second.
const gap = 20 * time.Millisecond

// sent is a call that somebody made under a key, and what was answered.
type sent struct {
	path, key string
	body      map[string]any
	staff     bool
	status    int // 0: nobody answered
	answer    answer
}

// crowd is many callers of one heli at once. It keeps all that they sent.
type crowd struct {
	t             *testing.T
	public, staff client
	pace          <-chan time.Time // nil: as fast as they are answered
	mortal        bool             // heli will die under them
	over          chan struct{}
	running       sync.WaitGroup

	mu    sync.Mutex
	calls []sent
}

// round is what one caller does again and again, until it is false.
type round func(*crowd) bool

// newCrowd returns a crowd without callers; the key is that of its staff.
func newCrowd(i *instance, key string) *crowd {
	c := &crowd{t: i.t, public: i.public(), over: make(chan struct{})}
	c.staff = c.public
	c.staff.key = key
	return c
}

// start sets a caller for each round going.
func (c *crowd) start(rounds ...round) *crowd {
	for _, r := range rounds {
		c.running.Go(func() {
			for c.next() && r(c) {
			}
		})
	}
	return c
}

// next waits for the caller's turn, and reports false when all is over.
func (c *crowd) next() bool {
	select {
	case <-c.over:
		return false
	default:
	}
	if c.pace == nil {
		return true
	}
	select {
	case <-c.over:
		return false
	case <-c.pace:
		return true
	}
}

// stop lets every caller end its round and returns all calls.
func (c *crowd) stop() []sent {
	close(c.over)
	return c.gone()
}

// gone waits until every caller has ended by itself and returns all calls.
func (c *crowd) gone() []sent {
	c.running.Wait()
	return c.calls
}

// count returns how many calls were answered with a status.
func (c *crowd) count(status int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.calls {
		if s.status == status {
			n++
		}
	}
	return n
}

// await waits until so many calls were answered with a status.
func (c *crowd) await(n, status int) {
	c.t.Helper()
	eventually(c.t, func() string {
		if c.count(status) < n {
			return "too few calls were answered with " + http.StatusText(status)
		}
		return ""
	})
}

// post sends one call, keeps it and reports whether it was done. What heli
// refuses, or does not answer while it ought to live, fails the test.
func (c *crowd) post(staff bool, path, key string, body map[string]any) (answer, bool) {
	s := sent{path: path, key: key, body: body, staff: staff}
	err := c.send(&s)
	done := err == nil && s.status < http.StatusMultipleChoices
	if !done && (err == nil || !c.mortal) {
		c.t.Errorf("POST %s: status %d, %v", path, s.status, err)
	}
	c.keep(s)
	return s.answer, done
}

func (c *crowd) keep(s sent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, s)
}

// send makes the call and fills in what was answered.
func (c *crowd) send(s *sent) error {
	by := c.public
	if s.staff {
		by = c.staff
	}
	status, content, err := by.do(c.t.Context(), http.MethodPost, s.path, s.key, s.body)
	if err != nil {
		return err
	}
	s.status = status
	return json.Unmarshal(content, &s.answer)
}

func newKey() string { return string(contract.NewID[contract.RequestID]()) }

// askInPublic, askAsStaff and offerAsStaff submit one thing.
func askInPublic(c *crowd) bool { _, done := c.ask(false); return done }

func askAsStaff(c *crowd) bool { _, done := c.ask(true); return done }

func offerAsStaff(c *crowd) bool { _, done := c.offer(); return done }

// ask submits a request; that of staff is open at once.
func (c *crowd) ask(staff bool) (answer, bool) {
	key := newKey()
	draft := requestDraft("masks "+key, "open", 10)
	if !staff {
		delete(draft, "state")
	}
	return c.post(staff, "/requests", key, draft)
}

func (c *crowd) offer() (answer, bool) {
	key := newKey()
	return c.post(true, "/offers", key, offerDraft("masks "+key, "available", 10))
}

// pairUp submits a need and an offer, proposes their match and answers it for
// the helper: each third time the helper declines.
func pairUp(c *crowd) bool {
	request, done := c.ask(true)
	if !done {
		return false
	}
	offer, done := c.offer()
	if !done {
		return false
	}
	match, done := c.propose(request, offer)
	if !done {
		return false
	}
	move, body := "/accept", map[string]any{"on_behalf_of": "helper"}
	if c.count(http.StatusOK)%3 == 2 {
		move, body["reason"] = "/decline", "busy"
	}
	_, done = c.post(true, "/matches/"+match.ID+move, newKey(), body)
	return done
}

// propose repeats a proposal until the matcher has heard of both sides.
func (c *crowd) propose(request, offer answer) (answer, bool) {
	s := sent{path: "/matches", key: newKey(), body: proposal(request, offer, 10), staff: true}
	defer func() { c.keep(s) }()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := c.send(&s)
		switch {
		case err == nil && s.status == http.StatusCreated:
			return s.answer, true
		case err == nil && (s.status == http.StatusNotFound || s.status == http.StatusConflict):
		case err != nil && c.mortal:
			s.status = 0
			return answer{}, false
		default:
			c.t.Errorf("propose: status %d, %v", s.status, err)
			return answer{}, false
		}
		select {
		case <-c.t.Context().Done():
			return answer{}, false
		case <-ticker.C:
		}
	}
}

// repeatAll sends every call again under its key. Each must be done now, and
// with the answer that was given before: the call happened once, however often
// it is sent.
func repeatAll(t *testing.T, i *instance, key string, calls []sent) {
	t.Helper()
	again := newCrowd(i, key)
	var repeating errgroup.Group
	repeating.SetLimit(8)
	for _, before := range calls {
		repeating.Go(func() error {
			now := before
			now.answer = answer{}
			if err := again.send(&now); err != nil {
				return err
			}
			if now.status != http.StatusCreated && now.status != http.StatusOK {
				t.Errorf("POST %s was answered %d, and %d when repeated", before.path, before.status, now.status)
			}
			if before.status != 0 && (now.answer.ID != before.answer.ID || now.answer.Code != before.answer.Code) {
				t.Errorf("POST %s gave %s, and %s when repeated", before.path, before.answer.ID, now.answer.ID)
			}
			return nil
		})
	}
	if err := repeating.Wait(); err != nil {
		t.Fatalf("repeat calls: %v", err)
	}
	checkOnce(t, i, calls)
}

// checkOnce checks that each of the calls, and no other, made one row.
func checkOnce(t *testing.T, i *instance, calls []sent) {
	t.Helper()
	db := i.database()
	for path, rows := range map[string]string{
		"/requests": `SELECT count(DISTINCT title) * CASE WHEN count(DISTINCT title) = count(*) THEN 1 ELSE -1 END FROM request.requests`,
		"/offers":   `SELECT count(DISTINCT title) * CASE WHEN count(DISTINCT title) = count(*) THEN 1 ELSE -1 END FROM offer.offers`,
		"/matches":  `SELECT count(*) FROM matcher.matches`,
	} {
		want := len(slices.DeleteFunc(slices.Clone(calls), func(s sent) bool { return s.path != path }))
		if n := count(t, db, rows); n != int64(want) {
			t.Errorf("%d calls of POST %s made %d rows (negative: some twice)", want, path, n)
		}
	}
}
