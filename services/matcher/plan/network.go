package plan

import (
	"fmt"
	"slices"
)

// need is a node that units start from. Invariants between changes, with u its
// worth and λ the prices of bins (complementary slackness):
//
//	u ≤ cost + λ for every candidate, equal where units flow
//	u ≤ price, equal where units stay unmatched
type need struct {
	quantity, price int64
	worth           int64 // what the last unit costs
	excess          int64 // units without a place yet
	left            int64 // units that stay unmatched, on purpose
	list            []arc // candidates looked at, cheapest first, equal costs by offer
	uses            []use
	near            []arc // the candidates nearest to being used, see gather, cheapest first
	reach           int64 // how near they are
	rest, fallen    int64 // what the others cost at least, and when
	floor           int64 // no candidate that was not looked at costs less
	asked           int   // of the source
	whole, live     bool
}

// arc is a candidate: to a bin in a need's list, from a need in a bin's.
type arc struct{ node, cost int32 }

// use is a pair of the plan.
type use struct {
	units     int64
	bin, cost int32
	slot      int32 // in the bin's users
}

type offer struct {
	capacity int64
	group    int32 // bin; outside: none
	bin      int32 // outside: no need had it as a candidate so far
	live     bool
}

// bin is a node that units end in or pass: an offer, or a group of bins. What
// it takes goes on to its parent over steps of growing cost. Invariants, with
// λ its price and π its parent's (0 outside):
//
//	λ ≤ cost of its next unit + π, unless it is full
//	λ ≥ cost of its last unit + π, unless it is empty
type bin struct {
	capacity int64  // of an offer
	steps    []Step // of a group; nil: free
	flow     int64  // that goes on to the parent
	excess   int64  // units taken that do not go on; negative: the other way
	parent   int32  // outside: none
	offer    int32  // key; outside: a group
	group    GroupKey
	users    []int32 // needs with units here
	children []int32 // bins of a group
	incoming []arc   // needs that have it as a candidate, once the plan is reached
}

// outside stands for no node.
const outside = -1

// addGroup makes a group's bin. Its parent must come before it, so the groups
// are a forest.
func (p *Plan) addGroup(g Group) error {
	if g.Key <= 0 {
		return fmt.Errorf("add group %d: %w: keys begin at 1", g.Key, ErrInvalid)
	}
	for len(p.groups) <= int(g.Key) {
		p.groups = append(p.groups, outside)
	}
	if p.groups[g.Key] != outside {
		return fmt.Errorf("add group %d: %w", g.Key, ErrTaken)
	}
	parent := int32(outside)
	if g.Parent != 0 {
		if parent = p.group(g.Parent); parent < 0 {
			return fmt.Errorf("add group %d under %d: %w: parents come first", g.Key, g.Parent, ErrUnknown)
		}
	}
	last := int64(0)
	for _, s := range g.Load {
		if s.Width < 0 || s.Width > Unlimited || s.Cost < last || s.Cost > MaxPrice {
			return fmt.Errorf("add group %d: %w: a step of %d units at %d after one at %d", g.Key, ErrInvalid, s.Width, s.Cost, last)
		}
		last = s.Cost
	}
	p.groups[g.Key] = p.addBin(bin{capacity: Unlimited, steps: slices.Clone(g.Load), parent: parent, offer: outside, group: g.Key})
	return nil
}

// addBin adds a node without flow, at the price of its parent.
func (p *Plan) addBin(b bin) int32 {
	at := int32(len(p.bins))
	p.bins = append(p.bins, b)
	p.prices = append(p.prices, p.priceOf(b.parent))
	p.joined.add()
	if b.parent != outside {
		p.joined.join(at, b.parent)
		p.bins[b.parent].children = append(p.bins[b.parent].children, at)
	}
	return at
}

func (p *Plan) priceOf(b int32) int64 {
	if b == outside {
		return 0
	}
	return p.prices[b]
}

// holds reports whether the plan has the offer.
func (p *Plan) holds(k OfferKey) bool {
	return k >= 0 && int(k) < len(p.offers) && p.offers[k].live
}

// binOf returns the bin of an offer that the plan holds, made where it was not.
func (p *Plan) binOf(k OfferKey) int32 {
	o := &p.offers[k]
	if o.bin == outside {
		o.bin = p.addBin(bin{capacity: o.capacity, parent: o.group, offer: int32(k)})
	}
	return o.bin
}

// stepsOf returns the steps of an offer too.
func (b *bin) stepsOf() []Step {
	if b.steps == nil {
		return []Step{{Width: b.capacity}}
	}
	return b.steps
}

// next returns the cost of the bin's next unit and how many there are of it.
func (b *bin) next() (cost, room int64) {
	if b.steps == nil {
		return 0, b.capacity - b.flow
	}
	flow := b.flow
	for _, s := range b.steps {
		if flow < s.Width {
			return s.Cost, s.Width - flow
		}
		flow -= s.Width
	}
	return 0, 0
}

// last returns the cost of the bin's last unit and how many it took of it.
func (b *bin) last() (cost, taken int64) {
	if b.steps == nil {
		return 0, b.flow
	}
	flow := b.flow
	for _, s := range b.steps {
		if flow <= s.Width {
			return s.Cost, flow
		}
		flow -= s.Width
	}
	return 0, 0
}

// limit returns how many units the bin can take at most.
func (b *bin) limit() int64 {
	if b.steps == nil {
		return b.capacity
	}
	total := int64(0)
	for _, s := range b.steps {
		total = min(total+s.Width, Unlimited)
	}
	return total
}

// loadCost returns what the bin's units cost in load.
func (b *bin) loadCost() int64 {
	cost, flow := int64(0), b.flow
	for _, s := range b.steps {
		units := min(flow, s.Width)
		cost += units * s.Cost
		flow -= units
	}
	return cost
}

// pair adds units, or with a negative number takes them back, on a pair. It
// changes neither the need's excess nor the bin's flow.
func (p *Plan) pair(n, b int32, cost int32, units int64) {
	x := &p.needs[n]
	for i := range x.uses {
		if x.uses[i].bin != b {
			continue
		}
		if x.uses[i].units += units; x.uses[i].units == 0 {
			p.unuse(x, i)
		}
		return
	}
	if units == 0 {
		return
	}
	users := &p.bins[b].users
	x.uses = append(x.uses, use{units: units, bin: b, cost: cost, slot: int32(len(*users))})
	*users = append(*users, n)
}

// unuse forgets a use that has no units.
func (p *Plan) unuse(x *need, i int) {
	u := x.uses[i]
	users := p.bins[u.bin].users
	moved := users[len(users)-1]
	users[u.slot] = moved
	p.bins[u.bin].users = users[:len(users)-1]
	for j := range p.needs[moved].uses {
		if v := &p.needs[moved].uses[j]; v.bin == u.bin {
			v.slot = u.slot
		}
	}
	x.uses = slices.Delete(x.uses, i, i+1)
}

// used returns the need's use of the bin; it must have one.
func (x *need) used(b int32) *use {
	for i := range x.uses {
		if x.uses[i].bin == b {
			return &x.uses[i]
		}
	}
	return nil
}
