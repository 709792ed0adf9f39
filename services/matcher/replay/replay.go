// Package replay plays recorded needs and offers again under policies, event by
// event in the order of their time, and measures what comes of it. It is pure:
// it knows neither the database nor the bus, reads no clock, draws no random
// numbers, and reserves nothing. The same record gives the same result to the
// last byte.
//
// Each need is played under the policy of its scope. What the modes stand for:
//
//   - automatic: every need is paired on arrival with its best free offer, and
//     again for the rest whenever an offer arrives or its capacity renews. Needs
//     that the matcher never pairs by itself (critical ones, sensitive
//     categories, with safeguards) go as under assisted;
//   - wave: several helpers are asked for such needs, and the pairs are made
//     AnswersAfter later, when half of those who answer have; nights are not left
//     out;
//   - assisted: a coordinator confirms the optimal plan over all such needs that
//     are open, every AssistedEvery;
//   - manual: the same once a day, every ManualEvery at midnight UTC, which is
//     the morning in China.
//
// A plan is made at its time only when something changed since the last one:
// a need or an offer came, a capacity renewed, pairs were made.
// Every pair is taken to be accepted, unless the two were declined in the past:
// these are never made. A request and an offer meet once. A helper's asks and an
// organisation's matches count for the week, Monday to Sunday in UTC.
package replay

