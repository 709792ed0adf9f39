// Package wave decides whom to ask for a need, how many at once, and when to ask
// more. It is pure: it sends nothing, reads no clock, and knows helpers by a key
// alone. Whether somebody fits is decided before, whether they are free after.
//
// A few are asked at once, so many that the answers still expected cover what is
// missing. Silence weighs: with every hour an answer is less likely to come, and
// when too little is left to hope for, the next are asked. Nobody is asked beyond
// their budget, among those who fit alike whoever was asked least goes first, and where
// all were asked often, fewer are asked at once.
package wave

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"heli/pkg/contract"
)

// Policy is how eagerly is asked.
type Policy struct {
	// Cover is how many times what is missing the answers still expected should
	// give, when a wave is sent.
	Cover float64
	// Again is below how many times what is missing the next wave is sent.
	Again float64
	// AtOnce bounds one wave.
	AtOnce int
	// Alike is how far below the best score one fits as well as the best.
	Alike float64
	// Usual is how often people were asked lately where just so many are asked as the
	// above says; 0 asks so many however often they were.
	Usual float64
}

// PolicyFor returns the policy for an urgency: the more urgent, the more are asked
// at once.
func PolicyFor(u contract.Urgency) Policy {
	p := Policy{Cover: 2.4, Again: 2, AtOnce: 12, Alike: 0.25, Usual: usualAsks}
	switch u {
	case contract.Critical:
		p.Cover, p.Again, p.AtOnce = 8, 5, 40
		p.Usual = 0 // nobody is spared, and so many are enough
	case contract.Urgent:
		p.Cover, p.Again, p.AtOnce = 4.5, 3.5, 24
	case contract.Soon:
		p.Cover, p.Again, p.AtOnce = 3, 2.5, 16
	}
	return p
}

// Need is what is asked for.
type Need struct {
	Key     string
	Missing int64 // units, with what others have accepted taken off
	// Night is when people cease to answer; the zero time where they do not.
	Night time.Time
}

// Candidate is somebody who fits and was not asked for this need yet.
type Candidate struct {
	Helper  string
	Score   float64 // how well they fit, 0 to 1
	Units   int64   // they could give
	Left    int     // how often they may still be asked in this period; below 1 they are not
	Recent  float64 // how often they were asked lately, for whatever; long ago counts less
	History History
}

// Ask is somebody who was asked for this need and has not answered.
type Ask struct {
	Units   int64
	History History
	At      time.Time
}

// Next is what to do.
type Next struct {
	Ask []Candidate
	// Look is when to decide anew if nobody answers before: the zero time when
	// nothing can change by waiting.
	Look time.Time
}

// Decide returns whom to ask now. It is the same for the same input, whatever the
// order of the candidates. When nothing is missing nobody is asked.
func (p Policy) Decide(n Need, asked []Ask, candidates []Candidate, now time.Time) Next {
	if n.Missing <= 0 {
		return Next{}
	}
	hope, free := expected(asked, now), p.order(n, candidates)
	p = p.sparing(free).before(n.Night, now)
	var next Next
	if missing := float64(n.Missing); hope < p.Again*missing {
		for _, c := range free {
			if hope >= p.Cover*missing || len(next.Ask) == p.AtOnce {
				break
			}
			next.Ask = append(next.Ask, c)
			hope += c.expected(n)
		}
	}
	next.Look = p.look(n, asked, next.Ask, now)
	if len(next.Ask) == len(candidates) {
		next.Look = time.Time{} // nobody is left to ask
	}
	return next
}

// How eagerly is asked follows from how weary those are who would be asked. Who
// goes first among those who fit one need evens out what they are asked, but not
// what others are: where few live beside much need, the same few are asked again
// and again, however fair each wave is. So waves are smaller where people were asked
// more often than usualAsks, and larger where they were asked less: in the invented
// years of heli bench waves the spread of asks falls by a sixth, which no order of
// those who fit came near. With more than mostEager a crowd would say yes for one to
// help.
const (
	usualAsks  = 2.5
	leastEager = 0.65
	mostEager  = 3
)

// sparing returns the policy for those who may be asked, the first to ask first.
func (p Policy) sparing(free []Candidate) Policy {
	first := free[:min(len(free), p.AtOnce)]
	if len(first) == 0 || p.Usual <= 0 {
		return p
	}
	asked := 0.0
	for _, c := range first {
		asked += c.Recent / float64(len(first))
	}
	eager := max(p.Usual/max(asked, p.Usual/mostEager), leastEager)
	p.Cover = max(p.Cover*eager, p.Again) // when more are asked stays as it was
	p.AtOnce = int(float64(p.AtOnce) * max(eager, 1))
	return p
}

