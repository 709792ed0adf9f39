package flow

import "fmt"

// route sends all excess to where it is missing, at any cost (Dinic's blocking
// flows), or returns ErrInfeasible.
func (r *residual) route() error {
	d := dinic{residual: r, level: make([]int32, len(r.excess)), next: make([]int32, len(r.excess))}
	for d.layer() {
		copy(d.next, r.first)
		for v := range r.excess {
			for r.excess[v] > 0 && d.advance(int32(v)) {
			}
		}
	}
	for v, e := range r.excess {
		if e != 0 {
			return fmt.Errorf("%w: %d units at node %d cannot be sent", ErrInfeasible, e, v+1) // as the files count
		}
	}
	return nil
}

type dinic struct {
	*residual
	level []int32 // distance to a node that misses something; −1 unknown
	next  []int32 // by node, the first edge that may still lead on
	path  []int32
}

// layer measures every node's distance to the nearest that misses something,
// and reports whether a node with excess reaches one.
func (d *dinic) layer() bool {
	var queue []int32
	for v, e := range d.excess {
		d.level[v] = -1
		if e < 0 {
			d.level[v] = 0
			queue = append(queue, int32(v))
		}
	}
	reached := false
	for i := 0; i < len(queue); i++ {
		v := queue[i]
		reached = reached || d.excess[v] > 0
		for _, e := range d.of(v) {
			if d.level[e.head] < 0 && d.edges[e.mate].cap > 0 {
				d.level[e.head] = d.level[v] + 1
				queue = append(queue, e.head)
			}
		}
	}
	return reached
}

// advance finds one shortest path from v downhill and fills it.
func (d *dinic) advance(from int32) bool {
	if d.level[from] < 0 {
		return false
	}
	d.path = d.path[:0]
	for v := from; d.excess[v] >= 0; {
		if e := d.downhill(v); e >= 0 {
			d.path = append(d.path, e)
			v = d.edges[e].head
			continue
		}
		if v == from {
			return false
		}
		last := d.path[len(d.path)-1]
		d.path = d.path[:len(d.path)-1]
		v = d.edges[d.edges[last].mate].head
		d.next[v]++
	}
	d.fill(from)
	return true
}

// downhill returns the next edge of v that leads one level down, or −1.
func (d *dinic) downhill(v int32) int32 {
	for ; d.next[v] < d.first[v+1]; d.next[v]++ {
		e := d.edges[d.next[v]]
		if e.cap > 0 && d.level[e.head] == d.level[v]-1 {
			return d.next[v]
		}
	}
	return -1
}

func (d *dinic) fill(from int32) {
	units := d.excess[from]
	for _, e := range d.path {
		units = min(units, d.edges[e].cap)
	}
	end := d.edges[d.path[len(d.path)-1]].head
	units = min(units, -d.excess[end])
	for _, e := range d.path {
		d.push(e, units)
	}
}
