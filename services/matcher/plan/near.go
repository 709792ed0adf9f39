package plan

import "slices"

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
	// fewNear is how many candidates are kept at first, manyNear where these did
	// not suffice.
	fewNear, manyNear = 24, 384
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
	x.looks = 0
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

// gatherMany sorts numbers that hold what a candidate costs and, below that,
// where it is: several times as fast as sorting candidates.
func (p *Plan) gatherMany(x *need, wanted int) {
	const places = 22 // bits: lists are shorter, and what candidates cost is below 1<<41
	keys := p.nearby[:0]
	for i, a := range x.list {
		keys = append(keys, uint64(int64(a.cost)+p.prices[a.node])<<places|uint64(i))
	}
	p.search.looks += int64(len(x.list))
	slices.Sort(keys)
	p.nearby, x.rest, x.fallen = keys, Unlimited, p.fallen
	if len(keys) > wanted {
		x.rest = int64(keys[wanted] >> places)
		keys = keys[:wanted]
	}
	x.near = x.near[:0]
	for _, k := range keys {
		x.near = append(x.near, near{int64(k >> places), x.list[k&(1<<places-1)]})
	}
}

// refresh gathers a need's nearest candidates anew when they were looked at so
// often that knowing better what they cost pays.
func (p *Plan) refresh(x *need) {
	const worth = 16
	if int(x.looks) > worth*len(x.list) {
		p.gather(x, len(x.near))
	}
}

// widen gathers more candidates than before, where there are more.
func (p *Plan) widen(x *need) {
	if len(x.near) < fewNear {
		p.gather(x, fewNear)
	} else {
		p.gather(x, manyNear)
	}
}
