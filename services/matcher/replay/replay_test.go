package replay

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

const hour = int64(time.Hour / time.Second)

// story is a small past whose end one can work out by hand.
type story struct {
	name    string
	mode    rank.Mode
	needs   []Need
	offers  []Offer
	refused []Pair

	matches int
	matched int64
	covered int
	waits   []int64 // of the routine needs served: median and p90, in seconds
}

func stories() []story {
	late := give("late", 5, func(o *Offer) { o.From = morning.Add(2 * time.Hour) })
	afterTen := want("n", 2, func(n *Need) { n.Since = morning.Add(10 * time.Minute) })
	daily := give("daily", 1, func(o *Offer) {
		o.Per, o.Zone = contract.PerDay, time.FixedZone("Shanghai", int(8*time.Hour/time.Second))
	})
	weary := func(o *Offer) { o.Helper, o.Load.Budget = "ada", new(int64(1)) }
	return []story{
		{"automatic pairs at once, and the rest with who comes later", rank.Automatic,
			[]Need{want("n", 2)}, []Offer{give("early", 1), late}, nil, 2, 2, 1, []int64{0, 0}},
		{"assisted pairs at the next half hour", rank.Assisted,
			[]Need{afterTen}, []Offer{give("early", 1), late}, nil, 2, 2, 1, []int64{1200, 1200}},
		{"manual pairs at the next midnight", rank.Manual,
			[]Need{afterTen}, []Offer{give("early", 1), late}, nil, 2, 2, 1, []int64{57_000, 57_000}},
		{"a declined pair is never made", rank.Automatic,
			[]Need{want("n", 1)}, []Offer{give("o", 1)}, []Pair{{"rn", "fo"}}, 0, 0, 0, nil},
		{"a capacity renews at midnight where the offer is", rank.Automatic,
			[]Need{want("a", 1), want("b", 1)}, []Offer{daily}, nil, 2, 2, 2, []int64{0, 8 * hour}},
		{"a plan waits for the capacity that renews", rank.Assisted,
			[]Need{want("a", 1), want("b", 1)}, []Offer{daily}, nil, 2, 2, 2, []int64{0, 8 * hour}},
		{"a helper is not asked more than wished in a week", rank.Automatic,
			[]Need{want("a", 1), want("b", 1)}, []Offer{give("o", 9, weary), give("p", 9, weary)}, nil, 2, 2, 2, []int64{0, 112 * hour}},
		{"a need that left is not served", rank.Automatic,
			[]Need{want("n", 1, func(n *Need) { n.Until = after(time.Hour) })}, []Offer{late}, nil, 0, 0, 0, nil},
		{"an offer that ended serves nobody", rank.Automatic,
			[]Need{want("n", 1)}, []Offer{give("o", 1, func(o *Offer) { o.Until = after(-time.Minute) })}, nil, 0, 0, 0, nil},
		{"what others hold is not given twice", rank.Automatic,
			[]Need{want("n", 3)}, []Offer{give("o", 3, func(o *Offer) { o.Taken = map[time.Time]int64{time.Unix(0, 0).UTC(): 2} })},
			nil, 1, 1, 0, []int64{0, 0}},
		{"a need that states no amount is one", rank.Automatic,
			[]Need{want("n", 1, func(n *Need) { n.Remaining = nil })}, []Offer{give("o", 3)}, nil, 1, 1, 1, []int64{0, 0}},
		{"a line that states no capacity serves all", rank.Assisted,
			[]Need{want("a", 1), want("b", 9)}, []Offer{give("o", 1, func(o *Offer) { o.Free = nil })}, nil, 2, 10, 2, []int64{0, 0}},
		{"a request and an offer meet once", rank.Automatic,
			[]Need{want("a", 1), want("b", 1, func(n *Need) { n.RequestID = "ra" })}, []Offer{give("o", 3)}, nil, 1, 1, 1, []int64{0, 0}},
		{"a plan leaves such a pair out too", rank.Assisted,
			[]Need{want("a", 1), want("b", 1, func(n *Need) { n.RequestID = "ra" })}, []Offer{give("o", 3)}, nil, 1, 1, 1, []int64{0, 0}},
		{"nobody but people pairs a sensitive need", rank.Automatic,
			[]Need{want("n", 1, func(n *Need) { n.Category, n.Since = "psych", morning.Add(time.Minute) })},
			[]Offer{give("o", 3, func(o *Offer) { o.Category = "psych" })}, nil, 1, 1, 1, []int64{29 * 60, 29 * 60}},
	}
}

func TestStories(t *testing.T) {
	t.Parallel()
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := play(t, s.mode, s.needs, s.offers, s.refused...)
			share := float64(s.matched) / float64(got.Units)
			if got.Share != share || len(s.needs) == 1 && got.MeanShare != share {
				t.Errorf("a share of %v and a mean of %v, want %v", got.Share, got.MeanShare, share)
			}
			if got.Matches != s.matches || got.UnitsMatched != s.matched || got.Covered != s.covered || got.Needs != len(s.needs) {
				t.Errorf("played to %+v", got)
			}
			routine := got.Urgencies[3]
			if routine.Needs != len(s.needs) || routine.Unmatched != len(s.needs)-got.Served {
				t.Errorf("routine needs: %+v", routine)
			}
			if (routine.MedianS == nil) != (s.waits == nil) {
				t.Fatalf("routine needs: %+v", routine)
			}
			if s.waits != nil && (*routine.MedianS != s.waits[0] || *routine.P90S != s.waits[1]) {
				t.Errorf("waited %d and %d, want %v", *routine.MedianS, *routine.P90S, s.waits)
			}
		})
	}
}

