package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// manner is how a receiver behaves.
type manner string

const (
	healthy  manner = "healthy"
	hangs    manner = "hangs"
	breaks   manner = "answers 500"
	gone     manner = "answers 410"
	diverts  manner = "redirects to a private address"
	drips    manner = "drips"
	dripTime        = 500 * time.Millisecond // from one byte of an answer to the next
)

// manners returns how so many receivers behave: of 50, 5 hang, 5 answer 500, and
// one each does everything else that goes wrong; of fewer, as many in proportion.
func manners(n int) []manner {
	all := make([]manner, n)
	for i := range all {
		all[i] = healthy
	}
	at := 0
	bad := func(m manner, of50 int) {
		for range (of50*n + 49) / 50 {
			if at < n/2 {
				all[at] = m
				at++
			}
		}
	}
	bad(hangs, 5)
	bad(breaks, 5)
	bad(gone, 1)
	bad(diverts, 1)
	bad(drips, 1)
	return all
}

// receivers are the endpoints of a measurement, behind one listener: /0, /1, …
type receivers struct {
	server   http.Server
	base     string
	manners  []manner
	verify   []*webhook.Webhook
	strays   net.Listener // where a redirect leads that nobody may follow
	diverted atomic.Int64 // connections there
	closing  chan struct{}

	mu       sync.Mutex
	calm     chan struct{}        // closed while all answer as the healthy do
	got      map[string]time.Time // healthy ones, by what it is about: when it came first
	ids      map[string]bool      // of webhooks that came to them
	doubled  int
	unsigned int
	asked    map[manner]int
}

// receive listens on this machine until close.
func receive(ctx context.Context, n int) (*receivers, error) {
	r := &receivers{
		manners: manners(n), verify: make([]*webhook.Webhook, n), got: map[string]time.Time{}, ids: map[string]bool{}, asked: map[manner]int{},
		closing: make(chan struct{}), calm: make(chan struct{}),
	}
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	if r.strays, err = l.Listen(ctx, "tcp", "127.0.0.2:0"); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for strays: %w", err), listener.Close())
	}
	r.base = "http://" + listener.Addr().String()
	r.server = http.Server{Handler: http.HandlerFunc(r.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }() // ends with close
	go r.watchStrays()
	return r, nil
}

func (r *receivers) watchStrays() {
	for {
		c, err := r.strays.Accept()
		if err != nil {
			return // closed
		}
		r.diverted.Add(1)
		_ = c.Close() // nobody is served there
	}
}

func (r *receivers) close() error {
	close(r.closing)
	return errors.Join(r.server.Close(), r.strays.Close())
}

// url is where one receiver listens.
func (r *receivers) url(n int) string { return r.base + "/" + strconv.Itoa(n) }

// trust sets the secret of a receiver.
func (r *receivers) trust(n int, secret string) error {
	v, err := webhook.NewWebhook(secret)
	if err != nil {
		return fmt.Errorf("read secret: %w", err)
	}
	r.verify[n] = v
	return nil
}

func (r *receivers) serve(w http.ResponseWriter, q *http.Request) {
	came := time.Now()
	n, err := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/"))
	if err != nil || n < 0 || n >= len(r.manners) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // the sender is gone
	}
	r.note(n, q.Header, body, came)
	calm, behaves := r.turn(), r.manners[n]
	select {
	case <-calm:
		behaves = healthy
	default:
	}
	switch behaves {
	case hangs:
		r.hold(q.Context(), calm)
	case breaks:
		w.WriteHeader(http.StatusInternalServerError)
	case gone:
		w.WriteHeader(http.StatusGone)
	case diverts:
		w.Header().Set("Location", "http://"+r.strays.Addr().String()+"/latest/meta-data/")
		w.WriteHeader(http.StatusFound)
	case drips:
		r.drip(q.Context(), w, calm)
	case healthy:
		w.WriteHeader(http.StatusNoContent)
	}
}

// turn returns what is closed while all answer as the healthy do.
func (r *receivers) turn() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calm
}

// beCalm has all answer as the healthy do, those that hang too, until fail.
func (r *receivers) beCalm() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.calm)
}

// fail has each behave in its own manner again.
func (r *receivers) fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calm = make(chan struct{})
}

// note keeps when a delivery came, and whether its signature is right; the time
// in it is that of the sender, whose clock may run faster.
func (r *receivers) note(n int, h http.Header, body []byte, came time.Time) {
	err := r.verify[n].VerifyIgnoringTimestamp(body, h)
	var about struct {
		Subject string `json:"subject"`
	}
	if json.Unmarshal(body, &about) != nil {
		err = errors.Join(err, errors.New("no event"))
	}
	id := h.Get(webhook.HeaderWebhookID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[r.manners[n]]++
	if err != nil {
		r.unsigned++
	}
	if r.manners[n] != healthy {
		return
	}
	if r.ids[id] {
		r.doubled++
		return
	}
	r.ids[id], r.got[about.Subject] = true, came
}

// hold answers nothing as long as the sender waits.
func (r *receivers) hold(ctx context.Context, calm <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-calm:
	case <-r.closing:
	}
}

// drip answers byte by byte, without an end.
func (r *receivers) drip(ctx context.Context, w http.ResponseWriter, calm <-chan struct{}) {
	tick := time.NewTicker(dripTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-calm:
			return
		case <-r.closing:
			return
		case <-tick.C:
			if _, err := w.Write([]byte(".")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush() // the next write tells
		}
	}
}

// received returns when each delivery came to a healthy receiver.
func (r *receivers) received() map[string]time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.got)
}

func (r *receivers) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}
