package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// WebhooksOptions say what is sent to whom.
type WebhooksOptions struct {
	Events     int           // facts that come all at once, over all endpoints alike
	Rate       float64       // facts per second to healthy endpoints, while latency is measured
	Duration   time.Duration // of a turn in which it is
	Turns      int           // while all endpoints answer, and as many while some fail
	ClockSpeed float64       // of the sender; above 1 what is left is waited for
	Seed       uint64
}

// Tenant is an organisation with an endpoint of its own.
type Tenant struct {
	Path   string
	Client *Client
}

// WebhooksResult says what became of facts on their way to endpoints of which
// some fail in every way. Latencies are from the call that makes a fact, its
// commit among it, to the arrival at a healthy endpoint.
type WebhooksResult struct {
	Events    int     `json:"events"`
	Endpoints int     `json:"endpoints"`
	Delivered int     `json:"delivered"`
	Dead      int     `json:"dead"`
	Pending   int     `json:"pending"`     // with tries to come
	P50MS     float64 `json:"p50_ms"`      // healthy endpoints, while the others fail
	P99MS     float64 `json:"p99_ms"`      // the same
	CalmP50MS float64 `json:"calm_p50_ms"` // healthy endpoints while the others answer as they do
	CalmP99MS float64 `json:"calm_p99_ms"` // the same
	// Change is the middle one, over the pairs of turns, of the p99 while others fail
	// over that while all answer.
	Change float64 `json:"p99_change"`
	// CalmChange is the middle one of how many times the p99 of a turn in which all
	// answer is that of the next such one, or the other way round: what the machine
	// does by itself.
	CalmChange float64 `json:"calm_p99_change"`
	Rate       float64 `json:"rate"`
	// DeliveredPerS is how fast the facts that came all at once reached the
	// healthy endpoints.
	DeliveredPerS float64        `json:"delivered_per_s"`
	Missing       int            `json:"missing"` // facts that a healthy endpoint never got
	Doubled       int            `json:"doubled"` // that came to one again, under the same id
	Unsigned      int            `json:"unsigned"`
	Strays        int            `json:"strays"` // connections to the address that a redirect named
	Unnamed       int            `json:"unnamed"`
	Reasons       map[string]int `json:"reasons"` // why deliveries are dead
	DrainedS      float64        `json:"drained_s"`
}

