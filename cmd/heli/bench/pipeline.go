package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"heli/pkg/contract"
)

const (
	// lostAfter is how long a submission may stay without a suggestion before it
	// counts as lost.
	lostAfter = 30 * time.Second
	// lookInterval is the wait between two looks at the suggestions.
	lookInterval = 5 * time.Millisecond
)

// PipelineOptions say how to load. Arrivals are a Poisson process that follows
// from the seed: they come whether or not earlier ones were answered.
type PipelineOptions struct {
	Rate     float64 // arrivals per second
	Duration time.Duration
	Seed     uint64
}

// PipelineResult holds latencies from the moment at which a submission was due.
// Visible is a suggestions answer that holds a fitting offer.
type PipelineResult struct {
	Rate         float64 `json:"rate"`
	DurationS    float64 `json:"duration_s"`
	SubmitP50MS  float64 `json:"submit_p50_ms"`
	SubmitP99MS  float64 `json:"submit_p99_ms"`
	VisibleP50MS float64 `json:"visible_p50_ms"`
	VisibleP99MS float64 `json:"visible_p99_ms"`
	Errors       int     `json:"errors"`
	Lost         int     `json:"lost"`
	// Submissions counts all that were due, FirstError tells of one that failed.
	Submissions int    `json:"submissions"`
	FirstError  string `json:"first_error,omitempty"`
}

// Pipeline submits open requests at a rate and looks for each until an offer is
// suggested for it.
func Pipeline(ctx context.Context, c *Client, o PipelineOptions) (PipelineResult, error) {
	needs, err := fittingNeeds(ctx, c)
	if err != nil {
		return PipelineResult{}, err
	}
	random := rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // not a secret
	var (
		all sync.WaitGroup
		w   watch
	)
	began := time.Now()
	for due := began; due.Sub(began) < o.Duration && waitUntil(ctx, due); due = due.Add(gap(random, o.Rate)) {
		n, at := needs[random.IntN(len(needs))], due
		all.Go(func() { w.follow(ctx, c, n, at) })
	}
	elapsed := time.Since(began)
	all.Wait()
	if ctx.Err() != nil {
		return PipelineResult{}, ctx.Err()
	}
	r := w.result()
	r.Rate, r.DurationS = o.Rate, round(elapsed.Seconds())
	return r, nil
}

// gap draws the time to the next arrival.
func gap(random *rand.Rand, rate float64) time.Duration {
	return time.Duration(random.ExpFloat64() / rate * float64(time.Second))
}

func waitUntil(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// watch gathers what became of the submissions.
type watch struct {
	mu              sync.Mutex
	submit, visible []time.Duration
	count, errors   int
	lost            int
	first           string
}

// follow submits one need and looks for its suggestions.
func (w *watch) follow(ctx context.Context, c *Client, n need, due time.Time) {
	var submitted contract.SubmittedRequest
	err := c.post(ctx, "/requests", n.body, http.StatusCreated, &submitted)
	answered := time.Since(due)
	if err == nil {
		err = await(ctx, c, submitted.ID, due)
	}
	seen := time.Since(due)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	switch {
	case errors.Is(err, errLost):
		w.lost++
	case err != nil:
		w.errors++
		if w.first == "" {
			w.first = err.Error()
		}
		return
	default:
		w.visible = append(w.visible, seen)
	}
	w.submit = append(w.submit, answered)
}

// errLost says that a submission never became visible.
var errLost = errors.New("no suggestion in time")

func await(ctx context.Context, c *Client, id contract.RequestID, due time.Time) error {
	for time.Since(due) < lostAfter {
		found, err := hasSuggestion(ctx, c, id)
		if err != nil || found {
			return err
		}
		if !waitUntil(ctx, time.Now().Add(lookInterval)) {
			return ctx.Err()
		}
	}
	return errLost
}

func (w *watch) result() PipelineResult {
	w.mu.Lock()
	defer w.mu.Unlock()
	return PipelineResult{
		SubmitP50MS: quantile(w.submit, 0.5), SubmitP99MS: quantile(w.submit, 0.99),
		VisibleP50MS: quantile(w.visible, 0.5), VisibleP99MS: quantile(w.visible, 0.99),
		Errors: w.errors, Lost: w.lost, Submissions: w.count, FirstError: w.first,
	}
}
