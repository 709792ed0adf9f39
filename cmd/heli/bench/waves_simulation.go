package bench

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/services/matcher/wave"
)

// simulation is one way of asking under way.
type simulation struct {
	field  *field
	how    way
	events moments
	number int // of events so far: equal times go in order
	states []needState
	helper []helperState
	result Asking
}

// needState is a need while it is asked for.
type needState struct {
	missing int64
	asked   []waiting
	rest    []fit // not asked yet
	notices int
}

// waiting is somebody who has not answered.
type waiting struct {
	helper int
	ask    wave.Ask
}

// helperState is what is known of a helper by who asks.
type helperState struct {
	history wave.History
	asks    []time.Time
}

// moment is when something happens to a need: it comes, a helper answers, or it
// is time to look.
type moment struct {
	at     time.Time
	number int
	need   int
	what   func(at time.Time)
}

type moments []moment

func (m moments) Len() int      { return len(m) }
func (m moments) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m moments) Less(i, j int) bool {
	return cmp.Or(m[i].at.Compare(m[j].at), cmp.Compare(m[i].number, m[j].number)) < 0
}

// Push implements heap.Interface.
func (m *moments) Push(x any) { *m = append(*m, x.(moment)) } //nolint:errcheck // heap.Push is given nothing else

// Pop implements heap.Interface.
func (m *moments) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

func newSimulation(f *field, how way) *simulation {
	s := &simulation{field: f, how: how, states: make([]needState, len(f.needs)), helper: make([]helperState, len(f.helpers))}
	s.result.took = map[int]time.Duration{}
	for n := range f.needs {
		s.states[n] = needState{missing: f.needs[n].units, rest: slices.Clone(f.needs[n].fits)}
		s.at(f.needs[n].at, n, func(at time.Time) { s.ask(n, at) })
	}
	return s
}

func (s *simulation) at(when time.Time, need int, what func(time.Time)) {
	s.number++
	heap.Push(&s.events, moment{when, s.number, need, what})
}

func (s *simulation) run() Asking {
	for len(s.events) > 0 {
		next := heap.Pop(&s.events).(moment) //nolint:errcheck // it holds nothing else
		next.what(next.at)
	}
	return s.sum()
}

// Nobody is asked at night, but for what is critical, and nobody answers then.
const wakes, sleeps = 8, 22

func awake(at time.Time) time.Time {
	if hour := at.Hour(); hour < wakes {
		return at.Truncate(24 * time.Hour).Add(wakes * time.Hour)
	} else if hour >= sleeps {
		return at.Truncate(24 * time.Hour).Add((24 + wakes) * time.Hour)
	}
	return at
}

// ask looks at a need and asks whom its way says.
func (s *simulation) ask(n int, now time.Time) {
	need, state := &s.field.needs[n], &s.states[n]
	if state.missing <= 0 {
		return
	}
	if day := awake(now); need.urgency != contract.Critical && day.After(now) {
		s.at(day, n, func(at time.Time) { s.ask(n, at) })
		return
	}
	whom, look := s.choose(n, now)
	for _, f := range whom {
		s.send(n, f, now)
	}
	if !look.IsZero() {
		s.at(look, n, func(at time.Time) { s.ask(n, at) })
	}
}

// choose returns whom to ask, and when to look again.
func (s *simulation) choose(n int, now time.Time) ([]fit, time.Time) {
	need, state := &s.field.needs[n], &s.states[n]
	if s.how == everybody {
		return state.rest, time.Time{}
	}
	candidates, byKey := make([]wave.Candidate, len(state.rest)), map[string]fit{}
	for i, f := range state.rest {
		h := &s.helper[f.helper]
		c := wave.Candidate{
			Helper: s.field.helpers[f.helper].key, Score: f.score, Units: 1, History: h.history,
			Left: s.field.helpers[f.helper].budget - h.since(now.Add(-week)), Recent: h.lately(now),
		}
		if s.how == nearestFirst {
			c.Score, c.Recent, c.Left = 1-f.distance/1000, 0, 1
		}
		candidates[i], byKey[c.Helper] = c, f
	}
	policy := wave.PolicyFor(need.urgency)
	if s.how == nearestFirst {
		policy.Alike, policy.Usual = 1e-9, 0
	}
	asked := make([]wave.Ask, len(state.asked))
	for i, w := range state.asked {
		asked[i] = w.ask
		asked[i].History = s.helper[w.helper].history
	}
	want := wave.Need{Key: s.field.needs[n].at.String(), Missing: state.missing}
	if need.urgency != contract.Critical && s.how == inWaves {
		want.Night = now.Truncate(24 * time.Hour).Add(sleeps * time.Hour)
	}
	next := policy.Decide(want, asked, candidates, now)
	whom := make([]fit, len(next.Ask))
	for i, c := range next.Ask {
		whom[i] = byKey[c.Helper]
	}
	return whom, next.Look
}

