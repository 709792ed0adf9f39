package rank_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// failer is what tests and properties have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func factor(t failer, name string, n rank.Need, o rank.Offer, m rank.Moment) contract.Factor {
	t.Helper()
	for _, f := range rank.Ask(&n, m).Factors(&o) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no factor %s", name)
	return contract.Factor{}
}

func words(hashes ...uint64) []contract.WordHash {
	var w []contract.WordHash
	for _, h := range hashes {
		w = append(w, contract.WordHash{Hash: h, Weight: 1})
	}
	return w
}

func TestFactors(t *testing.T) {
	t.Parallel()
	type change = func(*rank.Need, *rank.Offer)
	said := map[string]bool{}
	const critical, planned = contract.Critical, contract.Planned
	for _, tc := range []struct {
		factor string
		change change
		value  float64
		key    string
	}{
		{"urgency", func(n *rank.Need, _ *rank.Offer) { n.Urgency, n.Since = critical, noon }, 1, "waiting"},
		{"urgency", func(n *rank.Need, _ *rank.Offer) { n.Urgency, n.Since = planned, noon }, 0.1, "waiting"},
		{"urgency", func(n *rank.Need, _ *rank.Offer) { n.Urgency, n.Since = planned, noon.Add(time.Hour) }, 0.1, "waiting"},
		{"urgency", func(n *rank.Need, _ *rank.Offer) { n.Since = noon.Add(-7 * 24 * time.Hour) }, 1 - 0.75/math.E, "waiting"},
		{"urgency", func(n *rank.Need, _ *rank.Offer) {
			n.Since, n.Vulnerability = noon.Add(-7*24*time.Hour), []string{"child"}
		}, 1 - 0.75/(math.E*math.E), "waiting"},
		{"urgency", func(n *rank.Need, _ *rank.Offer) { n.Since, n.NeededBy = noon.Add(-time.Hour), after(0) }, 1 - 0.75/math.E, "waiting"},
		{"closeness", func(n *rank.Need, o *rank.Offer) { n.Point, o.Point = at(34, 108), at(34, 108) }, 1, "exact"},
		{"closeness", func(_ *rank.Need, _ *rank.Offer) {}, 0.5, "about"},
		{"closeness", func(n *rank.Need, o *rank.Offer) { n.Mode, o.Mode, n.Category = "remote", "any", "psych" }, 1, "remote"},
		{"closeness", func(n *rank.Need, _ *rank.Offer) { n.Region = "nowhere" }, 0.3, "unknown"},
		{"skill", func(*rank.Need, *rank.Offer) {}, 1, "none"},
		{"skill", func(n *rank.Need, o *rank.Offer) { n.Skills, o.Skills = []string{"a"}, []string{"a"} }, 1, "has"},
		{"skill", func(_ *rank.Need, o *rank.Offer) { o.Skills = []string{"a", "b", "c"} }, 0.25, "more"},
		{"language", func(*rank.Need, *rank.Offer) {}, 1, "any"},
		{"language", func(n *rank.Need, _ *rank.Offer) { n.Languages = []string{"ug"} }, 0.5, "unknown"},
		{"language", func(n *rank.Need, o *rank.Offer) {
			n.Languages, o.Languages = []string{"ug", "zh"}, []string{"zh-CN"}
		}, 0.5, "common"},
		{"text", func(*rank.Need, *rank.Offer) {}, 0, "none"},
		{"text", func(n *rank.Need, o *rank.Offer) { n.Item, o.Item = "gown", "gown" }, 1, "item"},
		{"text", func(n *rank.Need, o *rank.Offer) { n.Words, o.Words = words(1, 2), words(2, 1) }, 0.9, "words"},
		{"text", func(n *rank.Need, o *rank.Offer) { n.Words, o.Words = words(1, 2), words(2, 3) }, 0.45, "words"},
		{"time", func(*rank.Need, *rank.Offer) {}, 1, "any"},
		{"time", func(n *rank.Need, _ *rank.Offer) { n.Schedule = schedule(t, "UTC", weekly(5, "08:00", "10:00")) }, 0.5, "common"},
		{"time", func(n *rank.Need, _ *rank.Offer) { n.Schedule = schedule(t, "UTC", weekly(5, "08:00", "18:00")) }, 1, "common"},
		{"helper_load", func(*rank.Need, *rank.Offer) {}, 1, "none"},
		{"helper_load", func(_ *rank.Need, o *rank.Offer) { o.Helper, o.Load = "h", rank.Load{Used: 3, Budget: amount(4)} }, 0.25, "busy"},
		{"helper_load", func(_ *rank.Need, o *rank.Offer) { o.Helper, o.Load = "h", rank.Load{Used: 9, Budget: amount(4)} }, 0, "busy"},
		{"helper_load", func(_ *rank.Need, o *rank.Offer) { o.Helper, o.Load = "h", rank.Load{Budget: amount(0)} }, 0, "busy"},
		{"helper_load", func(_ *rank.Need, o *rank.Offer) { o.Helper = "h" }, 1, "free"},
		{"organisation_load", func(*rank.Need, *rank.Offer) {}, 1, "free"},
		{"organisation_load", func(_ *rank.Need, o *rank.Offer) { o.OrganisationLoad = 150 }, 0.25, "busy"},
		{"response", func(*rank.Need, *rank.Offer) {}, 0.6 * 0.8, "new"},
		{"response", func(_ *rank.Need, o *rank.Offer) { o.Response = rank.Response{Asked: 5, Accepted: 5, Done: 5} }, 0.8 * 0.9, "history"},
		{"response", func(_ *rank.Need, o *rank.Offer) { o.Response = rank.Response{Asked: 10} }, 0.2 * 0.8, "history"},
		{"continuity", func(*rank.Need, *rank.Offer) {}, 0.5, "none"},
		{"continuity", func(n *rank.Need, o *rank.Offer) { n.Continuity, o.Helper = []contract.HelperID{"h"}, "h" }, 1, "same"},
		{"continuity", func(n *rank.Need, _ *rank.Offer) { n.Continuity = []contract.HelperID{"h"} }, 0, "other"},
	} {
		n, o := labour()
		tc.change(&n, &o)
		f := factor(t, tc.factor, n, o, moment())
		said[f.Key] = true
		if math.Abs(f.Value-tc.value) > 1e-9 || f.Key != "factor."+tc.factor+"."+tc.key {
			t.Errorf("%s is %v (%s), want %v (%s)", tc.factor, f.Value, f.Key, tc.value, tc.key)
		}
	}
	for _, key := range rank.Keys() {
		if strings.HasPrefix(key, "factor.") && !said[key] {
			t.Errorf("no row says %s", key)
		}
		delete(said, key)
	}
	if len(said) > 0 {
		t.Errorf("Keys lacks %v", said)
	}
}

