package plan

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// What hangs together over no candidate and no group is settled apart, several
// parts at a time: they share no row that changes. So the outcome is the same
// whoever is faster and however many work.

// apart divides nodes by what they hang together with, the longest part first.
func (p *Plan) apart(nodes []int32) [][]int32 {
	var parts [][]int32
	of := map[int32]int{} // by root, its part
	for _, node := range nodes {
		root := p.rootOf(node)
		i, known := of[root]
		if !known {
			i = len(parts)
			of[root], parts = i, append(parts, nil)
		}
		parts[i] = append(parts[i], node)
	}
	slices.SortStableFunc(parts, func(a, b []int32) int { return cmp.Compare(len(b), len(a)) })
	return parts
}

// rootOf returns what stands for all that a node hangs together with.
func (p *Plan) rootOf(node int32) int32 {
	switch {
	case node < 0:
		return p.joined.root(-1 - node)
	case len(p.needs[node].list) > 0:
		return p.joined.root(p.needs[node].list[0].node)
	default:
		return outside // needs that nothing fits do not meet
	}
}

// spread does all the work there is, several at a time; each worker knows its
// number. It returns when all is done.
func spread(workers, n int, work func(worker, i int)) {
	var next atomic.Int64
	var working sync.WaitGroup
	for w := range min(workers, n) {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(w, i)
			}
		})
	}
	working.Wait()
}
