package plan

import (
	"cmp"
	"math"
)

// search finds the cheapest way from a node out of balance to where it can be
// set right (Dijkstra over reduced costs, which are never negative), stops as
// soon as that is certain, and keeps what it saw for the change of prices.
type search struct {
	heap  heap
	needs []mark
	bins  []mark
	round int32
	seen  []int32 // nodes with a mark of this round
	best  int64   // length of the best way that ends
	end   int32   // node where it ends
	looks int64   // pairs looked at, ever

	target int32 // forward may end there too
	detour int64 // what every other end costs on top
}

// mark is what a search knows of a node.
type mark struct {
	distance int64
	round    int32
	from     int32 // node before; itself: the start
	done     bool
}

// Nodes have one number line: needs from 0 up, bins from −1 down.
func binNode(b int32) int32 { return -1 - b }

func (s *search) mark(node int32) *mark {
	if node >= 0 {
		return &s.needs[node]
	}
	return &s.bins[-1-node]
}

func (a *augmenter) begin(start int32) {
	s := &a.search
	s.needs, s.bins = grown(s.needs, len(a.needs)), grown(s.bins, len(a.bins))
	if s.round++; s.round == math.MaxInt32 {
		clear(s.needs)
		clear(s.bins)
		s.round = 1
	}
	s.heap.reset()
	s.seen = s.seen[:0]
	s.best, s.end = math.MaxInt64, start
	s.reach(start, start, 0)
}

// reach notes a way to a node, unless a shorter one is known.
func (s *search) reach(node, from int32, distance int64) (nearer bool) {
	if distance >= s.best {
		return false
	}
	m := s.mark(node)
	if m.round != s.round {
		s.seen = append(s.seen, node)
	} else if m.done || m.distance <= distance {
		return false
	}
	*m = mark{distance: distance, round: s.round, from: from}
	s.heap.push(item{distance: distance, node: node})
	return true
}

// finish notes a way that ends at a node.
func (s *search) finish(node int32, distance int64) {
	if distance += s.detour; distance < s.best {
		s.best, s.end = distance, node
	}
}

// nearest takes the nearest item of the edge that was not taken yet, or reports
// false when none can be better than the best end.
func (s *search) nearest() (item, bool) {
	for s.heap.len() > 0 {
		top := s.heap.pop()
		if top.distance >= s.best {
			break
		}
		if m := s.mark(top.node); top.what != aNode || !m.done {
			m.done = true
			return top, true
		}
	}
	return item{}, false
}

// none is a target that no search meets.
const none = math.MinInt32

// forward finds where a unit too many at the start goes best: to be unmatched,
// to free capacity, or to a bin that misses one.
func (a *augmenter) forward(start int32) {
	a.begin(start)
	for next, ok := a.search.nearest(); ok; next, ok = a.search.nearest() {
		switch {
		case next.what == theRest:
			a.offerRest(next.node)
		case next.what == unknown:
			a.learn(next.node)
		case next.node >= 0:
			a.offerUnit(next.node, next.distance)
		default:
			a.passUnit(-1-next.node, next.distance)
		}
	}
}

// offerUnit looks where a need could put a unit: among its nearest candidates
// now, among the others when the search has come as far as they are.
func (a *augmenter) offerUnit(n int32, distance int64) {
	s, x := &a.search, &a.needs[n]
	base := distance - x.worth
	s.finish(n, base+x.price)
	if n == s.target {
		s.finish(n, distance-s.detour)
	}
	if x.floor != complete {
		s.later(n, unknown, max(distance, base+x.floor))
	}
	if len(x.list) <= plainly {
		a.offerTo(n, x.list, base)
		return
	}
	a.offerTo(n, x.near, base)
	s.later(n, theRest, max(distance, base+x.restAt(a.fallen)))
}

// later notes what of a need is to be looked at when the search has come so far.
func (s *search) later(n int32, w what, distance int64) {
	if distance < s.best {
		s.heap.push(item{distance: distance, node: n, what: w})
	}
}

// offerRest looks at all candidates of a need that the search has come to
// before, and gathers its nearest anew.
func (a *augmenter) offerRest(n int32) {
	x := &a.needs[n]
	a.values = a.gather(x, a.fallen, a.values)
	a.search.looks += int64(len(x.list))
	a.offerTo(n, x.list, a.search.needs[n].distance-x.worth)
}