import (
	"cmp"
	"context"
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// AnswersAfter is how long a helper of whom nothing is known takes to answer, as
// the waves of the running matcher expect it.
const AnswersAfter = 45 * time.Minute

// How often plans are confirmed.
const (
	AssistedEvery = 30 * time.Minute
	ManualEvery   = 24 * time.Hour
)

// Need is a need line as it arrived: Since says when, Remaining what it asked for.
type Need struct {
	rank.Need
	Until *time.Time // when it went away by itself; nil: it stayed
}

// Offer is an offer line as it was: Free is its capacity in each period.
type Offer struct {
	rank.Offer
	From  time.Time
	Until *time.Time     // when it ended; nil: it stayed
	Zone  *time.Location // in which its periods begin
	// Taken is what matches that are not played again hold of it, by the start
	// of the period.
	Taken map[time.Time]int64
}

// Pair is a request and an offer.
type Pair struct {
	Request contract.RequestID
	Offer   contract.OfferID
}

// Record is the past as far as it is known. Ids must be unique; the order of the
// lists does not matter. Running it changes nothing of it.
type Record struct {
	Needs   []Need
	Offers  []Offer
	Refused map[Pair]bool
	Until   time.Time // what happens later is not played
}

// Policies say which policy decides about a need, with the mode that is in force
// for it. Of must be deterministic.
type Policies struct {
	Installation rank.Policy // for what is no single need's
	Of           func(*rank.Need) rank.Policy
}

// Everywhere is one policy for all needs.
func Everywhere(p rank.Policy) Policies {
	return Policies{Installation: p, Of: func(*rank.Need) rank.Policy { return p }}
}

// Planner returns the best assignment of needs to lines as it stands at the
// moment, each need under its own policy. The index holds the lines, and the lines
// given say what is free. It must be deterministic.
type Planner func(
	ctx context.Context, i index.Index, at rank.Moment, policy func(*rank.Need) rank.Policy, needs []rank.Need, lines []rank.Offer,
) ([]contract.PlannedPair, error)

// Tools are what a run works with. The index must be empty; it is left with what
// is open at the end.
type Tools struct {
	Reference *reference.Snapshot
	Index     index.Index
	Plan      Planner
}

// Run plays the record under policies. Errors are the planner's, and the
// context's when it ends first.
func Run(ctx context.Context, record Record, policies Policies, tools Tools) (contract.ReplayResult, error) {
	r := newRun(record, policies, tools)
	for {
		e, ok := r.queue.next()
		if !ok || e.at.After(record.Until) {
			return r.result(), nil
		}
		if err := ctx.Err(); err != nil {
			return contract.ReplayResult{}, err
		}
		r.now = e.at
		if err := r.take(ctx, e); err != nil {
			return contract.ReplayResult{}, err
		}
	}
}

// run is one playing of a record.
type run struct {
	policies Policies
	tools    Tools
	refused  map[Pair]bool

	now      time.Time
	queue    queue
	needs    []*need // all, by id
	lines    []*line // all, by id
	needOf   map[contract.NeedLineID]*need
	lineOf   map[contract.OfferLineID]*line
	ofHelper map[contract.HelperID][]*line

	met       map[Pair]bool
	asked     map[contract.HelperID]int64 // this week
	minutes   map[contract.HelperID]int64 // of help, this week
	live      map[string]int64            // by organisation's path, this week
	loaded    []*line                     // whose load is not zero
	desks     map[rank.Mode]*desk
	automatic bool // the matcher pairs some needs by itself
	tally     tally
}

// desk is where plans for the needs of a mode are confirmed.
type desk struct {
	mode    rank.Mode
	every   time.Duration // between two plans
	waiting int           // open needs
	due     bool          // a plan is on its way
	planned time.Time     // when the last was made
}

// need is a need line while it is played.
type need struct {
	rank.Need
	until     *time.Time
	wanted    int64
	got       int64
	first     time.Time // of its matches
	open      bool
	policy    rank.Policy
	automatic bool  // the matcher pairs it by itself
	asks      bool  // once those whom it asks have answered
	asking    bool  // they were asked
	desk      *desk // else who plans it
}

func newRun(record Record, policies Policies, tools Tools) *run {
	r := &run{
		policies: policies, tools: tools, refused: record.Refused,
		needOf: map[contract.NeedLineID]*need{}, lineOf: map[contract.OfferLineID]*line{}, ofHelper: map[contract.HelperID][]*line{},
		met: map[Pair]bool{}, asked: map[contract.HelperID]int64{}, minutes: map[contract.HelperID]int64{}, live: map[string]int64{}, tally: newTally(),
		desks: map[rank.Mode]*desk{
			rank.Assisted: {mode: rank.Assisted, every: AssistedEvery}, rank.Manual: {mode: rank.Manual, every: ManualEvery},
		},
	}
	for _, n := range record.Needs {
		played := r.newNeed(n)
		r.needs, r.needOf[n.ID] = append(r.needs, played), played
	}
	for _, o := range record.Offers {
		l := newLine(o)
		r.lines, r.lineOf[o.ID] = append(r.lines, l), l
	}
	slices.SortFunc(r.needs, func(a, b *need) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(r.lines, func(a, b *line) int { return cmp.Compare(a.ID, b.ID) })
	r.expect()
	return r
}

// newNeed says who pairs a need. Some the matcher never pairs without asking
// anybody.
func (r *run) newNeed(n Need) *need {
	played := &need{Need: n.Need, until: n.Until, wanted: orOne(n.Remaining), policy: r.policies.Of(&n.Need)}
	c, _ := r.tools.Reference.Category(n.Category)
	switch {
	case played.policy.Mode == rank.Manual:
		played.desk = r.desks[rank.Manual]
	case actsByItself(played.policy.Mode) && !c.Sensitive && len(n.Safeguards) == 0 && n.Urgency != contract.Critical:
		played.automatic, r.automatic, played.asks = true, true, played.policy.Mode == rank.Wave
	default:
		played.desk = r.desks[rank.Assisted]
	}
	return played
}

func actsByItself(m rank.Mode) bool { return m == rank.Automatic || m == rank.Wave }

// expect queues what the record says will happen.
func (r *run) expect() {
	for _, n := range r.needs {
		r.queue.add(event{at: n.Since, kind: needArrives, id: string(n.ID)})
		if n.until != nil {
			r.queue.add(event{at: *n.until, kind: needEnds, id: string(n.ID)})
		}
	}
	for _, l := range r.lines {
		if l.Helper != "" {
			r.ofHelper[l.Helper] = append(r.ofHelper[l.Helper], l)
		}
		r.queue.add(event{at: l.From, kind: offerBegins, id: string(l.ID)})
		if l.Until != nil {
			r.queue.add(event{at: *l.Until, kind: offerEnds, id: string(l.ID)})
		}
	}
}

// orOne counts an amount that is not stated as one.
func orOne(amount *int64) int64 {
	if amount == nil {
		return 1
	}
	return max(*amount, 0)
}
