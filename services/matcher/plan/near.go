package plan

import (
	"cmp"
	"slices"
)

// A contended need has hundreds of candidates and is looked at for many others'
// sake. It keeps those that were nearest to being used when last all were
// looked at, and how near the others were at least. Prices that rise keep that
// a lower bound; prices that fall make it less by as much as any of them fell.

const (
	// fewNear and manyNear bound how many candidates are kept, where it goes
	// without more than a try or two.
	fewNear, manyNear = 24, 256
	// plainly is how many candidates are looked at without such care.
	plainly = 32
	// firstReach is how much more than the nearest costs a candidate may cost to
	// be kept, until it is known how many that are.
	firstReach = 1 << 14
)

// restAt returns what the candidates that are not near cost at least, now that
// prices fell by so much, ever.
func (x *need) restAt(fallen int64) int64 { return x.rest - (fallen - x.fallen) }

// scatter forgets which candidates are the nearest.
func (x *need) scatter() { x.near, x.rest = x.near[:0], 0 }

// gather finds the nearest candidates at the prices there are.
// It returns its scratch for the next time.
func (p *Plan) gather(x *need, fallen int64, scratch []int64) []int64 {
	values, least := scratch[:0], int64(Unlimited)
	for _, a := range x.list {
		value := int64(a.cost) + p.prices[a.node]
		values = append(values, value)
		least = min(least, value)
	}
	x.fallen = fallen
	if x.reach == 0 {
		x.reach = firstReach
	}
	x.keep(values, least)
	if n := len(x.near); n < min(fewNear, len(x.list)) || n > manyNear {
		// As many again as there should be, if they are spread evenly.
		x.reach = 1 + x.reach/int64(n+1)*((fewNear+manyNear)/2)
		x.keep(values, least)
	}
	return values
}

// keep keeps the candidates whose values are within reach of the least.
func (x *need) keep(values []int64, least int64) {
	x.near, x.rest = x.near[:0], Unlimited
	for i, value := range values {
		if value <= least+x.reach {
			x.near = append(x.near, x.list[i])
		} else {
			x.rest = min(x.rest, value)
		}
	}
}

// approach makes bins whose prices fell further than others' ones of the nearest
// of every need that might now have them among them.
func (p *Plan) approach(further []bool) {
	const batch = 1024
	spread(p.options.Workers, (len(p.needs)+batch-1)/batch, func(_, i int) {
		for j := i * batch; j < min((i+1)*batch, len(p.needs)); j++ {
			p.needs[j].approach(further, p.prices)
		}
	})
}

func (x *need) approach(further []bool, prices []int64) {
	if len(x.near) == 0 {
		return
	}
	for _, a := range x.list {
		if int64(a.cost) >= x.rest { // prices are not negative
			return
		}
		if further[a.node] && int64(a.cost)+prices[a.node] < x.rest && !slices.Contains(x.near, a) {
			place, _ := slices.BinarySearchFunc(x.near, a, func(b, a arc) int { return cmp.Compare(b.cost, a.cost) })
			x.near = slices.Insert(x.near, place, a)
		}
	}
}
