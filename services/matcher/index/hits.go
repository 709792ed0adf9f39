package index

import (
	"math"
	"slices"
)

// hit is a row that fits, small, since plans ask for hundreds of them.
type hit struct {
	score        float64
	quantity     int64 // to suggest
	row          uint32
	state, block uint16 // of the view; inTail: in the state's tail
}

// inTail stands in the place of a block.
const inTail = 1<<16 - 1

// spot returns where the hit is.
func (v *view) spot(h *hit) spot {
	st := v.states[h.state]
	if h.block == inTail {
		return spot{st, nil, int32(h.row)}
	}
	return spot{st, st.blocks[h.block], int32(h.row)}
}

// hits keeps the best of the pairs it is given. Once they are enough they are a
// heap, the worst of them on top, so that a better one knows whom to push out;
// most searches find fewer than they want and never need one. Written out since
// container/heap costs more than the rest of a search.
type hits struct {
	view   *view
	kept   []hit
	most   int
	order  []uint64 // scratch of sorted
	answer []hit
}

// begin forgets all and keeps up to so many of the view's rows from now on.
func (h *hits) begin(v *view, most int) { h.view, h.kept, h.most = v, h.kept[:0], most }

// compare is the order of the answers.
func (h *hits) compare(a, b *hit) int {
	switch {
	case a.score > b.score:
		return -1
	case a.score < b.score:
		return 1
	}
	return h.view.spot(a).compare(h.view.spot(b))
}

// least is the score below which nothing is wanted any more.
func (h *hits) least() float64 {
	if len(h.kept) < h.most {
		return -1
	}
	return h.kept[0].score
}

// add keeps a pair if it is among the best.
func (h *hits) add(found hit) {
	if len(h.kept) < h.most {
		h.kept = append(h.kept, found)
		if len(h.kept) == h.most {
			for i := len(h.kept)/2 - 1; i >= 0; i-- {
				h.sift(i, h.kept[i])
			}
		}
		return
	}
	if h.compare(&found, &h.kept[0]) < 0 {
		h.sift(0, found)
	}
}

// sift puts a pair into the heap at a place or below it.
func (h *hits) sift(at int, x hit) {
	kept := h.kept
	for {
		down := 2*at + 1
		if down >= len(kept) {
			break
		}
		if down+1 < len(kept) && h.compare(&kept[down], &kept[down+1]) < 0 {
			down++
		}
		if h.compare(&x, &kept[down]) >= 0 {
			break
		}
		kept[at] = kept[down]
		at = down
	}
	kept[at] = x
}

// fewHits are sorted as they are: more are put into a rough order first.
const fewHits = 24

// sorted returns the pairs, best first; they are no heap any more. What it
// returns is good until the next search begins.
func (h *hits) sorted() []hit {
	sorted := h.kept
	switch n := len(h.kept); {
	case n > 1<<placeBits:
		slices.SortFunc(sorted, func(a, b hit) int { return h.compare(&a, &b) })
	case n > fewHits:
		sorted = h.rough()
	}
	for i, x := range sorted { // a step or two each, after the rough order
		for ; i > 0 && h.compare(&x, &sorted[i-1]) < 0; i-- {
			sorted[i] = sorted[i-1]
		}
		sorted[i] = x
	}
	return sorted
}

// placeBits is how many bits of a score are given up for the place of its pair.
const placeBits = 16

// rough orders the pairs by most of the bits of their scores, in one word each:
// that takes a fifth of the time that comparing pairs does. Scores are not
// negative, so their bits are in their order.
func (h *hits) rough() []hit {
	h.order = h.order[:0]
	for i := range h.kept {
		h.order = append(h.order, ^math.Float64bits(h.kept[i].score)>>placeBits<<placeBits|uint64(i))
	}
	slices.Sort(h.order)
	h.answer = h.answer[:0]
	for _, o := range h.order {
		h.answer = append(h.answer, h.kept[o&(1<<placeBits-1)])
	}
	return h.answer
}
