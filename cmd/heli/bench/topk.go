package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"heli/cmd/heli/bench/scenario"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// TopKOptions are what TopK measures.
type TopKOptions struct {
	Scenario scenario.Options
	Offers   int // 0 for the scenario's own number
	Queries  int
	Check    int // so many of the queries are compared with a full scan
	K        int
	Threads  int     // of the measurement of queries per second
	Changes  float64 // offer lines changed per second meanwhile
}

// TopKResult is what TopK found.
type TopKResult struct {
	Offers     int     `json:"offers"`
	Queries    int     `json:"queries"`
	Seed       uint64  `json:"seed"`
	Scenario   string  `json:"scenario"`
	K          int     `json:"k"`
	Text       bool    `json:"text"`
	Rare       bool    `json:"rare"`
	P50US      float64 `json:"p50_us"`
	P99US      float64 `json:"p99_us"`
	P999US     float64 `json:"p999_us"`
	QPS        float64 `json:"qps"`
	Threads    int     `json:"threads"`
	ScanP50US  float64 `json:"scan_p50_us"`
	Checked    int     `json:"checked"`
	Mismatches int     `json:"mismatches"`
	Found      float64 `json:"found"` // answers for each query, on average
	HeapMB     float64 `json:"heap_mb"`
	BuildS     float64 `json:"build_s"`
	// While changes go on.
	ChangesPerS  float64 `json:"changes_per_s,omitempty"`
	ChangeP50US  float64 `json:"change_p50_us,omitempty"`
	VisibleP99US float64 `json:"visible_p99_us,omitempty"` // from the change to the first search that sees it
}

// TopK measures the search of the best offers in memory. It needs no platform.
func TopK(ctx context.Context, o TopKOptions) (TopKResult, error) {
	s, err := scenario.New(o.Scenario)
	if err != nil {
		return TopKResult{}, err
	}
	if o.Offers == 0 {
		o.Offers, _ = s.Size()
	}
	r := TopKResult{
		Offers: o.Offers, Queries: o.Queries, Seed: o.Scenario.Seed, Scenario: o.Scenario.Name, K: o.K,
		Text: o.Scenario.Text, Rare: o.Scenario.Rare, Threads: o.Threads,
	}
	fast := build(s, &r)
	run := topK{o, s, fast, slices.Collect(s.Needs(o.Queries)), s.Moment()}
	if o.Changes > 0 {
		err = run.whileChanging(ctx, &r)
	} else {
		run.measure(&r)
		err = run.checkAll(ctx, &r)
	}
	return r, err
}

// build fills an index and measures how long it takes and what it holds.
func build(s *scenario.Scenario, r *TopKResult) *index.Fast {
	before := heapMB()
	offers := make([]rank.Offer, r.Offers)
	each(r.Offers, runtime.GOMAXPROCS(0), func(i int) { offers[i] = s.Offer(i) })
	runtime.GC()
	fast := index.NewFast()
	began := time.Now()
	fast.Load(offers)
	r.BuildS = round(time.Since(began).Seconds())
	offers = nil //nolint:ineffassign,wastedassign // what the index holds is measured without them
	r.HeapMB = round(heapMB() - before)
	return fast
}

func heapMB() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

// each calls do with 0 to n-1, on so many threads.
func each(n, threads int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	all.Wait()
}

// topK is one measurement under way.
type topK struct {
	TopKOptions
	scenario *scenario.Scenario
	fast     *index.Fast
	needs    []rank.Need
	at       rank.Moment
}

// warmUp is how many queries are not counted.
const warmUp = 1000

// measure asks all questions one after another, then all again on the threads.
func (t *topK) measure(r *TopKResult) {
	for i := range min(warmUp, len(t.needs)) {
		t.fast.Top(t.needs[i], t.at, t.K)
	}
	runtime.GC()
	times := make([]time.Duration, len(t.needs))
	found := 0
	for i := range t.needs {
		began := time.Now()
		found += len(t.fast.Top(t.needs[i], t.at, t.K))
		times[i] = time.Since(began)
	}
	r.Found = round(float64(found) / float64(max(len(t.needs), 1)))
	r.P50US, r.P99US, r.P999US = micros(times, 0.5), micros(times, 0.99), micros(times, 0.999)
	began := time.Now()
	each(len(t.needs), t.Threads, func(i int) { t.fast.Top(t.needs[i], t.at, t.K) })
	r.QPS = math.Round(float64(len(t.needs)) / time.Since(began).Seconds())
}

// micros returns the nearest-rank quantile in microseconds.
func micros(samples []time.Duration, q float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	slices.Sort(samples)
	at := max(int(math.Ceil(q*float64(len(samples)))), 1)
	return round(float64(samples[at-1]) / float64(time.Microsecond))
}

