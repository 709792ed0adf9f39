package flow

// updater lowers all potentials at once by every node's distance to the nearest
// node that misses something, counted in steps of ε. One such update saves the
// many small ones that a walk through a far place would need.
type updater struct {
	s       *Scaling
	rank    []int32
	done    []bool
	buckets []int32 // by rank, the newest entry of pool; −1 for none
	pool    []entry // the nodes of the buckets; outdated ones are passed over
	left    int64   // excess that no way was found for yet
}

type entry struct{ node, next int32 }

func newUpdater(s *Scaling) *updater {
	return &updater{s: s, rank: make([]int32, len(s.potential)), done: make([]bool, len(s.potential))}
}

// run does one update. It keeps the flow and its being ε-optimal.
func (u *updater) run() {
	u.begin()
	last := int32(0)
	for r := int32(0); int(r) < len(u.buckets) && u.left > 0; r++ {
		last = r
		u.drain(r)
	}
	for v := range u.rank {
		steps := u.rank[v]
		if !u.done[v] {
			steps = last
		}
		if steps > 0 {
			u.s.potential[v] -= int64(steps) * u.s.epsilon
			u.s.next[v] = u.s.net.first[v]
			u.s.lowest = min(u.s.lowest, u.s.potential[v])
		}
	}
}

func (u *updater) begin() {
	limit := int32(shrink * len(u.rank))
	u.buckets, u.pool, u.left = u.buckets[:0], u.pool[:0], 0
	for v, excess := range u.s.net.excess {
		u.rank[v], u.done[v] = limit, false
		u.left += max(excess, 0)
		if excess < 0 {
			u.put(int32(v), 0)
		}
	}
}

func (u *updater) put(v, rank int32) {
	for int(rank) >= len(u.buckets) {
		u.buckets = append(u.buckets, -1)
	}
	u.rank[v] = rank
	u.pool = append(u.pool, entry{v, u.buckets[rank]})
	u.buckets[rank] = int32(len(u.pool) - 1)
}

// drain takes every node of one rank and brings its neighbours nearer. Nodes
// that come into the same bucket meanwhile are taken too.
func (u *updater) drain(rank int32) {
	for u.buckets[rank] >= 0 && u.left > 0 {
		e := u.pool[u.buckets[rank]]
		u.buckets[rank] = e.next
		if u.done[e.node] || u.rank[e.node] != rank {
			continue
		}
		u.done[e.node] = true
		u.left -= max(u.s.net.excess[e.node], 0)
		u.approach(e.node, rank)
	}
}

func (u *updater) approach(v, rank int32) {
	s := u.s
	for _, e := range s.net.of(v) {
		if u.done[e.head] || s.net.edges[e.mate].cap == 0 {
			continue
		}
		reduced := s.potential[e.head] - s.potential[v] - e.cost
		steps := reduced/s.epsilon + 1
		if reduced < 0 {
			steps = 0 // ε-optimal: not less than −ε
		}
		if nearer := int64(rank) + steps; nearer < int64(u.rank[e.head]) {
			u.put(e.head, int32(nearer))
		}
	}
}