const week = 7 * 24 * time.Hour

// since returns how often somebody was asked after a time.
func (h *helperState) since(then time.Time) int {
	n := 0
	for i := len(h.asks) - 1; i >= 0 && h.asks[i].After(then); i-- {
		n++
	}
	return n
}

// halfDays is after how many days an ask counts half, as in the running matcher.
const halfDays = 90

// lately is how often somebody was asked, long ago counting less.
func (h *helperState) lately(now time.Time) float64 {
	sum := 0.0
	for _, at := range h.asks {
		sum += math.Pow(0.5, now.Sub(at).Hours()/24/halfDays)
	}
	return sum
}

// send asks somebody, who will answer or not.
func (s *simulation) send(n int, f fit, now time.Time) {
	state, h := &s.states[n], &s.helper[f.helper]
	if h.since(now.Add(-week)) >= s.field.helpers[f.helper].budget {
		s.result.Broken++
	}
	h.asks = append(h.asks, now)
	s.result.Asks++
	state.asked = append(state.asked, waiting{f.helper, wave.Ask{Units: 1, At: now}})
	state.rest = slices.DeleteFunc(slices.Clone(state.rest), func(r fit) bool { return r.helper == f.helper })
	said := s.field.answer(uint64(len(s.field.needs)), n, f.helper)
	if said.silent {
		h.history.Asked++
		return
	}
	when := awake(now.Add(said.after))
	if s.field.needs[n].urgency == contract.Critical {
		when = now.Add(said.after)
	}
	s.at(when, n, func(at time.Time) { s.hear(n, f.helper, said, at) })
}

// hear books an answer.
func (s *simulation) hear(n, helper int, said answer, now time.Time) {
	state, h := &s.states[n], &s.helper[helper]
	h.history.Asked++
	h.history.LogMinutes += math.Log(max(said.after.Minutes(), 1))
	if !said.accepted {
		h.history.Declined++
	} else {
		h.history.Accepted++
	}
	state.asked = slices.DeleteFunc(state.asked, func(w waiting) bool { return w.helper == helper })
	switch {
	case state.missing <= 0:
		if said.accepted {
			s.result.Late++
		}
		return
	case said.accepted:
		if state.missing--; state.missing == 0 {
			s.result.took[n] = now.Sub(s.field.needs[n].at)
			state.notices = len(state.asked) // who has not answered is told that it is filled
			return
		}
	}
	if s.how != everybody {
		s.ask(n, now)
	}
}

// sum counts what came of it all.
func (s *simulation) sum() Asking {
	r := s.result
	r.Filled = len(r.took)
	notices := 0
	for n := range s.states {
		notices += s.states[n].notices
	}
	r.Messages = round(float64(r.Asks+notices) / float64(r.Filled))
	times := make([]time.Duration, 0, len(r.took))
	total := time.Duration(0)
	for _, took := range r.took {
		times, total = append(times, took), total+took
	}
	r.TimeH, r.P90H = round(total.Hours()/float64(r.Filled)), round(quantile(times, 0.9)/1000/3600)
	counts := make([]float64, len(s.helper))
	for i := range s.helper {
		counts[i] = float64(len(s.helper[i].asks))
	}
	r.Gini = round(gini(counts))
	return r
}

// gini is how unequal amounts are: 0 when all are alike, near 1 when one has all
// (Gini 1912).
func gini(amounts []float64) float64 {
	slices.Sort(amounts)
	sum, weighted := 0.0, 0.0
	for i, a := range amounts {
		sum += a
		weighted += float64(i+1) * a
	}
	n := float64(len(amounts))
	if sum == 0 {
		return 0
	}
	return (2*weighted - (n+1)*sum) / (n * sum)
}
