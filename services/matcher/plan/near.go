package plan

// A contended need has hundreds of candidates and is looked at for many others'
// sake. It keeps those that were nearest to being used when last all were
// looked at, and how near the others were at least. Prices that rise keep that
// true; prices that fall make it less by as much as any of them fell.

// nearest is how many candidates are kept so.
const nearest = 16

// farther returns what a candidate that is not among the nearest costs at
// least, its price included.
func (p *Plan) farther(x *need) int64 { return x.rest - (p.fallen - x.fallen) }

// scatter forgets which candidates are the nearest.
func (x *need) scatter() { x.near, x.rest = x.near[:0], 0 }

// gather finds the nearest candidates at the prices there are.
func (p *Plan) gather(x *need) {
	if cap(x.near) < nearest {
		x.near = make([]arc, 0, nearest)
	}
	x.near = x.near[:0]
	var values [nearest]int64
	most := int64(Unlimited)
	for i, a := range x.list {
		if int64(a.cost) >= most { // prices are not negative
			p.search.looks += int64(i)
			break
		}
		value := int64(a.cost) + p.prices[a.node]
		if value >= most {
			continue
		}
		at := len(x.near)
		if at < nearest {
			x.near = x.near[:at+1]
		} else {
			at--
		}
		for ; at > 0 && values[at-1] > value; at-- {
			values[at], x.near[at] = values[at-1], x.near[at-1]
		}
		values[at], x.near[at] = value, a
		if len(x.near) == nearest {
			most = values[nearest-1]
		}
	}
	x.rest, x.fallen = most, p.fallen
}
