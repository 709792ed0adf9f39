package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"heli/cmd/heli/bench/scenario"
	"heli/pkg/contract"
	"heli/services/matcher/index"
	"heli/services/matcher/plan"
	"heli/services/matcher/rank"
)

// PlanOptions are what Plan measures.
type PlanOptions struct {
	Scenario scenario.Options
	Needs    int       // 0 for the scenario's own number
	Offers   int       // 0 for the scenario's own number
	K        int       // candidates of a need that are looked at first
	Full     bool      // look at all pairs that fit
	Arrivals int       // needs that come into the standing plan one by one
	Check    int       // after so many of them the plan is proved optimal anew
	Anew     int       // after so many of them, and after the last, it is compared with a new plan
	Load     bool      // load on helpers and organisations costs
	Dump     io.Writer // where the graph goes that was planned; nil: nowhere
}

// PlanResult is what Plan found.
type PlanResult struct {
	Scenario        string  `json:"scenario"`
	Seed            uint64  `json:"seed"`
	Needs           int     `json:"needs"`
	Offers          int     `json:"offers"`
	Edges           int     `json:"edges"` // pairs looked at
	Objective       int64   `json:"objective"`
	Bound           int64   `json:"bound"`
	Gap             float64 `json:"gap"`
	Asked           int64   `json:"asked"` // units
	Units           int64   `json:"units"` // of them matched
	GreedyObjective int64   `json:"greedy_objective"`
	GreedyUnits     int64   `json:"greedy_units"`
	CandidatesS     float64 `json:"candidates_s"` // until the plan has the first candidates, and in the index later

	SolveS    float64 `json:"solve_s"`   // the rest
	FirstS    float64 `json:"first_s"`   // of it, until the first plan
	FirstGap  float64 `json:"first_gap"` // and how far that was from the bound at most
	Certified bool    `json:"certified"`

	Arrivals     int     `json:"arrivals,omitempty"`
	ArrivalP50US float64 `json:"arrival_p50_us,omitempty"`
	ArrivalP99US float64 `json:"arrival_p99_us,omitempty"`
	Checks       int     `json:"checks,omitempty"`
	Solves       int     `json:"solves,omitempty"`
	Mismatches   int     `json:"mismatches,omitempty"` // of checks and solves
}

// Plan measures the assignment of a scenario's needs to its offers, through
// the index and in memory. It needs no platform.
func Plan(ctx context.Context, o PlanOptions) (PlanResult, error) {
	m, err := newMarket(o)
	if err != nil {
		return PlanResult{}, err
	}
	r := PlanResult{Scenario: o.Scenario.Name, Seed: o.Scenario.Seed, Offers: len(m.capacities), Arrivals: o.Arrivals}
	p, err := m.solve(ctx, &r)
	if err != nil {
		return r, err
	}
	greedy := p.Greedy()
	r.GreedyObjective, r.GreedyUnits = greedy.Objective, greedy.Units
	if o.Dump != nil {
		if err := p.Graph().Write(o.Dump); err != nil {
			return r, fmt.Errorf("dump graph: %w", err)
		}
	}
	if o.Arrivals > 0 {
		err = m.arrive(ctx, p, &r)
	}
	return r, err
}

// market is a scenario's index as the plan's source.
type market struct {
	options    PlanOptions
	fast       *index.Fast
	at         rank.Moment
	needs      []rank.Need // and after them those that arrive
	capacities []int64

	mu     sync.Mutex
	asking int
	since  time.Time
	spent  time.Duration // while somebody asks
}

func newMarket(o PlanOptions) (*market, error) {
	s, err := scenario.New(o.Scenario)
	if err != nil {
		return nil, err
	}
	offers, needs := s.Size()
	offers, needs = cmp.Or(o.Offers, offers), cmp.Or(o.Needs, needs)
	o.Needs = needs
	m := &market{options: o, fast: index.NewFast(), at: s.Moment()}
	rows := make([]rank.Offer, offers)
	m.needs, m.capacities = make([]rank.Need, needs+o.Arrivals), make([]int64, offers)
	each(len(rows), runtime.GOMAXPROCS(0), func(i int) { rows[i] = s.Offer(i) })
	each(len(m.needs), runtime.GOMAXPROCS(0), func(i int) { m.needs[i] = s.Need(i) })
	for i := range rows {
		m.capacities[i] = *rows[i].Free
	}
	m.fast.Load(rows)
	return m, nil
}