// checkAll compares answers with those of a plain scan over the very rows that
// were generated.
func (t *topK) checkAll(ctx context.Context, r *TopKResult) error {
	scan := index.NewScan()
	for i := 0; i < t.Offers && t.Check > 0; i++ {
		scan.Put(t.scenario.Offer(i))
	}
	t.timeScan(r, func(n rank.Need) { scan.Top(n, t.at, t.K) })
	return t.compare(ctx, r, scanBatch, runtime.GOMAXPROCS(0), func(needs []rank.Need) (got, want [][]index.Candidate) {
		for i := range needs {
			got = append(got, t.fast.Top(needs[i], t.at, t.K))
		}
		return got, scan.Tops(needs, t.at, t.K)
	})
}

// timedScans are as many as a median needs.
const timedScans = 20

// timeScan measures scans for one need each.
func (t *topK) timeScan(r *TopKResult, scan func(rank.Need)) {
	times := make([]time.Duration, min(t.Check, len(t.needs), timedScans))
	for i := range times {
		began := time.Now()
		scan(t.needs[i])
		times[i] = time.Since(began)
	}
	r.ScanP50US = micros(times, 0.5)
}

// A batch of needs is compared with the offers in one pass, which reads the
// memory once for all; while changes go on each batch sees a moment of its own.
const (
	scanBatch  = 256
	stillBatch = 64
)

// compare counts the answers that differ, on so many threads.
func (t *topK) compare(ctx context.Context, r *TopKResult, size, threads int, answers func([]rank.Need) (got, want [][]index.Candidate)) error {
	r.Checked = min(t.Check, len(t.needs))
	batches := slices.Collect(slices.Chunk(t.needs[:r.Checked], size))
	var wrong atomic.Int64
	each(len(batches), threads, func(i int) {
		if ctx.Err() != nil {
			return
		}
		got, want := answers(batches[i])
		for j := range want {
			if !sameAnswers(got[j], want[j]) {
				wrong.Add(1)
			}
		}
	})
	r.Mismatches = int(wrong.Load())
	return ctx.Err()
}

// sameAnswers compares to the last bit.
func sameAnswers(a, b []index.Candidate) bool {
	return slices.EqualFunc(a, b, func(x, y index.Candidate) bool {
		return x.Need == y.Need && x.Request == y.Request && x.Line == y.Line && x.Offer == y.Offer &&
			x.Quantity == y.Quantity && math.Float64bits(x.Score) == math.Float64bits(y.Score)
	})
}

// whileChanging measures and checks with a writer beside.
func (t *topK) whileChanging(ctx context.Context, r *TopKResult) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w := writer{topK: t, random: rand.New(rand.NewPCG(t.Scenario.Seed, 0))} //nolint:gosec // reproducible on purpose
	var all sync.WaitGroup
	all.Go(func() { _ = t.fast.Run(ctx) }) // ends with the context, without an error
	all.Go(func() { w.run(ctx) })
	t.measure(r)
	t.timeScan(r, func(n rank.Need) { t.fast.Still().Scan([]rank.Need{n}, t.at, t.K) })
	// The writer has a processor of its own: it is to keep its rate.
	err := t.compare(ctx, r, stillBatch, max(1, runtime.GOMAXPROCS(0)-1), func(needs []rank.Need) (got, want [][]index.Candidate) {
		still := t.fast.Still()
		for i := range needs {
			got = append(got, still.Top(needs[i], t.at, t.K))
		}
		return got, still.Scan(needs, t.at, t.K)
	})
	stop()
	all.Wait()
	r.ChangesPerS = math.Round(float64(w.done) / w.took.Seconds())
	r.ChangeP50US, r.VisibleP99US = micros(w.changes, 0.5), micros(w.visible, 0.99)
	return err
}

// writer changes offer lines at a steady rate.
type writer struct {
	*topK
	random  *rand.Rand
	done    int
	took    time.Duration
	changes []time.Duration
	visible []time.Duration
}

// beat is how often the writer looks at how far behind it is.
const beat = time.Millisecond

func (w *writer) run(ctx context.Context) {
	fresh := make([]rank.Offer, freshOffers)
	each(len(fresh), 1, func(i int) { fresh[i] = w.scenario.Offer(w.Offers + i) })
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for began := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for due := int(time.Since(began).Seconds() * w.Changes); w.done < due && ctx.Err() == nil; {
			w.change(fresh[w.done%len(fresh)])
		}
		w.took = time.Since(began)
	}
}

// freshOffers are made before, since making one costs more than putting it in.
const freshOffers = 100_000

// change gives a line that is held what another one offers; 1 in 10 goes and
// comes back, as when an offer is paused.
func (w *writer) change(o rank.Offer) {
	old := w.scenario.OfferIDs(w.random.IntN(w.Offers))
	o.ID, o.OfferID = old.Line, old.Offer
	began := time.Now()
	if w.done%10 == 0 {
		w.fast.Remove(o.ID)
	}
	w.fast.Put(o)
	w.changes = append(w.changes, time.Since(began))
	if w.done%1000 == 0 {
		if held, ok := w.fast.Offer(o.ID); ok && held.Category == o.Category {
			w.visible = append(w.visible, time.Since(began))
		}
	}
	w.done++
}
