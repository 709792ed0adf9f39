package rank

import (
	"math/bits"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

var zoneNames = []string{
	"UTC", "Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca",
}

func drawZone(t *rapid.T) *time.Location {
	zone, err := time.LoadLocation(rapid.SampledFrom(zoneNames).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func drawSchedule(t *rapid.T) Schedule {
	clock := func(label string) string {
		m := rapid.OneOf(rapid.IntRange(0, dayMinutes-1), rapid.SampledFrom([]int{0, 60, 120, 150, 180, 1380})).Draw(t, label)
		return time.Unix(int64(m)*60, 0).UTC().Format("15:04")
	}
	var windows []contract.Window
	for range rapid.IntRange(0, 9).Draw(t, "windows") {
		windows = append(windows, contract.Window{Weekday: rapid.IntRange(1, 7).Draw(t, "weekday"), From: clock("from"), To: clock("to")})
	}
	s, err := NewSchedule(windows, drawZone(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawNow is often near a night in which clocks are turned.
func drawNow(t *rapid.T) time.Time {
	base := rapid.SampledFrom([]time.Time{
		time.Date(2026, time.March, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, time.October, 25, 1, 0, 0, 0, time.UTC),
		time.Date(2026, time.November, 1, 6, 0, 0, 0, time.UTC), time.Date(2027, time.January, 13, 0, 0, 0, 0, time.UTC),
		time.Date(1969, time.July, 20, 0, 0, 0, 0, time.UTC),
	}).Draw(t, "base")
	return base.Add(time.Duration(rapid.Int64Range(-int64(30*24*time.Hour), int64(30*24*time.Hour)).Draw(t, "away"))).In(drawZone(t))
}

func drawQuestion(t *rapid.T) *Question {
	n := &Need{Schedule: drawSchedule(t)}
	now := drawNow(t)
	if rapid.Bool().Draw(t, "deadline") {
		by := now.Add(time.Duration(rapid.Int64Range(0, int64(9*24*time.Hour)).Draw(t, "by")))
		n.NeededBy = &by
	}
	return Ask(n, Moment{Now: now, Policy: Default(), Reference: reference.NewSnapshot(contract.Reference{})})
}

// TestSteadyClockAgreesWithTheCalendar: where nobody turns the clock, counting
// minutes gives the very spans that the calendar gives.
func TestSteadyClockAgreesWithTheCalendar(t *testing.T) {
	t.Parallel()
	steadyOnes := 0
	rapid.Check(t, func(t *rapid.T) {
		q, s := drawQuestion(t), drawSchedule(t)
		if s.anyTime() || !q.clock(s.zone).ok {
			return
		}
		steadyOnes++
		var counted []span
		q.clock(s.zone).each(s.spans, q.week, func(part span) { counted = append(counted, part) })
		if d := gocmp.Diff(s.lived(q.at.Now, q.week), merge(counted), gocmp.AllowUnexported(span{})); d != "" {
			t.Fatalf("%v in %v from %v:\n%s", s.spans, s.zone, q.at.Now, d)
		}
	})
	if steadyOnes == 0 {
		t.Error("no clock was steady")
	}
}

// TestHoursHoldTheCommonTime: what two have in common lies in the hours that
// both have, and the ceiling of the time factor is above its value.
func TestHoursHoldTheCommonTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q, o := drawQuestion(t), Offer{Schedule: drawSchedule(t)}
		offered := AllHours()
		if !o.Schedule.anyTime() {
			offered = o.Schedule.Hours(OffsetsOf(o.Schedule.zone))
		}
		asked := q.Hours()
		m := q.meet(&o)
		if q.TimeCeiling(asked.Common(&offered)) < timeFit(q, &o) || (m.total > 0 && asked.Common(&offered) == 0) {
			t.Fatalf("common %v of %d hours", m.total, asked.Common(&offered))
		}
	})
}

// TestSpansAreApart: packing keeps every minute of the week and nothing else.
func TestSpansAreApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var spans []WeekSpan
		var want [weekMinutes]bool
		for range rapid.IntRange(0, 12).Draw(t, "spans") {
			from, length := rapid.IntRange(0, weekMinutes-1).Draw(t, "from"), rapid.IntRange(1, weekMinutes).Draw(t, "length")
			spans = append(spans, newWeekSpan(from, length))
			for m := range length {
				want[(from+m)%weekMinutes] = true
			}
		}
		var got [weekMinutes]bool
		for _, s := range joinWeek(spans) {
			for m := range s.Length() {
				at := (s.From() + m) % weekMinutes
				if got[at] {
					t.Fatalf("minute %d twice in %v", at, spans)
				}
				got[at] = true
			}
		}
		if got != want {
			t.Fatalf("%v was joined to another week", spans)
		}
	})
}

func TestHoursOfTheWholeWeek(t *testing.T) {
	t.Parallel()
	h := AllHours()
	if n := bits.OnesCount64(h[0]) + bits.OnesCount64(h[1]) + bits.OnesCount64(h[2]); n != weekHours {
		t.Errorf("%d hours", n)
	}
}

// TestCeilingIsAboveEveryScore: with the factors' own values the ceiling is
// the score and a hair.
func TestCeilingIsAboveEveryScore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		weight := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 100))
		for i := range q.weights {
			q.weights[i] = weight.Draw(t, "weight")
		}
		w := q.weights
		q.at.Policy.Weights = Weights{w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9]}
		o := Offer{Schedule: drawSchedule(t), OrganisationLoad: rapid.Int64Range(0, 99).Draw(t, "load"), Skills: []string{"a"}}
		var v Values
		for i := range softFactors {
			v[i] = softFactors[i].value(q, &o)
		}
		ceiling := NewCeiling(q.at.Policy.Weights)
		if score := q.Score(&o); ceiling.Of(&v) < score || ceiling.Of(&v) > score+1e-6 {
			t.Fatalf("ceiling %v, score %v", ceiling.Of(&v), score)
		}
	})
}