// TestCategoryDecidesOpenModes: where both sides take any way, masks are
// delivered and advice is given remotely.
func TestCategoryDecidesOpenModes(t *testing.T) {
	t.Parallel()
	n, o := labour()
	n.Mode, o.Mode, n.Region = contract.ModeAny, contract.ModeAny, "310101"
	for category, key := range map[string]string{"ppe": "factor.closeness.about", "legal": "factor.closeness.remote"} {
		n.Category, o.Category = category, category
		if f := factor(t, "closeness", n, o, moment()); f.Key != key {
			t.Errorf("%s: got %s, want %s", category, f.Key, key)
		}
	}
}

func TestCloserNeverLowersCloseness(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, o := labour()
		mode := rapid.SampledFrom([]contract.Mode{contract.ModeOnsite, contract.ModeDelivery}).Draw(t, "mode")
		n.Category, n.Mode, o.Mode = "food", mode, mode
		lat, lon := rapid.Float64Range(-80, 80).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon")
		far := rapid.Float64Range(0, 9).Draw(t, "far")
		near := far * rapid.Float64Range(0, 1).Draw(t, "share")
		n.Point = at(lat, lon)
		value := func(degrees float64) float64 {
			o.Point = at(lat+degrees, lon) // along a meridian distance grows with the degrees
			return factor(t, "closeness", n, o, moment()).Value
		}
		if a, b := value(near), value(far); a < b-1e-12 {
			t.Fatalf("%v degrees away gives %v, %v degrees %v", near, a, far, b)
		}
	})
}

func TestWaitingNeverLowersUrgency(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, o := labour()
		n.Urgency = rapid.SampledFrom(contract.Urgencies()).Draw(t, "urgency")
		value := func(minutes int) float64 {
			n.Since = noon.Add(-time.Duration(minutes) * time.Minute)
			return factor(t, "urgency", n, o, moment()).Value
		}
		long := rapid.IntRange(0, 100_000).Draw(t, "long")
		short := rapid.IntRange(0, long).Draw(t, "short")
		if value(short) > value(long) || value(long) > 1 {
			t.Fatalf("%d minutes give %v, %d give %v", short, value(short), long, value(long))
		}
	})
}

// counts is a fixed rarity.
type counts map[uint64]int

func (c counts) Documents() int            { return 100 }
func (c counts) Frequency(hash uint64) int { return c[hash] }

func TestTextQuery(t *testing.T) {
	t.Parallel()
	rarity := counts{1: 90, 2: 2}
	q := rank.NewTextQuery(words(1, 2), rarity)
	common, rare, both := q.Score(words(1, 7)), q.Score(words(2, 7)), q.Score(words(2, 1))
	if !(0 < common && common < rare && rare < both && math.Abs(both-1) < 1e-12) {
		t.Errorf("common %v, rare %v, both %v", common, rare, both)
	}
	if got := q.Score(nil); got != 0 {
		t.Errorf("no words give %v", got)
	}
	if got := rank.NewTextQuery(nil, nil).Score(words(1)); got != 0 {
		t.Errorf("an empty need gives %v", got)
	}
}

func TestTextScoreIsSymmetricAndBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Map(rapid.SliceOfNDistinct(rapid.Uint64Range(1, 12), 0, 8, rapid.ID), func(h []uint64) []contract.WordHash { return words(h...) })
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		rarity := counts{1: 100, 2: 50, 3: 20, 4: 5}
		ab, ba := rank.NewTextQuery(a, rarity).Score(b), rank.NewTextQuery(b, rarity).Score(a)
		if ab < 0 || ab > 1 || math.Abs(ab-ba) > 1e-12 {
			t.Fatalf("%v one way, %v the other", ab, ba)
		}
	})
}
