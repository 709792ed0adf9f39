package wave_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/services/matcher/wave"
)

var noon = time.Date(2020, 2, 3, 12, 0, 0, 0, time.UTC)

func history(t *rapid.T) wave.History {
	accepted, declined := rapid.Float64Range(0, 20).Draw(t, "accepted"), rapid.Float64Range(0, 20).Draw(t, "declined")
	return wave.History{
		Asked: accepted + declined + rapid.Float64Range(0, 20).Draw(t, "silent"), Accepted: accepted, Declined: declined,
		LogMinutes: (accepted + declined) * rapid.Float64Range(0, 8).Draw(t, "log minutes"),
	}
}

func candidates(t *rapid.T) []wave.Candidate {
	all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) wave.Candidate {
		return wave.Candidate{
			Score: rapid.Float64Range(0, 1).Draw(t, "score"), Units: rapid.Int64Range(0, 5).Draw(t, "units"),
			Left: rapid.IntRange(-1, 3).Draw(t, "left"), Recent: float64(rapid.IntRange(0, 4).Draw(t, "recent")), History: history(t),
		}
	}), 0, 30).Draw(t, "candidates")
	for i := range all {
		all[i].Helper = string(rune('A' + i))
	}
	return all
}

func asks(t *rapid.T) []wave.Ask {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) wave.Ask {
		return wave.Ask{
			Units: rapid.Int64Range(0, 5).Draw(t, "units"), History: history(t),
			At: noon.Add(-time.Duration(rapid.IntRange(0, 5000).Draw(t, "minutes")) * time.Minute),
		}
	}), 0, 10).Draw(t, "asks")
}

func policy(t *rapid.T) wave.Policy {
	return wave.PolicyFor(rapid.SampledFrom(contract.Urgencies()).Draw(t, "urgency"))
}

func TestDecideKeepsBudgetsAndBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, all := policy(t), candidates(t)
		n := wave.Need{Key: "need", Missing: rapid.Int64Range(-1, 8).Draw(t, "missing")}
		asked := asks(t)
		next := p.Decide(n, asked, all, noon)
		if len(next.Ask) > p.AtOnce {
			t.Errorf("asks %d, at most %d", len(next.Ask), p.AtOnce)
		}
		if n.Missing <= 0 && (len(next.Ask) > 0 || !next.Look.IsZero()) {
			t.Error("asks for what nobody misses")
		}
		seen := map[string]bool{}
		for _, c := range next.Ask {
			if c.Left < 1 || seen[c.Helper] {
				t.Errorf("asks %s, who may be asked %d times more, seen %t", c.Helper, c.Left, seen[c.Helper])
			}
			seen[c.Helper] = true
		}
		if !next.Look.IsZero() && !next.Look.After(noon) {
			t.Errorf("looks again at %v", next.Look)
		}
	})
}

func TestDecideDoesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, all, asked := policy(t), candidates(t), asks(t)
		n := wave.Need{Key: "need", Missing: rapid.Int64Range(1, 8).Draw(t, "missing")}
		want := p.Decide(n, asked, all, noon)
		shuffled := slices.Clone(all)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) //nolint:gosec // not a secret
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if d := cmp.Diff(want, p.Decide(n, asked, shuffled, noon)); d != "" {
			t.Error(d)
		}
	})
}

// Before the time to look nobody else is to be asked, after it somebody is, as
// long as somebody may be.
func TestLookIsWhenMoreAreAsked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := policy(t)
		n := wave.Need{Key: "need", Missing: rapid.Int64Range(1, 8).Draw(t, "missing")}
		asked := asks(t)
		first := p.Decide(n, asked, candidates(t), noon)
		if first.Look.IsZero() || first.Look.Sub(noon) > 47*time.Hour {
			return
		}
		for _, c := range first.Ask {
			asked = append(asked, wave.Ask{Units: min(max(c.Units, 1), n.Missing), History: c.History, At: noon})
		}
		more := []wave.Candidate{{Helper: "another", Score: 0.5, Units: 1, Left: 1}}
		if early := p.Decide(n, asked, more, first.Look.Add(-2*time.Minute)); len(early.Ask) > 0 && first.Look.Sub(noon) > 3*time.Minute {
			t.Error("asks before the time it gave")
		}
		if late := p.Decide(n, asked, more, first.Look); len(late.Ask) == 0 {
			t.Error("asks nobody at the time it gave")
		}
	})
}

