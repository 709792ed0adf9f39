package scenario

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// The laws that are written in the specification.
const (
	categories       = 64
	categoryExponent = 1.1
	skillKinds       = 32
	leastRadiusM     = 2_000
	mostRadiusM      = 50_000
	weekHours        = 168
)

// What the laws leave open.
const (
	unit         = contract.Unit("hour")
	rareLanguage = "yue"
	qualityAsks  = 100 // quality is the share of so many asks that were kept
)

// Names are made once: a million rows share them, as rows of a database do.
var (
	categoryNames = numberedNames("c%02d", categories)
	skillNames    = numberedNames("s%02d", skillKinds)
	clockNames    = numberedNames("%02d:00", 25)
)

func numberedNames(format string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(format, i)
	}
	return names
}

func category(i int) string { return categoryNames[i] }

// zipf draws 0 to n-1, each with a probability of 1/(i+1)^exponent in
// proportion.
type zipf struct{ sums []float64 }

func newZipf(n int, exponent float64) zipf {
	z := zipf{make([]float64, n)}
	total := 0.0
	for i := range z.sums {
		total += math.Pow(float64(i+1), -exponent)
		z.sums[i] = total
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	at := r.Float64() * z.sums[len(z.sums)-1]
	return sort.Search(len(z.sums)-1, func(i int) bool { return z.sums[i] > at })
}

// radiusM is log-uniform.
func radiusM(r *rand.Rand) int64 {
	return int64(leastRadiusM * math.Pow(float64(mostRadiusM)/leastRadiusM, r.Float64()))
}

// skills returns n different ones.
func skills(r *rand.Rand, n int) []string {
	if n == 0 {
		return nil
	}
	held := make([]string, 0, n)
	for taken := uint32(0); len(held) < n; {
		i := r.IntN(skillKinds)
		if taken&(1<<i) == 0 {
			taken |= 1 << i
			held = append(held, skillNames[i])
		}
	}
	return held
}

// needMode: as for offers 1 in 10 is remote; 1 in 10 takes help either way.
func needMode(r *rand.Rand) contract.Mode {
	switch r.IntN(10) {
	case 0:
		return contract.ModeRemote
	case 1:
		return contract.ModeAny
	default:
		return contract.ModeOnsite
	}
}

// schedule frees so many hours of the week, in blocks of at most longest,
// by the clock of the place.
func (s *Scenario) schedule(r *rand.Rand, p place, hours, longest int) rank.Schedule {
	var free [weekHours]bool
	for left := hours; left > 0; {
		length := min(left, 1+r.IntN(longest))
		at := r.IntN(7)*24 + r.IntN(25-length)
		for h := at; h < at+length; h++ {
			if !free[h] {
				free[h] = true
				left--
			}
		}
	}
	var windows []contract.Window
	for h := 0; h < weekHours; h++ {
		from := h
		for h < weekHours && free[h] && h/24 == from/24 {
			h++
		}
		if h > from {
			windows = append(windows, contract.Window{Weekday: from/24 + 1, From: clockNames[from%24], To: clockNames[h-from/24*24]})
			h--
		}
	}
	schedule, err := rank.NewSchedule(windows, s.zones.of(p))
	if err != nil {
		return rank.Schedule{} // cannot be: whole hours are spans of time
	}
	return schedule
}
