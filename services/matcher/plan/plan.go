// Package plan owns the optimal assignment of need lines to offer lines: what
// is best for everybody at once, the proof that it is, and the reasons. Units
// of needs flow over priced pairs to offers with capacities; leaving a unit
// unmatched has a price too. It is pure: it knows neither rules nor scores nor
// the database, reads no clock, and reserves nothing.
package plan

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// NeedKey, OfferKey and GroupKey are the caller's numbers for its rows. They
// index tables here, so they should be dense. Equal costs are decided by them.
type (
	// NeedKey numbers needs from 0.
	NeedKey int32
	// OfferKey numbers offers from 0.
	OfferKey int32
	// GroupKey numbers groups from 1; 0 is no group.
	GroupKey int32
)

// Need asks for units.
type Need struct {
	Key      NeedKey
	Quantity int64
	Price    int64 // of one unit that stays unmatched
	// Whole needs want everything from one offer or nothing. The plan relaxes
	// that; Whole gives the repaired assignment.
	Whole bool
}

// Offer gives units.
type Offer struct {
	Key      OfferKey
	Capacity int64
	Group    GroupKey // whose load its units are; 0: nobody's
}

// Group makes load cost: a helper, an organisation. Groups form a forest: a
// unit taken from an offer is load of its group and of all above that.
type Group struct {
	Key    GroupKey
	Parent GroupKey // 0: none
	// Load prices the group's units, the first first; costs must not fall, so
	// that load spreads. Beyond the last step nothing is given. Without steps
	// the group is free and without limit.
	Load []Step
}

// Step is a run of units of one cost each.
type Step struct{ Width, Cost int64 }

// Unlimited is the width of a last step that never ends, and the capacity of
// an offer that never runs out.
const Unlimited = math.MaxInt64 / 8

// Candidate is an offer that fits a need, and what a unit of the pair costs.
type Candidate struct {
	Offer OfferKey
	Cost  int64
}

// Source knows which offers fit. Its answers must agree with each other as
// long as the caller has told the plan of every change.
type Source interface {
	// Best returns the need's k cheapest offers, cheapest first, equal costs by
	// key: fewer only where no more fit. It may be called from several
	// goroutines at once.
	Best(need NeedKey, k int) []Candidate
}

// Input is everything that is to be planned together.
type Input struct {
	Needs  []Need
	Offers []Offer
	Groups []Group
}

// Options tune the way, never the result's cost. The zero value is sensible.
type Options struct {
	// Candidates is how many offers of each need are looked at first; default 16.
	Candidates int
	// Workers ask the source at the same time; default 1.
	Workers int
	// Effort is how many pairs the direct search may look at before the plan
	// is first made approximately; default 20 million. Counted, not timed, so
	// that the same input takes the same way.
	Effort int64
	// Gap is how near the bound, as a share of it, an approximate plan has to
	// be before Solve returns it; default 0.001.
	Gap float64
}

// What an input or a change can be refused for. The errors returned wrap one
// of them and name the row.
var (
	ErrUnknown  = errors.New("the plan does not hold it")
	ErrTaken    = errors.New("the plan holds it already")
	ErrInvalid  = errors.New("the amount is not allowed")
	ErrOverflow = errors.New("amounts and costs are too large to add up")
	ErrSource   = errors.New("the source of candidates contradicts itself")
	ErrCoarse   = errors.New("the plan is approximate: refine it first")
)

const (
	// MaxCost bounds the cost of one unit of a pair.
	MaxCost = math.MaxInt32
	// MaxPrice bounds the price of an unmatched unit and a unit's load cost.
	MaxPrice = 1 << 40
	// maxTotal bounds Σ quantity × price, so that no sum of costs overflows.
	maxTotal = math.MaxInt64 / 16
)

// Plan holds needs, offers and the best assignment between them. Once solved it
// is optimal after every change. It is not safe for concurrent use.
type Plan struct {
	options Options
	source  Source
	needs   []need  // by key
	offers  []offer // by key
	groups  []int32 // by key, its bin; outside: unknown
	bins    []bin   // groups, and offers that were ever a candidate
	prices  []int64 // by bin, what one of its units is worth: ≥ 0
	dropped int64   // by how much any price fell, ever
	total   int64   // Σ quantity × price of the needs
	state   state
	auction *auction // where the plan is approximate
	proven  int64    // the best bound so far, while it is
	reached bool     // the bins know who could use them
	joined  joined   // the bins that some need has as candidates

	failed error // of the source, in the midst of a change

	unsettled []int32 // nodes that may be out of balance
	doubts    []int32 // needs whose worth passed their floor

	augmenters []*augmenter // by worker
	readers    []*reader    // by worker
}