// mostHurried bounds how much more eagerly is asked in the evening.
const mostHurried = 6

// before returns the policy for a need that comes a while before the night: what is
// not answered by then is answered in the morning, so more are asked, as many as
// their usual time to answer makes up for. In the invented years of heli bench waves
// that saves a third of the time that waves take beyond asking everybody.
func (p Policy) before(night, now time.Time) Policy {
	if night.IsZero() {
		return p
	}
	hurry := 1 / max(History{}.answeredAfter(night.Sub(now)), 1.0/mostHurried)
	p.Cover, p.Again = p.Cover*hurry, p.Again*hurry
	p.AtOnce = int(float64(p.AtOnce) * hurry)
	return p
}

// expected is how many units of the need a candidate who is asked now gives.
func (c Candidate) expected(n Need) float64 {
	return float64(min(max(c.Units, 1), n.Missing)) * c.History.accepts(0)
}

// expected is how many units those who were asked still give.
func expected(asked []Ask, now time.Time) float64 {
	sum := 0.0
	for _, a := range asked {
		sum += float64(max(a.Units, 1)) * a.History.accepts(now.Sub(a.At))
	}
	return sum
}

// order returns those who may be asked, the first to ask first: who fits as well
// as the best before the others, then who was asked least, then by chance, which
// is the same each time for one need.
func (p Policy) order(n Need, candidates []Candidate) []Candidate {
	free := slices.DeleteFunc(slices.Clone(candidates), func(c Candidate) bool { return c.Left < 1 })
	best := 0.0
	for _, c := range free {
		best = max(best, c.Score)
	}
	band := func(c Candidate) int {
		if p.Alike <= 0 {
			return 0
		}
		return int((best - c.Score) / p.Alike)
	}
	slices.SortFunc(free, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(band(a), band(b)), cmp.Compare(a.Recent, b.Recent),
			cmp.Compare(chance(n, a), chance(n, b)), cmp.Compare(a.Helper, b.Helper))
	})
	return free
}

// chance draws a number for a helper and a need.
func chance(n Need, c Candidate) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(n.Key + "\x00" + c.Helper)) // a hash takes everything
	return h.Sum64()
}

const (
	soonest = time.Minute
	latest  = 48 * time.Hour
)

// look returns when those who were asked, the new ones among them, will be too
// few to hope for. What is expected only falls with time, so halving finds it.
func (p Policy) look(n Need, asked []Ask, fresh []Candidate, now time.Time) time.Time {
	all := slices.Clone(asked)
	for _, c := range fresh {
		all = append(all, Ask{Units: min(max(c.Units, 1), n.Missing), History: c.History, At: now})
	}
	least := p.Again * float64(n.Missing)
	low, high := soonest, latest
	for high-low > soonest {
		if middle := (low + high) / 2; expected(all, now.Add(middle)) >= least {
			low = middle
		} else {
			high = middle
		}
	}
	return now.Add(high)
}

// History is how somebody answered before, weighed so that long ago counts less.
type History struct {
	Sent                      float64 // asks in all, whatever came of them
	Asked, Accepted, Declined float64
	// LogMinutes is the sum of the logarithms of how many minutes each answer took.
	LogMinutes float64
}

// What is assumed of somebody of whom nothing is known: as if they had been asked
// so often, had accepted and declined so many, and took so long.
const (
	priorAsked    = 4.0
	priorAccepted = 1.6
	priorDeclined = 1.2
	priorMinutes  = 45.0
)

// accepts is how likely somebody who has been silent for a time still accepts.
//
// Of those who ever answer, the share that has answered after t is log-logistic,
// 1 / (1 + (median/t)^steep): most at once, a few a day later. Silence is
// evidence as Bayes has it.
func (h History) accepts(silent time.Duration) float64 {
	asked := h.Asked + priorAsked
	yes, no := (h.Accepted+priorAccepted)/asked, (h.Declined+priorDeclined)/asked
	heard := h.answeredAfter(silent)
	return yes * (1 - heard) / max(1-(yes+no)*heard, math.SmallestNonzeroFloat64)
}

const steep = 1.3

func (h History) answeredAfter(t time.Duration) float64 {
	if t <= 0 {
		return 0
	}
	answers := h.Accepted + h.Declined
	median := math.Exp((h.LogMinutes + priorAsked*math.Log(priorMinutes)) / (answers + priorAsked))
	return 1 / (1 + math.Pow(median/t.Minutes(), steep))
}
