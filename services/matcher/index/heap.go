package index

import (
	"container/heap"
	"slices"
)

// worstFirst is a heap of the best pairs so far, the worst of them on top, so
// that a better one knows whom to push out.
type worstFirst []found

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return h[j].before(h[i]) }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *worstFirst) Push(x any) { *h = append(*h, x.(found)) } //nolint:errcheck // heap.Push is given nothing else

// Pop implements heap.Interface.
func (h *worstFirst) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// offer takes a pair in if it is among the best k.
func (h *worstFirst) offer(f found, k int) {
	switch {
	case len(*h) < k:
		heap.Push(h, f)
	case f.before((*h)[0]):
		(*h)[0] = f
		heap.Fix(h, 0)
	}
}

// sorted returns the pairs, best first, and uses the heap up.
func (h *worstFirst) sorted() []found {
	slices.SortFunc(*h, func(a, b found) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return *h
}
