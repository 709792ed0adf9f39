package plan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"heli/services/matcher/plan/flow"
)

func mustSolve(t testing.TB, w Source, in Input, o Options) *Plan {
	t.Helper()
	p, err := New(in, w, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Refine(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func solveGraph(t testing.TB, p *Plan) int64 {
	t.Helper()
	s, err := flow.Solve(t.Context(), p.Graph())
	if err != nil {
		t.Fatal(err)
	}
	return s.Cost.Int64()
}

// square is a contended world: points on a square, costs their distances.
func square(seed uint64, needs, offers int, units int64) *world {
	r := rand.New(rand.NewPCG(seed, 0))
	w := newWorld()
	points := make([][2]float64, offers)
	for o := range points {
		points[o] = [2]float64{r.NormFloat64(), r.NormFloat64()}
		w.offers[OfferKey(o)] = Offer{Key: OfferKey(o), Capacity: 1 + r.Int64N(3*units)}
	}
	for n := range NeedKey(needs) {
		w.needs[n] = Need{Key: n, Quantity: 1 + r.Int64N(2*units), Price: 1_000_000 + r.Int64N(1_000_000)}
		w.costs[n] = map[OfferKey]int64{}
		x, y := r.NormFloat64(), r.NormFloat64()
		for o, at := range points {
			if d := (x-at[0])*(x-at[0]) + (y-at[1])*(y-at[1]); d < 1 {
				w.costs[n][OfferKey(o)] = int64(d * 1_000_000)
			}
		}
	}
	return w
}

func TestContendedPlanIsApproximateThenExact(t *testing.T) {
	t.Parallel()
	for _, units := range []int64{1, 2_000_000} {
		w := square(1, 600, 300, units)
		p, err := New(w.input(), w, Options{Effort: 1, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Solve(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := p.Result()
		if first.Exact || units == 1 && first.Gap() > 0.001 || first.Bound > first.Objective {
			t.Fatalf("the first plan: %+v, gap %f", first, first.Gap())
		}
		if err := p.AddNeed(Need{Key: 9999}); !errors.Is(err, ErrCoarse) {
			t.Fatalf("an approximate plan was changed: %v", err)
		}
		if err := p.Refine(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
		last := p.Result()
		if want := w.optimum(t); !last.Certified || last.Objective != want || first.Bound > want || first.Objective < want {
			t.Fatalf("%+v then %+v, want %d", first, last, want)
		}
		if got := solveGraph(t, p); got != last.Objective {
			t.Fatalf("its graph costs %d", got)
		}
		if greedy := p.Greedy(); greedy.Objective <= last.Objective {
			t.Fatalf("greedy is better: %d", greedy.Objective)
		}
	}
}

// TestAnEndedContextLeavesAPlan: whenever the context ends, what is there is
// feasible, its bound holds, and Refine goes on to the same optimum.
func TestAnEndedContextLeavesAPlan(t *testing.T) {
	t.Parallel()
	w := square(2, 300, 150, 2)
	want := w.optimum(t)
	for looks := 1; looks < 40; looks += 3 {
		p, err := New(w.input(), w, Options{Effort: int64(1 + looks%2*1_000_000)})
		if err != nil {
			t.Fatal(err)
		}
		ctx := &expiring{Context: t.Context(), looks: looks}
		if err := p.Refine(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if r := p.Result(); r.Bound > want || r.Objective < want {
			t.Fatalf("%+v, want %d", r, want)
		}
		if err := p.Refine(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := p.Result(); r.Objective != want || !r.Certified {
			t.Fatalf("%+v, want %d", r, want)
		}
	}
}

// expiring ends after it was looked at so many times.
type expiring struct {
	context.Context
	looks int
}

func (e *expiring) Err() error {
	if e.looks--; e.looks < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// TestTheSameInputGivesTheSamePlan, to the last pair, however many work at it
// and whether all hangs together or not.
func TestTheSameInputGivesTheSamePlan(t *testing.T) {
	t.Parallel()
	for _, islands := range []int{1, 5} {
		for _, effort := range []int64{1, 1_000_000_000} {
			samePlans(t, islands, effort)
		}
	}
}

func samePlans(t *testing.T, islands int, effort int64) {
	t.Helper()
	var first string
	for workers := 1; workers <= 4; workers++ {
		w := square(3, 300, 150, 2)
		w.separate(islands)
		p := mustSolve(t, w, w.input(), Options{Candidates: 4, Effort: effort, Workers: workers})
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(p.Pairs(), p.Result())
		if first == "" {
			first = text
		}
		if text != first {
			t.Fatalf("%d workers find another plan for %d islands", workers, islands)
		}
	}
}

// separate keeps only pairs of the same island.
func (w *world) separate(islands int) {
	for n, costs := range w.costs {
		for o := range costs {
			if int(n)%islands != int(o)%islands {
				delete(costs, o)
			}
		}
	}
}
func TestEdgesOfTheWorld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		needs, offers int
		cost          func(n, o int) int64 // negative: does not fit
		capacity      int64
		units         int64 // wanted
	}{
		"nothing":                    {0, 0, nil, 0, 0},
		"no needs":                   {0, 5, nil, 1, 0},
		"no offers":                  {5, 0, nil, 0, 0},
		"nothing fits":               {5, 5, func(int, int) int64 { return -1 }, 9, 0},
		"all costs tie":              {50, 40, func(int, int) int64 { return 3 }, 1, 40},
		"one offer fits all":         {3000, 1, func(int, int) int64 { return 3 }, 700, 700},
		"one offer of millions":      {3000, 1, func(n, _ int) int64 { return int64(n % 7) }, 5_000_000, 3000},
		"empty offers":               {5, 5, func(int, int) int64 { return 1 }, 0, 0},
		"all cost more than nothing": {5, 5, func(int, int) int64 { return 1000 }, 1, 0},
	} {
		for _, effort := range []int64{1, 1_000_000} {
			w := newWorld()
			for o := range c.offers {
				w.offers[OfferKey(o)] = Offer{Key: OfferKey(o), Capacity: c.capacity}
			}
			for n := range c.needs {
				w.needs[NeedKey(n)] = Need{Key: NeedKey(n), Quantity: 1, Price: 500}
				w.costs[NeedKey(n)] = map[OfferKey]int64{}
				for o := range c.offers {
					if cost := c.cost(n, o); cost >= 0 {
						w.costs[NeedKey(n)][OfferKey(o)] = cost
					}
				}
			}
			p := mustSolve(t, w, w.input(), Options{Effort: effort})
			if r := p.Result(); !r.Certified || r.Units != c.units {
				t.Errorf("%s: %+v, want %d units", name, r, c.units)
			}
			if err := p.check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// liar is a source with a fault.
type liar struct {
	Source
	fault func([]Candidate) []Candidate
}

func (l liar) Best(n NeedKey, k int) []Candidate { return l.fault(l.Source.Best(n, k)) }

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	w := square(4, 2, 3, 1)
	for k := range w.costs[0] {
		w.costs[0][k] = 5
	}
	w.costs[0] = map[OfferKey]int64{0: 5, 1: 6}
	need, offer := Need{Quantity: 1, Price: 9}, Offer{Capacity: 1}
	all := []Offer{{0, 1, 0}, {1, 1, 0}, {2, 1, 0}}
	same := func(c []Candidate) []Candidate { return c }
	for name, c := range map[string]struct {
		in    Input
		fault func([]Candidate) []Candidate
		want  error
	}{
		"a need twice":         {Input{Needs: []Need{need, need}}, same, ErrTaken},
		"an offer twice":       {Input{Offers: []Offer{offer, offer}}, same, ErrTaken},
		"a negative key":       {Input{Needs: []Need{{Key: -1}}}, same, ErrInvalid},
		"a negative quantity":  {Input{Needs: []Need{{Quantity: -1}}}, same, ErrInvalid},
		"a negative price":     {Input{Needs: []Need{{Price: -1}}}, same, ErrInvalid},
		"a price too high":     {Input{Needs: []Need{{Price: MaxPrice + 1}}}, same, ErrInvalid},
		"a sum too high":       {Input{Needs: []Need{{Quantity: Unlimited, Price: 1000}}}, same, ErrOverflow},
		"a negative capacity":  {Input{Offers: []Offer{{Capacity: -1}}}, same, ErrInvalid},
		"an unknown group":     {Input{Offers: []Offer{{Group: 1}}}, same, ErrUnknown},
		"an unknown parent":    {Input{Groups: []Group{{Key: 1, Parent: 2}}}, same, ErrUnknown},
		"a group without key":  {Input{Groups: []Group{{}}}, same, ErrInvalid},
		"a group twice":        {Input{Groups: []Group{{Key: 1}, {Key: 1}}}, same, ErrTaken},
		"load that gets lower": {Input{Groups: []Group{{Key: 1, Load: []Step{{1, 2}, {1, 1}}}}}, same, ErrInvalid},
		"an unknown offer":     {Input{Needs: []Need{need}}, same, ErrUnknown},
		"a cost too high": {Input{Needs: []Need{need}, Offers: all}, func(c []Candidate) []Candidate {
			return []Candidate{{0, MaxCost + 1}}
		}, ErrInvalid},
		"candidates out of order": {Input{Needs: []Need{need}, Offers: all}, func(c []Candidate) []Candidate {
			slices.Reverse(c)
			return c
		}, ErrSource},
		"an offer as two candidates": {Input{Needs: []Need{need}, Offers: all}, func(c []Candidate) []Candidate {
			return []Candidate{{0, 1}, {0, 2}}
		}, ErrSource},
	} {
		if _, err := New(c.in, liar{w, c.fault}, Options{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestChangesRefuse(t *testing.T) {
	t.Parallel()
	w := square(5, 3, 3, 1)
	p := mustSolve(t, w, w.input(), Options{})
	before := p.Result()
	for name, c := range map[string]struct{ got, want error }{
		"a need again":           {p.AddNeed(w.needs[0]), ErrTaken},
		"no such need":           {p.RemoveNeed(7), ErrUnknown},
		"no such need to set":    {p.SetNeed(7, 1, 1), ErrUnknown},
		"a negative quantity":    {p.SetNeed(0, -1, 1), ErrInvalid},
		"too much to add up":     {p.SetNeed(0, Unlimited, MaxPrice), ErrOverflow},
		"an offer again":         {p.AddOffer(w.offers[0], nil), ErrTaken},
		"an unknown caller":      {p.AddOffer(Offer{Key: 8}, []Caller{{9, 1}}), ErrUnknown},
		"a caller at a loss":     {p.AddOffer(Offer{Key: 8}, []Caller{{0, -1}}), ErrInvalid},
		"no such offer":          {p.RemoveOffer(8), ErrUnknown},
		"no such offer to set":   {p.SetCapacity(8, 1), ErrUnknown},
		"a negative capacity":    {p.SetCapacity(0, -1), ErrInvalid},
		"an unknown explanation": {func() error { _, err := p.Explain(9); return err }(), ErrUnknown},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if after := p.Result(); after != before {
		t.Errorf("refused changes made %+v of %+v", after, before)
	}
}