// costScale is what a score of 0 costs: scores are weighed by millionths.
const costScale = 1_000_000

// Best implements plan.Source.
func (m *market) Best(need plan.NeedKey, k int) []plan.Candidate {
	m.clock(1)
	defer m.clock(-1)
	found := m.fast.Top(m.needs[need], m.at, min(k, len(m.capacities)))
	candidates := make([]plan.Candidate, len(found))
	for i, c := range found {
		candidates[i] = plan.Candidate{Offer: offerKey(c.Line), Cost: int64(math.Round((1 - c.Score) * costScale))}
	}
	slices.SortFunc(candidates, func(a, b plan.Candidate) int {
		return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(a.Offer, b.Offer))
	})
	return candidates
}

// clock adds up the time in which at least one asks.
func (m *market) clock(more int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if m.asking > 0 {
		m.spent += now.Sub(m.since)
	}
	m.since = now
	m.asking += more
}

// offerKey reads the number that a scenario's id ends with.
func offerKey(id contract.OfferLineID) plan.OfferKey {
	const digits = 12
	n, err := strconv.ParseInt(string(id[len(id)-digits:]), 16, 32)
	if err != nil {
		return -1 // the plan refuses it
	}
	return plan.OfferKey(n)
}

// need prices what stays unmatched as the matcher does: more than any pair, and
// up to ten times as much with urgency and waiting.
func (m *market) need(i int) plan.Need {
	const urgencyPrice = 9
	urgency := rank.Ask(&m.needs[i], m.at).Urgency()
	return plan.Need{
		Key: plan.NeedKey(i), Quantity: *m.needs[i].Remaining,
		Price: costScale + int64(math.Round(urgencyPrice*costScale*urgency)),
	}
}

func (m *market) input(needs int) plan.Input {
	in := plan.Input{Needs: make([]plan.Need, needs), Offers: make([]plan.Offer, len(m.capacities))}
	for i := range in.Needs {
		in.Needs[i] = m.need(i)
	}
	for i, c := range m.capacities {
		in.Offers[i] = plan.Offer{Key: plan.OfferKey(i), Capacity: c}
	}
	if m.options.Load {
		m.load(&in)
	}
	return in
}

func (m *market) planOptions() plan.Options {
	o := plan.Options{Candidates: m.options.K, Workers: runtime.GOMAXPROCS(0)}
	if m.options.Full {
		o.Candidates = math.MaxInt32
	}
	return o
}

// solve plans all needs that are there from the beginning.
func (m *market) solve(ctx context.Context, r *PlanResult) (*plan.Plan, error) {
	in := m.input(m.options.Needs)
	for _, n := range in.Needs {
		r.Asked += n.Quantity
	}
	runtime.GC()
	began := time.Now()
	p, err := plan.New(in, m, m.planOptions())
	if err != nil {
		return nil, err
	}
	found := time.Since(began)
	began, m.spent = time.Now(), 0
	if err := p.Solve(ctx); err != nil {
		return nil, err
	}
	r.FirstS = round((time.Since(began) - m.spent).Seconds())
	r.FirstGap = p.Result().Gap()
	if err := p.Refine(ctx); err != nil {
		return nil, err
	}
	r.SolveS, r.CandidatesS = round((time.Since(began) - m.spent).Seconds()), round((found + m.spent).Seconds())
	last := p.Result()
	r.Needs, r.Edges, r.Units = last.Needs, last.Edges, last.Units
	r.Objective, r.Bound, r.Gap, r.Certified = last.Objective, last.Bound, last.Gap(), last.Certified
	return p, nil
}
