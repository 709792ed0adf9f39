package scenario_test

import (
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heli/cmd/heli/bench/scenario"
	"heli/services/matcher/rank"
)

func made(t *testing.T, o scenario.Options) *scenario.Scenario {
	t.Helper()
	s, err := scenario.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheSameSeedGivesTheSameRows, and another gives others.
func TestTheSameSeedGivesTheSameRows(t *testing.T) {
	t.Parallel()
	options := scenario.Options{Name: scenario.China, Seed: 7, Text: true}
	a, b := made(t, options), made(t, options)
	options.Seed = 8
	c := made(t, options)
	schedules := cmpopts.IgnoreTypes(rank.Schedule{})
	for i := range 100 {
		if d := gocmp.Diff(a.Offer(i), b.Offer(i), schedules); d != "" {
			t.Fatal(d)
		}
		if d := gocmp.Diff(a.Need(i), b.Need(i), schedules); d != "" {
			t.Fatal(d)
		}
	}
	if gocmp.Equal(a.Offer(0), c.Offer(0), schedules) {
		t.Error("another seed gives the same offer")
	}
}

// TestLaws counts what the laws promise, within four standard deviations.
func TestLaws(t *testing.T) {
	t.Parallel()
	const n = 20_000
	s := made(t, scenario.Options{Name: scenario.Dense, Seed: 1})
	remote, english, commonest, skills, logRadius := 0, 0, 0, 0, 0.0
	for o := range s.Offers(n) {
		if o.RadiusM == nil {
			remote++
		} else {
			logRadius += math.Log(float64(*o.RadiusM))
		}
		if len(o.Languages) > 1 {
			english++
		}
		if o.Category == "c00" {
			commonest++
		}
		skills += len(o.Skills)
		if o.Region != "IT" || *o.Free < 1 || *o.Free > 5 || o.Response.Accepted > o.Response.Asked {
			t.Fatalf("out of the laws: %+v", o)
		}
	}
	total := 0.0
	for i := range 64 {
		total += math.Pow(float64(i+1), -1.1)
	}
	for name, tc := range map[string]struct{ got, want, spread float64 }{
		"remote":     {float64(remote), n * 0.1, math.Sqrt(n * 0.1 * 0.9)},
		"english":    {float64(english), n * 0.2, math.Sqrt(n * 0.2 * 0.8)},
		"commonest":  {float64(commonest), n / total, math.Sqrt(n / total)},
		"skills":     {float64(skills), n * 2, math.Sqrt(n * 2.0 / 3)},
		"log radius": {logRadius / float64(n-remote), math.Log(10_000), math.Log(25) / math.Sqrt(12*n*0.9)},
	} {
		if math.Abs(tc.got-tc.want) > 4*tc.spread {
			t.Errorf("%s: got %g, want %g ± %g", name, tc.got, tc.want, tc.spread)
		}
	}
}

// TestSomethingFits: a need of each scenario finds an offer.
func TestSomethingFits(t *testing.T) {
	t.Parallel()
	for _, name := range []string{scenario.World, scenario.China, scenario.Dense, scenario.Contended} {
		s := made(t, scenario.Options{Name: name, Seed: 1})
		offers := slices.Collect(s.Offers(2000))
		fits := 0
		for n := range s.Needs(100) {
			q := rank.Ask(&n, s.Moment())
			for _, o := range offers {
				if q.Check(&o) == "" {
					fits++
				}
			}
		}
		if fits == 0 {
			t.Errorf("%s: nothing fits", name)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := scenario.New(scenario.Options{Name: "mars"}); err == nil {
		t.Error("mars was taken")
	}
}