func TestLeastAskedGoesFirstAmongThoseAlike(t *testing.T) {
	t.Parallel()
	p := wave.PolicyFor(contract.Routine)
	p.AtOnce, p.Usual = 1, 0
	all := []wave.Candidate{
		{Helper: "best", Score: 0.9, Left: 1, Recent: 5},
		{Helper: "alike", Score: 0.9 - p.Alike/2, Left: 1, Recent: 1},
		{Helper: "worse", Score: 0.9 - 2*p.Alike, Left: 1},
		{Helper: "spent", Score: 0.9},
	}
	var got []string
	for len(all) > 1 {
		next := p.Decide(wave.Need{Key: "need", Missing: 1}, nil, all, noon)
		if len(next.Ask) != 1 {
			t.Fatalf("asks %v", next.Ask)
		}
		got = append(got, next.Ask[0].Helper)
		all = slices.DeleteFunc(all, func(c wave.Candidate) bool { return c.Helper == next.Ask[0].Helper })
	}
	if d := cmp.Diff([]string{"alike", "best", "worse"}, got); d != "" {
		t.Error(d)
	}
}

// Who always accepts at once is asked alone; of those who seldom do, many are.
func TestAWaveCoversWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := wave.PolicyFor(contract.Soon)
	size := func(h wave.History) int {
		all := make([]wave.Candidate, 30)
		for i := range all {
			all[i] = wave.Candidate{Helper: string(rune('A' + i)), Score: 0.5, Left: 1, Recent: p.Usual, History: h}
		}
		return len(p.Decide(wave.Need{Key: "need", Missing: 1}, nil, all, noon).Ask)
	}
	reliable, reluctant := size(wave.History{Asked: 100, Accepted: 100}), size(wave.History{Asked: 100, Accepted: 10, Declined: 40})
	if reliable > 4 || reluctant <= 2*reliable {
		t.Errorf("asks %d who always accept, %d who seldom do", reliable, reluctant)
	}
}

// Where the same few are asked again and again fewer are asked at once, where people
// were seldom asked more are.
func TestTheWearyAreSpared(t *testing.T) {
	t.Parallel()
	p := wave.PolicyFor(contract.Urgent)
	size := func(recent float64) int {
		all := make([]wave.Candidate, 80)
		for i := range all {
			all[i] = wave.Candidate{Helper: string(rune('A' + i)), Score: 0.5, Left: 1, Recent: recent}
		}
		return len(p.Decide(wave.Need{Key: "need", Missing: 1}, nil, all, noon).Ask)
	}
	fresh, usual, weary := size(0), size(p.Usual), size(10*p.Usual)
	if fresh <= usual || weary >= usual || weary < 1 {
		t.Errorf("asks %d who are fresh, %d as usual, %d who are weary", fresh, usual, weary)
	}
}

func TestInTheEveningMoreAreAsked(t *testing.T) {
	t.Parallel()
	all := make([]wave.Candidate, 60)
	for i := range all {
		all[i] = wave.Candidate{Helper: string(rune('A' + i)), Score: 1, Units: 1, Left: 1, Recent: 2.5}
	}
	p := wave.PolicyFor(contract.Routine)
	asked := func(night time.Time) int {
		return len(p.Decide(wave.Need{Key: "need", Missing: 1, Night: night}, nil, all, noon).Ask)
	}
	usual, soon, at := asked(time.Time{}), asked(noon.Add(15*time.Minute)), asked(noon)
	if asked(noon.Add(10*time.Hour)) > usual+1 || soon < 4*usual || at < soon || at > 7*usual {
		t.Errorf("%d are asked at noon, %d a quarter of an hour before the night, %d at its beginning", usual, soon, at)
	}
}
