package bench

import (
	"context"
	"time"
)

// WavesOptions say how long and how much is simulated.
type WavesOptions struct {
	Helpers, Needs int
	Days           int
	Seed           uint64
}

// WavesResult compares ways of asking helpers, over the same needs, the same
// helpers and the same answers: whether and when somebody answers a need does
// not depend on the way, only whether they are asked.
type WavesResult struct {
	Helpers   int     `json:"helpers"`
	Needs     int     `json:"needs"`
	Seed      uint64  `json:"seed"`
	Fits      float64 `json:"fits"` // helpers who fit a need, on average
	Waves     Asking  `json:"waves"`
	Everybody Asking  `json:"everybody"` // all who fit, at once
	Nearest   Asking  `json:"nearest"`   // as waves, but whoever is nearest first
	// Ratios of waves to the others.
	Messages float64 `json:"messages_ratio"` // to everybody
	Time     float64 `json:"time_ratio"`     // to everybody, over the needs that both filled
	Gini     float64 `json:"gini_ratio"`     // to nearest
}

// Asking is what one way of asking came to.
type Asking struct {
	Filled   int     `json:"filled"`
	Asks     int     `json:"asks"`
	Messages float64 `json:"messages_per_filled"` // asks, and notices that it is filled
	TimeH    float64 `json:"time_to_fill_h"`      // on average
	P90H     float64 `json:"time_to_fill_p90_h"`
	Gini     float64 `json:"gini"`          // of how often each helper was asked; 0: all alike
	Broken   int     `json:"broken"`        // asks beyond somebody's budget
	Late     int     `json:"late_accepted"` // answers that were not needed any more
	took     map[int]time.Duration
}

// Waves simulates a time of needs and answers under each way of asking.
func Waves(ctx context.Context, o WavesOptions) (WavesResult, error) {
	f := newField(o)
	r := WavesResult{Helpers: o.Helpers, Needs: o.Needs, Seed: o.Seed}
	for _, n := range f.needs {
		r.Fits += float64(len(n.fits)) / float64(len(f.needs))
	}
	for _, one := range []struct {
		into *Asking
		how  way
	}{{&r.Waves, inWaves}, {&r.Everybody, everybody}, {&r.Nearest, nearestFirst}} {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		*one.into = newSimulation(f, one.how).run()
	}
	r.Fits = round(r.Fits)
	r.Messages, r.Gini = round(r.Waves.Messages/r.Everybody.Messages), round(r.Waves.Gini/r.Nearest.Gini)
	var ours, theirs time.Duration
	for n, took := range r.Waves.took {
		if other, both := r.Everybody.took[n]; both {
			ours, theirs = ours+took, theirs+other
		}
	}
	r.Time = round(float64(ours) / float64(theirs))
	return r, nil
}

// way is a way of asking.
type way int

const (
	inWaves way = iota
	everybody
	nearestFirst
)
