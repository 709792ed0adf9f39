package plan

import (
	"cmp"
	"slices"
)

// A contended need has hundreds of candidates and is looked at for many others'
// sake. It keeps those that were nearest to being used when last all were
// looked at, nearest first, with what they cost then. Prices that rise keep
// that a lower bound; prices that fall make it less by as much as any of them
// fell.

// near is a candidate with what it cost, its price included, when gathered.
type near struct {
	value int64
	arc
}

const (
	// fewNear is how many candidates are kept at first; every time they do not
	// suffice twice as many are, up to mostNear.
	fewNear, mostNear = 24, 1536
	// plainly is how many candidates are looked at without such care.
	plainly = 32
)

// drop is how much less than when they were gathered the need's candidates may
// cost at most.
func (p *Plan) drop(x *need) int64 { return p.fallen - x.fallen }

// scatter forgets which candidates are the nearest.
func (x *need) scatter() { x.near, x.rest = x.near[:0], 0 }

// gather finds the nearest candidates at the prices there are: few by keeping
// them in order on the way, many by sorting.
func (p *Plan) gather(x *need, wanted int) {
	if wanted > fewNear {
		p.gatherMany(x, wanted)
		return
	}
	kept, most := x.near[:0], int64(Unlimited)
	if cap(kept) < wanted {
		kept = make([]near, 0, wanted)
	}
	for i, a := range x.list {
		if int64(a.cost) >= most { // prices are not negative
			p.search.looks += int64(i)
			break
		}
		value := int64(a.cost) + p.prices[a.node]
		if value >= most {
			continue
		}
		at := len(kept)
		if at < wanted {
			kept = kept[:at+1]
		} else {
			at--
		}
		for ; at > 0 && kept[at-1].value > value; at-- {
			kept[at] = kept[at-1]
		}
		if kept[at] = (near{value, a}); len(kept) == wanted {
			most = kept[wanted-1].value
		}
	}
	x.near, x.rest, x.fallen = kept, most, p.fallen
}

func (p *Plan) gatherMany(x *need, wanted int) {
	all := p.nearby[:0]
	for _, a := range x.list {
		all = append(all, near{int64(a.cost) + p.prices[a.node], a})
	}
	p.search.looks += int64(len(x.list))
	p.nearby, x.rest, x.fallen = all, Unlimited, p.fallen
	slices.SortFunc(all, func(a, b near) int { return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.node, b.node)) })
	if len(all) > wanted {
		x.rest, all = all[wanted].value, all[:wanted]
	}
	x.near = append(x.near[:0], all...)
}

// widen gathers more candidates than before, where there are more.
func (p *Plan) widen(x *need) {
	p.gather(x, min(max(fewNear, 2*len(x.near)), mostNear))
}
