package bench

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"heli/pkg/contract"
)

// field is who helps and what is needed, by invented laws that follow from the
// seed: a province of eleven cities, in which many live in the first.
type field struct {
	began   time.Time
	helpers []fieldHelper
	needs   []fieldNeed
}

// fieldHelper is a helper and the truth about them, which nobody who asks knows.
type fieldHelper struct {
	key      string
	city     int
	x, y     float64 // km in the city
	category int
	budget   int // asks in a week
	accepts  float64
	declines float64       // of what is not accepted
	median   time.Duration // of the time to an answer
}

type fieldNeed struct {
	at       time.Time
	urgency  contract.Urgency
	units    int64
	category int
	city     int
	x, y     float64
	fits     []fit // helpers
}

// site is a neighbourhood, hospital or checkpoint: most needs come from few of them.
type site struct {
	city int
	x, y float64
}

// fit is a helper for a need, and how well.
type fit struct {
	helper   int
	score    float64
	distance float64
}

const (
	cities     = 11
	siteCount  = 100
	categories = 8
	cityKM     = 30.0
	fitting    = 0.6 // share of helpers in reach whose hours, languages and skills fit
	remoteKM   = 100.0
)

func newField(o WavesOptions) *field {
	r := rand.New(rand.NewPCG(o.Seed, 3)) //nolint:gosec // not a secret
	f := &field{began: time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC)}
	for i := range o.Helpers {
		f.helpers = append(f.helpers, newFieldHelper(r, i))
	}
	sites := make([]site, siteCount)
	for i := range sites {
		sites[i] = site{rareLater(r, cities), r.NormFloat64() * cityKM / 3, r.NormFloat64() * cityKM / 3}
	}
	span := time.Duration(o.Days) * 24 * time.Hour
	for range o.Needs {
		site := sites[rareLater(r, len(sites))]
		n := fieldNeed{
			at: f.began.Add(time.Duration(r.Float64() * float64(span))), urgency: drawUrgency(r), units: drawUnits(r),
			category: rareLater(r, categories), city: site.city, x: site.x + r.NormFloat64(), y: site.y + r.NormFloat64(),
		}
		n.fits = f.fitting(r, &n)
		f.needs = append(f.needs, n)
	}
	return f
}

func newFieldHelper(r *rand.Rand, i int) fieldHelper {
	return fieldHelper{
		key: strconv.Itoa(i), city: rareLater(r, cities), x: r.NormFloat64() * cityKM / 3, y: r.NormFloat64() * cityKM / 3,
		category: rareLater(r, categories), budget: 1 + r.IntN(5),
		accepts: between(r, 0.15, 0.75), declines: between(r, 0.3, 0.8),
		median: time.Duration(45 * math.Exp(0.7*r.NormFloat64()) * float64(time.Minute)),
	}
}

// rareLater draws the first of n most often, the second half as often, and so on.
func rareLater(r *rand.Rand, n int) int {
	total := 0.0
	for i := range n {
		total += 1 / float64(i+1)
	}
	at := r.Float64() * total
	for i := range n {
		if at -= 1 / float64(i+1); at < 0 {
			return i
		}
	}
	return n - 1
}

func between(r *rand.Rand, least, most float64) float64 { return least + (most-least)*r.Float64() }

func drawUrgency(r *rand.Rand) contract.Urgency {
	switch at := r.Float64(); {
	case at < 0.05:
		return contract.Critical
	case at < 0.3:
		return contract.Urgent
	case at < 0.65:
		return contract.Soon
	default:
		return contract.Routine
	}
}

func drawUnits(r *rand.Rand) int64 {
	if r.Float64() < 0.65 {
		return 1
	}
	return 2 + int64(r.IntN(4))
}

// remote tells whether help of a category is given from anywhere, as advice is.
func remote(category int) bool { return category%2 == 0 }

// fitting returns who fits a need: closeness is half of how well, where help is
// given on site, the rest chance.
func (f *field) fitting(r *rand.Rand, n *fieldNeed) []fit {
	var fits []fit
	for i := range f.helpers {
		h := &f.helpers[i]
		if h.category != n.category || !remote(n.category) && h.city != n.city || r.Float64() > fitting {
			continue
		}
		distance := remoteKM
		if h.city == n.city {
			distance = math.Hypot(h.x-n.x, h.y-n.y)
		}
		closeness := 1 / (1 + distance/cityKM)
		if remote(n.category) {
			closeness = 1
		}
		fits = append(fits, fit{helper: i, score: (closeness + r.Float64()) / 2, distance: distance})
	}
	return fits
}

// answer is what a helper says to a need, and after how long; neither depends on
// who else is asked.
type answer struct {
	accepted, silent bool
	after            time.Duration
}

const answerSpread = 1.1 // of the logarithm of the time to an answer

func (f *field) answer(seed uint64, need, helper int) answer {
	h := &f.helpers[helper]
	r := rand.New(rand.NewPCG(seed^uint64(need)<<20, uint64(helper))) //nolint:gosec // not a secret
	after := time.Duration(float64(h.median) * math.Exp(answerSpread*r.NormFloat64()))
	switch at := r.Float64(); {
	case at < h.accepts:
		return answer{accepted: true, after: after}
	case at < h.accepts+h.declines*(1-h.accepts):
		return answer{after: after}
	default:
		return answer{silent: true}
	}
}
