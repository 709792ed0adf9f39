package bench

import (
	"math"
	"slices"
	"time"
)

// quantile returns the nearest-rank quantile, in milliseconds with three
// decimals; zero without samples. It sorts what it is given.
func quantile(samples []time.Duration, q float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	slices.Sort(samples)
	rank := max(int(math.Ceil(q*float64(len(samples)))), 1)
	return round(float64(samples[rank-1]) / float64(time.Millisecond))
}

func round(f float64) float64 { return math.Round(f*1000) / 1000 }
