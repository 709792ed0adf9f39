package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"heli/cmd/heli/bench/scenario"
	"heli/pkg/bus"
	"heli/pkg/contract"
)

// SuggestOptions say what is asked of a matcher that knows a filled world.
// Arrivals are a Poisson process that follows from the seed: they come whether
// or not earlier ones were answered.
type SuggestOptions struct {
	Filling  Filling
	Rate     float64 // questions per second
	Duration time.Duration
	Limit    int // of offers in an answer
}

// SuggestResult holds latencies from the moment at which a question was due to
// the decoded answer.
type SuggestResult struct {
	Offers    int     `json:"offers"`
	Needs     int     `json:"needs"`
	Seed      uint64  `json:"seed"`
	Scenario  string  `json:"scenario"`
	Text      bool    `json:"text"`
	ReadyS    float64 `json:"ready_s"` // from services that start over a full PostgreSQL to all ready
	Rate      float64 `json:"rate"`
	DurationS float64 `json:"duration_s"`
	Questions int     `json:"questions"`
	P50MS     float64 `json:"p50_ms"`
	P99MS     float64 `json:"p99_ms"`
	P999MS    float64 `json:"p999_ms"`
	Found     float64 `json:"found"`     // offers in each answer, on average
	Unmatched int     `json:"unmatched"` // answers without an offer, which say what is missing
	Wrong     int     `json:"wrong"`     // answers that are not as they must be
	Errors    int     `json:"errors"`
	HeapMB    float64 `json:"heap_mb"` // of this process, the platform in it, after a collection
	RSSMB     float64 `json:"rss_mb"`  // as the system counts, the most there ever was
	// FirstError tells of one question that failed or was answered wrongly.
	FirstError string `json:"first_error,omitempty"`
}

// Suggest asks the matcher for suggestions over the bus, as a coordinator of the
// organisation that has the needs, and checks every answer.
func Suggest(ctx context.Context, b *bus.Bus, o SuggestOptions) (SuggestResult, error) {
	world, err := scenario.New(o.Filling.Scenario)
	if err != nil {
		return SuggestResult{}, err
	}
	r := SuggestResult{
		Offers: o.Filling.Offers, Needs: o.Filling.Needs, Seed: o.Filling.Scenario.Seed, Scenario: o.Filling.Scenario.Name,
		Text: o.Filling.Scenario.Text, Rate: o.Rate,
	}
	a := asker{bus: b, world: world, options: o}
	random := rand.New(rand.NewPCG(o.Filling.Scenario.Seed, 1)) //nolint:gosec // not a secret
	asCoordinator := contract.WithActor(ctx, contract.Actor{Role: contract.RoleCoordinator, Name: "heli bench", Path: askerPath})
	for range warmUp {
		a.ask(asCoordinator, random.IntN(o.Filling.Needs), time.Now())
	}
	a.tally = suggestTally{}
	runtime.GC()
	var all sync.WaitGroup
	began := time.Now()
	for due := began; due.Sub(began) < o.Duration && waitUntil(ctx, due); due = due.Add(gap(random, o.Rate)) {
		n, at := random.IntN(o.Filling.Needs), due
		all.Go(func() { a.ask(asCoordinator, n, at) })
	}
	r.DurationS = round(time.Since(began).Seconds())
	all.Wait()
	if ctx.Err() != nil {
		return SuggestResult{}, ctx.Err()
	}
	a.tally.into(&r)
	r.HeapMB = round(heapMB())
	r.RSSMB, err = peakMB()
	return r, err
}

// asker asks and keeps what came of it.
type asker struct {
	bus     *bus.Bus
	world   *scenario.Scenario
	options SuggestOptions
	mu      sync.Mutex
	tally   suggestTally
}

type suggestTally struct {
	times            []time.Duration
	found, unmatched int
	errors, wrong    int
	first            error
}

// ask asks for one need and counts the answer.
func (a *asker) ask(ctx context.Context, need int, due time.Time) {
	request := a.world.NeedIDs(need).Request
	answer, err := bus.Call(ctx, a.bus, contract.MatcherSuggest, contract.Suggest{RequestID: request, Limit: a.options.Limit})
	took := time.Since(due)
	var wrong error
	if err == nil {
		wrong = a.check(need, answer)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &a.tally
	switch {
	case err != nil:
		t.errors++
	case wrong != nil:
		t.wrong++
	case len(answer.Items) == 0:
		t.unmatched++
	}
	if t.first == nil {
		t.first = errors.Join(err, wrong)
	}
	t.found += len(answer.Items)
	t.times = append(t.times, took)
}

// check says what is wrong with an answer: it must hold offers, the best first,
// each with its reasons and in the asker's sight, or say what is missing.
func (a *asker) check(need int, answer contract.Suggestions) error {
	if len(answer.Items) == 0 && len(answer.Missing) == 0 {
		return fmt.Errorf("need %d: neither offers nor what is missing", need)
	}
	for i, item := range answer.Items {
		n, err := a.world.OfferNumber(item.OfferID)
		switch {
		case err != nil:
			return err
		case n >= a.options.Filling.Offers || a.world.OfferIDs(n).Line != item.OfferLineID:
			return fmt.Errorf("need %d: offer %s is not one of the scenario", need, item.OfferID)
		case n%ownEvery == hiddenAt:
			return fmt.Errorf("need %d: offer %d is out of sight", need, n)
		case item.NeedLineID != a.world.NeedIDs(need).Line || item.Quantity < 1 || item.Score <= 0 || len(item.Factors) == 0:
			return fmt.Errorf("need %d: offer %d comes without amount or reasons", need, n)
		case i > 0 && answer.Items[i-1].Score < item.Score:
			return fmt.Errorf("need %d: a better offer comes later", need)
		case a.world.Need(need).Category != a.world.Offer(n).Category:
			return fmt.Errorf("need %d: offer %d is of another category", need, n)
		}
	}
	return nil
}

func (t *suggestTally) into(r *SuggestResult) {
	r.Questions, r.Errors, r.Wrong, r.Unmatched = len(t.times), t.errors, t.wrong, t.unmatched
	r.P50MS, r.P99MS, r.P999MS = quantile(t.times, 0.5), quantile(t.times, 0.99), quantile(t.times, 0.999)
	r.Found = round(float64(t.found) / float64(max(len(t.times), 1)))
	if t.first != nil {
		r.FirstError = t.first.Error()
	}
}

// peakMB returns the most memory that this process ever had, in millions of
// bytes, as Linux counts it.
func peakMB() (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read memory of the process: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if amount, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(amount), " kB"), 64)
			return round(kib * 1024 / 1e6), err
		}
	}
	return 0, errors.New("read memory of the process: no peak is told")
}