// Webhooks measures the delivery of webhooks to the tenants' endpoints, which it
// registers. Of 50, 5 hang, 5 answer 500, one each answers 410, redirects and
// drips. Facts that come all at once are written past the services, into their
// outbox.
func Webhooks(ctx context.Context, db *pg.DB, tenants []Tenant, o WebhooksOptions) (result WebhooksResult, err error) {
	r, err := receive(ctx, len(tenants))
	if err != nil {
		return WebhooksResult{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := registerAll(ctx, tenants, r); err != nil {
		return WebhooksResult{}, err
	}
	m := mailing{tenants: tenants, receivers: r, options: o, random: rand.New(rand.NewPCG(o.Seed, 2))} //nolint:gosec // not a secret
	result = WebhooksResult{Endpoints: len(tenants), Rate: o.Rate}
	if err := m.compare(ctx, db, &result); err != nil {
		return result, err
	}
	if result.DeliveredPerS, err = m.flood(ctx, db); err != nil {
		return result, err
	}
	return result, m.finish(ctx, db, &result)
}

func registerAll(ctx context.Context, tenants []Tenant, r *receivers) error {
	for n, t := range tenants {
		body := fmt.Sprintf(`{"url":%q,"events":["request.*"]}`, r.url(n))
		var made contract.Webhook
		if err := t.Client.post(ctx, "/webhooks", []byte(body), http.StatusCreated, &made); err != nil {
			return fmt.Errorf("register endpoint %d: %w", n, err)
		}
		if err := r.trust(n, made.Secret); err != nil {
			return err
		}
	}
	return nil
}

// mailing is one measurement under way.
type mailing struct {
	tenants   []Tenant
	receivers *receivers
	options   WebhooksOptions
	random    *rand.Rand
	made      int // facts so far
	expected  int // of them for healthy endpoints
}

func (m *mailing) those(want manner) []Tenant {
	var some []Tenant
	for n, t := range m.tenants {
		if m.receivers.manners[n] == want {
			some = append(some, t)
		}
	}
	return some
}

// compare measures how long facts take to healthy endpoints under one load, by turns:
// while the others answer as well, and while they fail. Two turns of one kind differ
// by what else the machine and its disk do, so there are several, and each begins as
// if none had ever failed: an endpoint that answers again would get all that waits for
// it at once. What comes first is not counted: a new database gets slower for a while,
// whoever fails.
func (m *mailing) compare(ctx context.Context, db *pg.DB, r *WebhooksResult) error {
	m.receivers.beCalm()
	if _, err := m.latencies(ctx); err != nil {
		return err
	}
	var calm, beside []time.Duration
	changes, among := make([]float64, m.options.Turns), []float64{}
	var former float64
	for turn := range changes {
		quiet, err := m.latencies(ctx)
		if err != nil {
			return err
		}
		m.receivers.fail()
		troubled, err := m.latencies(ctx)
		if err != nil {
			return err
		}
		m.receivers.beCalm()
		if err := m.beginAnew(ctx, db); err != nil {
			return err
		}
		p99 := quantile(quiet, 0.99)
		changes[turn] = quantile(troubled, 0.99) / p99
		if turn > 0 {
			among = append(among, max(p99, former)/min(p99, former))
		}
		former = p99
		calm, beside = append(calm, quiet...), append(beside, troubled...)
	}
	m.receivers.fail()
	r.Change, r.CalmChange = middle(changes), middle(among)
	r.CalmP50MS, r.CalmP99MS = quantile(calm, 0.5), quantile(calm, 0.99)
	r.P50MS, r.P99MS = quantile(beside, 0.5), quantile(beside, 0.99)
	return nil
}

// middle returns the middle one of figures, the greater one of two; 0 of none.
func middle(figures []float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	slices.Sort(figures)
	return round(figures[len(figures)/2])
}

// beginAnew waits until nothing is on its way, and forgets who failed.
func (m *mailing) beginAnew(ctx context.Context, db *pg.DB) error {
	for {
		n, err := countTaken(ctx, db)
		if err != nil {
			return err
		}
		if n == 0 {
			return forgetFailures(ctx, db)
		}
		if !waitUntil(ctx, time.Now().Add(settleLook)) {
			return ctx.Err()
		}
	}
}

// latencies submits requests of the tenants for a while, the healthy ones' at the
// rate, and returns how long each took to the healthy ones' endpoints.
func (m *mailing) latencies(ctx context.Context) ([]time.Duration, error) {
	good := map[string]bool{}
	for _, t := range m.those(healthy) {
		good[t.Path] = true
	}
	for _, t := range m.tenants {
		t.Client.Close() // what was idle since the turn before may be closed at the other end
	}
	share := float64(len(m.tenants)) / float64(len(good))
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed error
		sent   = map[contract.RequestID]time.Time{}
	)
	began := time.Now()
	for due := began; due.Sub(began) < m.options.Duration && waitUntil(ctx, due); due = due.Add(gap(m.random, m.options.Rate*share)) {
		t := m.tenants[m.random.IntN(len(m.tenants))]
		m.made++
		if good[t.Path] {
			m.expected++
		}
		all.Go(func() {
			var made contract.SubmittedRequest
			at := time.Now()
			err := t.Client.post(ctx, "/requests", requestBody, http.StatusCreated, &made)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			if good[t.Path] {
				sent[made.ID] = at
			}
		})
	}
	all.Wait()
	if err := errors.Join(failed, ctx.Err()); err != nil {
		return nil, fmt.Errorf("submit: %w", err)
	}
	if err := m.settle(ctx); err != nil {
		return nil, err
	}
	var took []time.Duration
	got := m.receivers.received()
	for id, at := range sent {
		if came, arrived := got[string(id)]; arrived {
			took = append(took, came.Sub(at))
		}
	}
	return took, nil
}

const (
	settleLook = 20 * time.Millisecond
	// standstill is how long nothing more may come before what is missing is.
	standstill = 60 * time.Second
)

// settle waits until the healthy endpoints have all, or nothing more comes.
func (m *mailing) settle(ctx context.Context) error {
	last, since := m.receivers.count(), time.Now()
	for m.receivers.count() < m.expected && time.Since(since) < standstill {
		if now := m.receivers.count(); now > last {
			last, since = now, time.Now()
		}
		if !waitUntil(ctx, time.Now().Add(settleLook)) {
			return ctx.Err()
		}
	}
	return nil
}

// flood writes facts for all tenants alike and returns how many reached the
// healthy ones' endpoints per second.
func (m *mailing) flood(ctx context.Context, db *pg.DB) (float64, error) {
	const atOnce = 5000
	before, began := m.receivers.count(), time.Now()
	for done := 0; done < m.options.Events; {
		events := make([]contract.Event, min(atOnce, m.options.Events-done))
		for i := range events {
			n := (done + i) % len(m.tenants)
			if events[i] = factOf(m.tenants[n]); m.receivers.manners[n] == healthy {
				m.expected++
			}
		}
		if err := insertFacts(ctx, db, events); err != nil {
			return 0, err
		}
		done += len(events)
		m.made += len(events)
	}
	if err := m.settle(ctx); err != nil {
		return 0, err
	}
	return round(float64(m.receivers.count()-before) / time.Since(began).Seconds()), nil
}

// factOf is a request of a tenant that nobody holds.
func factOf(t Tenant) contract.Event {
	id := contract.NewID[contract.RequestID]()
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest, State: "submitted",
		AggregateID: string(id), Version: 1, Time: time.Now().UTC(), Organisation: codeOf(t.Path), Paths: []string{t.Path},
		Data: contract.EventData{RequestID: id, Category: "ppe", RegionCode: "610113", Urgency: string(contract.Soon)},
	}
}

// finish waits for what is left, where time is fast enough to see it, and counts.
func (m *mailing) finish(ctx context.Context, db *pg.DB, r *WebhooksResult) error {
	began := time.Now()
	for {
		tally, err := countDeliveries(ctx, db)
		if err != nil {
			return err
		}
		r.Delivered, r.Dead, r.Pending, r.Unnamed, r.Reasons = tally.delivered, tally.dead, tally.pending, tally.unnamed, tally.reasons
		if tally.pending == 0 || m.options.ClockSpeed <= 1 {
			break
		}
		if !waitUntil(ctx, time.Now().Add(time.Second)) {
			return ctx.Err()
		}
	}
	r.DrainedS = round(time.Since(began).Seconds())
	x := m.receivers
	x.mu.Lock()
	defer x.mu.Unlock()
	r.Events, r.Missing = m.made, m.expected-len(x.got)
	r.Doubled, r.Unsigned, r.Strays = x.doubled, x.unsigned, int(x.diverted.Load())
	return nil
}