// learn asks the source for more candidates of a need that the search has come
// to before, where others may be asked for at the same time later: then the
// search is of no use until that is done.
func (a *augmenter) learn(n int32) {
	s, x := &a.search, &a.needs[n]
	if !a.alone {
		a.waiting = append(a.waiting, NeedKey(n))
		s.heap.reset()
		return
	}
	if err := a.enlarge([]NeedKey{NeedKey(n)}, a.more); err != nil {
		a.failed = cmp.Or(a.failed, err)
		return
	}
	s.bins = grown(s.bins, len(a.bins))
	s.looks += learning
	distance := s.needs[n].distance
	base := distance - x.worth
	if x.floor != complete {
		s.later(n, unknown, max(distance, base+x.floor))
	}
	a.offerTo(n, x.list, base)
}

// learning is how many looks at pairs one question to the source counts as.
const learning = 20

func (a *augmenter) offerTo(n int32, candidates []arc, base int64) {
	s := &a.search
	for i, c := range candidates {
		if base+int64(c.cost) >= s.best { // prices are not negative
			s.looks += int64(i)
			return
		}
		a.offerAt(n, c, base)
	}
	s.looks += int64(len(candidates))
}

// offerAt looks at a candidate. Where a way ends is noted at once, so that the
// search need not go through all that is as near.
func (a *augmenter) offerAt(n int32, to arc, base int64) {
	way := base + int64(to.cost) + a.prices[to.node]
	if !a.search.reach(binNode(to.node), n, way) {
		return
	}
	b := &a.bins[to.node]
	if b.excess < 0 || b.parent == outside && b.flow < b.capacity { // then its price is 0
		a.search.finish(binNode(to.node), way)
	}
}

// passUnit looks where a bin could send a unit: on to its parent, back to a
// need that then looks elsewhere, or down in exchange for another bin's.
func (a *augmenter) passUnit(at int32, distance int64) {
	s, b := &a.search, &a.bins[at]
	node, price := binNode(at), a.prices[at]
	if b.excess < 0 {
		s.finish(node, distance)
		return
	}
	if cost, room := b.next(); room > 0 {
		if way := distance + cost + a.priceOf(b.parent) - price; b.parent == outside {
			s.finish(node, way)
		} else {
			s.reach(binNode(b.parent), node, way)
		}
	}
	s.looks += int64(len(b.users))
	for _, n := range b.users {
		if m := &s.needs[n]; m.round != s.round {
			*m = mark{distance: distance, round: s.round, from: node, done: true}
			s.seen = append(s.seen, n)
			a.offerUnit(n, distance)
		}
	}
	for _, c := range b.children {
		if cost, taken := a.bins[c].last(); taken > 0 {
			s.reach(binNode(c), node, distance+a.prices[c]-cost-price)
		}
	}
}

// backward finds where a unit that the start misses comes from best: from a
// need that leaves one unmatched, or from a bin that then takes one less.
func (a *augmenter) backward(start int32) {
	a.reach()
	a.begin(start)
	for next, ok := a.search.nearest(); ok; next, ok = a.search.nearest() {
		if next.node >= 0 {
			a.drawUnit(next.node, next.distance)
		} else {
			a.pullUnit(-1-next.node, next.distance)
		}
	}
}

// drawUnit looks whom a need could get a unit back from.
func (a *augmenter) drawUnit(n int32, distance int64) {
	s, x := &a.search, &a.needs[n]
	if x.left > 0 {
		s.finish(n, distance+x.worth-x.price)
	}
	for _, u := range x.uses {
		s.reach(binNode(u.bin), n, distance)
	}
}

// pullUnit looks whom a bin could get a unit from.
func (a *augmenter) pullUnit(at int32, distance int64) {
	s, b := &a.search, &a.bins[at]
	node, price := binNode(at), a.prices[at]
	if cost, taken := b.last(); taken > 0 {
		if way := distance + price - cost - a.priceOf(b.parent); b.parent == outside {
			s.finish(node, way)
		} else {
			s.reach(binNode(b.parent), node, way)
		}
	}
	for _, in := range b.incoming {
		x := &a.needs[in.node]
		if way := distance + int64(in.cost) + price - x.worth; x.quantity > 0 && s.reach(in.node, node, way) && x.left > 0 {
			s.finish(in.node, way) // its worth is its price
		}
	}
	s.looks += int64(len(b.incoming))
	for _, c := range b.children {
		if cost, room := a.bins[c].next(); room > 0 {
			s.reach(binNode(c), node, distance+cost+price-a.prices[c])
		}
	}
}
