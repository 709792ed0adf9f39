package index

import (
	"math/bits"
	"sync"

	"heli/services/matcher/rank"
)

// search is one search under way. It is used again by later ones.
type search struct {
	probe  probe
	view   view
	shards []*shard
	queue  queue
	hits   hits
	buffer unpacked
	judge  func(spot) (score float64, quantity int64, fits bool)
	recall recall
	asked  predicate         // of the block opened last
	epoch  *epoch            // of the texts bounded last
	chords [leafRows]float32 // squared, from the question to a leaf's rows

	admitted []uint64 // rows of the leaves in the queue
	fetched  uint32   // nobody reads it
}

var searches = sync.Pool{New: func() any { return &search{} }}

// run finds the k best rows of the view. Nodes and rows wait in a queue by what
// they score at most; when the best of them cannot beat what was found, the
// search is over.
func (s *search) run(k int) []hit {
	s.hits.begin(&s.view, k)
	s.queue, s.admitted, s.epoch, s.asked.of = s.queue[:0], s.admitted[:0], nil, nil
	if k <= 0 || s.probe.nothing {
		return nil
	}
	for i, st := range s.view.states {
		s.enter(uint32(i), st)
	}
	for len(s.queue) > 0 {
		next := s.queue.pop()
		if next.bound < s.hits.least() {
			break
		}
		st := s.view.states[next.state]
		switch next.kind {
		case kindRow:
			s.fetch()
			s.try(hit{row: next.index, state: next.state, block: next.block})
		case kindTail:
			s.try(hit{row: next.index, state: next.state, block: inTail})
		default:
			s.open(next, st.blocks[next.block])
		}
	}
	return s.hits.sorted()
}

// enter queues the roots of a shard and the rows of its tail.
func (s *search) enter(index uint32, st *state) {
	for i, b := range st.blocks {
		for shelf := range b.trees[:shelves] {
			if t := &b.trees[shelf]; t.count > 0 {
				top := len(t.levels) - 1
				s.queueNodes(entry{state: uint16(index), block: uint16(i), shelf: uint8(shelf), kind: uint8(top)}, b, 0, len(t.levels[top]))
			}
		}
	}
	for row := range st.rows {
		if bound, fits := s.tail(st.tail, row); fits {
			s.queue.push(entry{bound: bound, index: uint32(row), state: uint16(index), kind: kindTail})
		}
	}
}

// tail returns what a row of a tail scores at most, and false when it surely does
// not fit.
func (s *search) tail(t *tail, row int) (float64, bool) {
	p := &s.probe
	m := &t.traits[row]
	if !p.admits(&m.marks) || !t.alive(row, s.view.version.version) {
		return 0, false
	}
	hours := p.common(&m.hours)
	bound, fits := p.row(&t.hot[row], t.hot[row].at.chord2(&p.at))
	if p.byWords {
		bound += p.shares[rank.FactorText] * p.textCeiling
	}
	return bound + p.shared(hours, p.language(m.tags)), fits && hours > 0
}

// queueNodes queues the nodes of a level from begin to before end that may
// hold something better than what was found.
func (s *search) queueNodes(e entry, b *block, begin, end int) {
	t := &b.trees[e.shelf]
	if e.kind == 0 {
		s.queueLeaves(e, b, t, begin, end)
		return
	}
	nodes := t.levels[e.kind]
	least := s.hits.least()
	for i := begin; i < end; i++ {
		if bound, fits := s.probe.node(&nodes[i]); fits && bound >= least {
			e.bound, e.index = bound, uint32(i)
			s.queue.push(e)
		}
	}
}

// queueLeaves queues the leaves of one group that may hold something better,
// with the rows that have the marks.
func (s *search) queueLeaves(e entry, b *block, t *tree, begin, end int) {
	if s.asked.of != b {
		s.asked.prepareFor(&s.probe, b)
	}
	admitted := t.full(begin / fanOut)
	s.asked.admit(b.group(t, begin), &admitted)
	least := s.hits.least()
	for i := begin; i < end; i++ {
		rows := admitted[i%fanOut]
		if rows == 0 {
			continue
		}
		if bound, fits := s.probe.node(&t.levels[0][i]); fits && bound >= least {
			e.bound, e.index, e.rows = bound, uint32(i), uint32(len(s.admitted))
			s.admitted = append(s.admitted, rows)
			s.queue.push(e)
		}
	}
}