// One optimal plan serves both; taking the best for each as it comes does not.
func TestAPlanIsBetterThanHaste(t *testing.T) {
	t.Parallel()
	easy := want("a", 1, func(n *Need) { n.Since = morning.Add(time.Minute) })
	hard := want("b", 1, func(n *Need) { n.Since, n.Skills = morning.Add(2*time.Minute), []string{"driving"} })
	offers := []Offer{
		give("far", 1, func(o *Offer) { o.Skills = []string{"cooking", "sewing", "singing"} }),
		give("near", 1, func(o *Offer) { o.Skills = []string{"driving"} }),
	}
	hasty, planned := play(t, rank.Automatic, []Need{easy, hard}, offers), play(t, rank.Assisted, []Need{easy, hard}, offers)
	if hasty.Served != 1 || planned.Served != 2 {
		t.Errorf("served %d in haste, %d by plan", hasty.Served, planned.Served)
	}
}

func TestDistanceAndSpread(t *testing.T) {
	t.Parallel()
	at := func(lat float64) *contract.Point { return &contract.Point{Lat: lat, Lon: 108.9} }
	needs := []Need{
		want("a", 1, func(n *Need) { n.Mode, n.Point = contract.ModeOnsite, at(34) }),
		want("b", 1, func(n *Need) { n.Mode, n.Point = contract.ModeOnsite, at(34) }),
		want("c", 1, func(n *Need) { n.Mode = contract.ModeRemote }),
		want("d", 1, func(n *Need) { n.Mode = contract.ModeRemote }),
	}
	helper := func(name contract.HelperID, mode contract.Mode) func(*Offer) {
		return func(o *Offer) {
			o.Helper, o.Mode, o.Point, o.Path = name, mode, at(34.1), "root/xian/"+string(name)+"/"
		}
	}
	offers := []Offer{
		give("p", 2, helper("ada", contract.ModeOnsite)), give("q", 2, helper("bo", contract.ModeRemote)),
		give("x", 2, helper("cy", contract.ModeDelivery)), // able, and not wanted
		give("y", 2, helper("di", contract.ModeAny), func(o *Offer) { o.Category = "food" }),
	}
	got := play(t, rank.Automatic, needs, offers)
	tenth := rank.EarthM * math.Pi / 1800 / 1000 // of a degree, in km
	if got.Measured != 2 || got.MeanKM == nil || math.Abs(*got.MeanKM-tenth) > 1e-6 {
		t.Errorf("a mean of %v km over %d, want %v over 2", got.MeanKM, got.Measured, tenth)
	}
	// 0, 2, 2: 2·(1·0+2·2+3·2)/(3·4) − 4/3 = 1/3.
	want := contract.LoadSpread{Able: 3, Used: 2, Most: 2, Gini: got.Helpers.Gini}
	if got.Helpers != want || math.Abs(got.Helpers.Gini-1.0/3) > 1e-12 || got.Organisations != got.Helpers {
		t.Errorf("load of helpers %+v, of organisations %+v", got.Helpers, got.Organisations)
	}
}

func TestNothingHappens(t *testing.T) {
	t.Parallel()
	got := play(t, rank.Assisted, nil, nil)
	if got.Needs != 0 || got.Share != 0 || got.MeanKM != nil || got.Helpers.Gini != 0 || len(got.Urgencies) != len(contract.Urgencies()) {
		t.Errorf("played to %+v", got)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, Record{Needs: []Need{want("n", 1)}, Until: morning}, Everywhere(policy(rank.Automatic)), tools())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The mode of each need's own scope says when it is served.
func TestEachNeedIsPlayedUnderItsOwnPolicy(t *testing.T) {
	t.Parallel()
	late := func(category string) func(*Need) {
		return func(n *Need) { n.Category, n.Since = category, morning.Add(10*time.Minute) }
	}
	modes := map[string]rank.Mode{"labour": rank.Automatic, "labour.sorting": rank.Assisted, "food": rank.Manual, "goods": rank.Wave}
	record := Record{Until: morning.AddDate(0, 0, 14)}
	for category := range modes {
		record.Needs = append(record.Needs, want(category, 1, late(category)))
		record.Offers = append(record.Offers, give(category, 1, func(o *Offer) { o.Category = category }))
	}
	r := newRun(record, Policies{Installation: policy(rank.Manual), Of: func(n *rank.Need) rank.Policy { return policy(modes[n.Category]) }}, tools())
	for e, ok := r.queue.next(); ok; e, ok = r.queue.next() {
		r.now = e.at
		if err := r.take(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for category, wait := range map[needID]time.Duration{"labour": 0, "labour.sorting": 20 * time.Minute, "goods": AnswersAfter, "food": 15*time.Hour + 50*time.Minute} {
		if n := r.needOf[category]; n.got != 1 || n.waited() != wait {
			t.Errorf("%s got %d after %s, want after %s", category, n.got, n.waited(), wait)
		}
	}
}