type state uint8

const (
	unsolved state = iota
	coarse
	exact
)

// New takes the input and fetches the first candidates; Solve plans. Errors:
// ErrInvalid, ErrTaken, ErrUnknown, ErrOverflow, ErrSource.
func New(in Input, source Source, o Options) (*Plan, error) {
	p := &Plan{options: o.withDefaults(), source: source}
	for _, g := range in.Groups {
		if err := p.addGroup(g); err != nil {
			return nil, err
		}
	}
	for _, o := range in.Offers {
		if err := p.addOffer(o); err != nil {
			return nil, err
		}
	}
	room := len(in.Groups) + min(len(in.Offers), 4*len(in.Needs))
	p.bins, p.prices = slices.Grow(p.bins, room), slices.Grow(p.prices, room)
	keys := make([]NeedKey, len(in.Needs))
	for i, n := range in.Needs {
		keys[i] = n.Key
		if err := p.addNeed(n); err != nil {
			return nil, err
		}
	}
	return p, p.fetch(keys)
}

func (o Options) withDefaults() Options {
	if o.Candidates <= 0 {
		o.Candidates = 16
	}
	if o.Workers <= 0 {
		o.Workers = 1
	}
	if o.Effort <= 0 {
		o.Effort = 20_000_000
	}
	if o.Gap <= 0 {
		o.Gap = 0.001
	}
	return o
}

// addNeed checks a need and gives it its place; it is not planned yet.
func (p *Plan) addNeed(n Need) error {
	if n.Key < 0 {
		return fmt.Errorf("add need %d: %w: keys begin at 0", n.Key, ErrInvalid)
	}
	p.needs = grown(p.needs, int(n.Key))
	x := &p.needs[n.Key]
	if x.live {
		return fmt.Errorf("add need %d: %w", n.Key, ErrTaken)
	}
	if err := p.pay(0, 0, n.Quantity, n.Price); err != nil {
		return fmt.Errorf("add need %d: %w", n.Key, err)
	}
	*x = need{quantity: n.Quantity, price: n.Price, whole: n.Whole, live: true, floor: 0}
	return nil
}

// pay replaces quantity × price in the total, unless that could overflow.
func (p *Plan) pay(oldQuantity, oldPrice, quantity, price int64) error {
	switch {
	case quantity < 0 || quantity > Unlimited:
		return fmt.Errorf("%w: a quantity of %d", ErrInvalid, quantity)
	case price < 0 || price > MaxPrice:
		return fmt.Errorf("%w: a price of %d, at most %d", ErrInvalid, price, int64(MaxPrice))
	}
	rest := p.total - oldQuantity*oldPrice
	if price > 0 && quantity > (maxTotal-rest)/price {
		return fmt.Errorf("%w: %d units at %d each on top of %d", ErrOverflow, quantity, price, rest)
	}
	p.total = rest + quantity*price
	return nil
}

// addOffer checks an offer and notes it. It becomes a bin when a need first
// has it as a candidate, since most offers never do.
func (p *Plan) addOffer(o Offer) error {
	if o.Key < 0 {
		return fmt.Errorf("add offer %d: %w: keys begin at 0", o.Key, ErrInvalid)
	}
	if o.Capacity < 0 {
		return fmt.Errorf("add offer %d: %w: a capacity of %d", o.Key, ErrInvalid, o.Capacity)
	}
	group := int32(outside)
	if o.Group != 0 {
		if group = p.group(o.Group); group < 0 {
			return fmt.Errorf("add offer %d to group %d: %w", o.Key, o.Group, ErrUnknown)
		}
	}
	p.offers = grown(p.offers, int(o.Key))
	x := &p.offers[o.Key]
	if x.live {
		return fmt.Errorf("add offer %d: %w", o.Key, ErrTaken)
	}
	*x = offer{capacity: min(o.Capacity, Unlimited), group: group, bin: outside, live: true}
	return nil
}

func (p *Plan) group(k GroupKey) int32 {
	if k < 0 || int(k) >= len(p.groups) {
		return outside
	}
	return p.groups[k]
}

// grown returns the table with room for an index, at least doubled.
func grown[T any](table []T, index int) []T {
	if index < len(table) {
		return table
	}
	if index < cap(table) {
		return table[:index+1]
	}
	larger := make([]T, index+1, max(index+1, 2*len(table)))
	copy(larger, table)
	return larger
}