// open queues what lies below a node.
func (s *search) open(e entry, b *block) {
	if e.kind == 0 {
		s.openLeaf(e, b, &b.trees[e.shelf])
		return
	}
	e.kind--
	begin := int(e.index) * fanOut
	s.queueNodes(e, b, begin, min(begin+fanOut, len(b.trees[e.shelf].levels[e.kind])))
}

// openLeaf queues the rows of a leaf that may be better than what was found.
func (s *search) openLeaf(e entry, b *block, t *tree) {
	p, l := &s.probe, &s.asked
	if l.of != b {
		l.prepareFor(p, b)
	}
	begin, _ := t.rows(int(e.index))
	g, leaf := b.group(t, int(e.index)), int(e.index)%fanOut
	rows, hours := l.common(g, leaf, s.admitted[e.rows])
	if rows = s.living(b, begin, rows); rows == 0 {
		return
	}
	if p.byWords {
		s.bear(b)
		p.like.leaf(b.texts, t.leaf+int(e.index))
	}
	for r := rows; r != 0; r &= r - 1 { // without a branch, so that memory is waited for once
		row := bits.TrailingZeros64(r)
		s.chords[row] = b.hot[begin+row].at.chord2(&p.at)
	}
	e.kind = kindRow
	// While all that fit are wanted, they need not queue for it.
	all := len(s.hits.kept)+bits.OnesCount64(rows) < s.hits.most/2
	for ; rows != 0; rows &= rows - 1 {
		row := bits.TrailingZeros64(rows)
		h := &b.hot[begin+row]
		bound, fits := p.row(h, s.chords[row])
		if !fits {
			continue
		}
		bound += p.shared(hours.of(row), l.language(g, leaf, row, p.languages)) + p.text(h, row)
		if bound < s.hits.least() {
			continue
		}
		if e.index = uint32(begin + row); all {
			s.try(hit{row: e.index, state: e.state, block: e.block})
			continue
		}
		e.bound = bound
		s.queue.push(e)
	}
}

// fetch asks memory for the row that may be judged next, so that it comes while
// this one is judged.
func (s *search) fetch() {
	if len(s.queue) == 0 || s.queue[0].kind != kindRow {
		return
	}
	next := &s.queue[0]
	if b := s.view.states[next.state].blocks[next.block]; b.offers != nil {
		s.fetched = b.offers.cold[next.index].spans + uint32(b.keys[next.index][0])
	}
}

// living leaves out the rows of a leaf that died before the search's moment.
func (s *search) living(b *block, begin int, rows uint64) uint64 {
	if b.deaths.count.Load() == 0 {
		return rows
	}
	for gone := b.deaths.from(begin) & rows; gone != 0; gone &= gone - 1 {
		if row := bits.TrailingZeros64(gone); !b.deaths.alive(begin+row, s.view.version.version) {
			rows &^= 1 << row
		}
	}
	return rows
}

// bear sets how much the lengths of a block's texts still say.
func (s *search) bear(b *block) {
	if b.epoch != s.epoch {
		s.epoch, s.probe.like.kept = b.epoch, b.epoch.kept(s.view.version.words)
	}
}

// try judges a row and keeps it if it is among the best.
func (s *search) try(h hit) {
	var fits bool
	if h.score, h.quantity, fits = s.judge(s.view.spot(&h)); fits && h.score >= s.hits.least() {
		s.hits.add(h)
	}
}

// entry is a node or a row in the queue.
type entry struct {
	bound        float64
	index        uint32
	rows         uint32 // of a leaf: where its rows are admitted
	state, block uint16
	shelf        uint8
	kind         uint8 // the level of a node, or one of these
}

const (
	kindRow  = 254
	kindTail = 255
)

// queue is a binary heap, the greatest bound on top. It is written out since
// container/heap costs more than the search.
type queue []entry

func (q *queue) push(e entry) {
	*q = append(*q, e)
	h := *q
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if h[up].bound >= e.bound {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
}

func (q *queue) pop() entry {
	h := *q
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return top
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].bound > h[down].bound {
			down++
		}
		if last.bound >= h[down].bound {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = last
	return top
}
