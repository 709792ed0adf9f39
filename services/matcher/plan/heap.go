package plan

// item is a node on the edge of a search.
type item struct {
	distance int64
	node     int32
	what     what
}

// what an item of a search stands for.
type what uint8

const (
	aNode   what = iota
	theRest      // of a need's candidates, when the nearest were looked at
	unknown      // candidates of a need that the source was not asked for yet
)

func (a item) before(b item) bool {
	return a.distance < b.distance || a.distance == b.distance && a.node < b.node
}

// heap is a queue by distance, equal distances by node, four ways wide.
type heap struct{ items []item }

func (h *heap) reset()   { h.items = h.items[:0] }
func (h *heap) len() int { return len(h.items) }

func (h *heap) push(it item) {
	h.items = append(h.items, it)
	at := len(h.items) - 1
	for at > 0 {
		up := (at - 1) / 4
		if !it.before(h.items[up]) {
			break
		}
		h.items[at] = h.items[up]
		at = up
	}
	h.items[at] = it
}

func (h *heap) pop() item {
	top := h.items[0]
	last := h.items[len(h.items)-1]
	h.items = h.items[:len(h.items)-1]
	if len(h.items) > 0 {
		h.sink(last)
	}
	return top
}

// sink lets an item fall from the top.
func (h *heap) sink(it item) {
	at := 0
	for {
		first := 4*at + 1
		if first >= len(h.items) {
			break
		}
		least := first
		for i := first + 1; i < min(first+4, len(h.items)); i++ {
			if h.items[i].before(h.items[least]) {
				least = i
			}
		}
		if !h.items[least].before(it) {
			break
		}
		h.items[at] = h.items[least]
		at = least
	}
	h.items[at] = it
}
