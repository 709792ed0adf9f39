package index

import (
	"slices"
	"sync/atomic"

	"heli/services/matcher/rank"
)

// tailRows are taken in before they are packed.
const tailRows = 256

// shard holds the rows of one category: packed blocks, and a short tail of what
// came last. Searches read its state without a lock; whoever writes holds the
// index's.
type shard struct {
	category string
	state    atomic.Pointer[state]
}

// state is a shard between two changes. A search of a version below the floor
// cannot use it: rows that it must see may be gone.
type state struct {
	floor  uint64
	blocks []*block // the largest first
	tail   *tail
	rows   int // of the tail; those behind belong to later states
}

// tail is filled in order of arrival and never changed where a state can see
// it, but for deaths.
type tail struct {
	keys   [tailRows]key
	traits [tailRows]traits
	hot    [tailRows]hot
	born   [tailRows]uint64
	died   [tailRows]atomic.Uint64
	skills [tailRows]uint32
	offers [tailRows]*rank.Offer
	needs  [tailRows]*rank.Need
	find   map[key]int // of whoever writes; of rows with one key the last
}

func newShard(category string, floor uint64, blocks ...*block) *shard {
	s := &shard{category: category}
	s.state.Store(&state{floor: floor, blocks: blocks, tail: newTail()})
	return s
}

func newTail() *tail { return &tail{find: map[key]int{}} }

// alive reports whether a row was there at a version.
func (t *tail) alive(row int, version uint64) bool {
	died := t.died[row].Load()
	return t.born[row] <= version && (died == 0 || died > version)
}

// place is where a row is held.
type place struct {
	shard *shard
	block *block // nil in the tail
	tail  *tail
	row   int
}

// die notes the version that removed the row.
func (p place) die(version uint64) {
	if p.block != nil {
		p.block.deaths.note(p.row, version)
		return
	}
	p.tail.died[p.row].Store(version)
	delete(p.tail.find, p.tail.keys[p.row])
}

// locate finds the living row of an id. Only whoever writes may call it.
func (s *shard) locate(k key, id string) (place, bool) {
	st := s.state.Load()
	if row, held := st.tail.find[k]; held && st.tail.id(row) == id {
		return place{s, nil, st.tail, row}, true
	}
	for _, b := range st.blocks {
		if row := b.locate(k, id, ^uint64(0)); row >= 0 {
			return place{s, b, nil, row}, true
		}
	}
	return place{}, false
}

// locate finds the row of an id that lived at a version; -1 when there is none.
func (b *block) locate(k key, id string, version uint64) int {
	at := -1
	b.find.rows(b.keys, k, func(row int) bool {
		if b.id(row) == id && b.deaths.alive(row, version) {
			at = row
		}
		return at >= 0
	})
	return at
}

// id returns the id of a row's line.
func (b *block) id(row int) string {
	if b.needs != nil {
		return string(b.needs[row].ID)
	}
	if x := b.offers.extraOf(row); x != nil && x.whole != nil {
		return string(x.whole.ID)
	}
	return b.keys[row].text()
}

func (t *tail) id(row int) string {
	if t.needs[row] != nil {
		return string(t.needs[row].ID)
	}
	return string(t.offers[row].ID)
}

// put appends a row that is born with a version. The tail has room.
func (s *shard) put(l fresh, version uint64) {
	st := s.state.Load()
	t, row := st.tail, st.rows
	t.keys[row], t.traits[row], t.hot[row], t.born[row] = l.key, l.traits, l.hot, version
	t.offers[row], t.skills[row], t.needs[row] = l.offer, l.skills, l.need
	t.find[l.key] = row
	s.state.Store(&state{st.floor, st.blocks, t, row + 1})
}

// seal packs a tail of at least so many rows into a block.
func (s *shard) seal(y *symbols, e *epoch, version uint64, least int) bool {
	st := s.state.Load()
	if st.rows < least {
		return false
	}
	var rows []loose
	for row := range st.rows {
		if t := st.tail; t.alive(row, version) {
			rows = append(rows, loose{fresh: &fresh{t.keys[row], t.traits[row], t.hot[row], t.offers[row], t.skills[row], t.needs[row]}})
		}
	}
	next := &state{floor: version, blocks: st.blocks, tail: newTail()}
	if len(rows) > 0 {
		b, _ := newBlock(y, e, rows)
		next.blocks = append(slices.Clip(st.blocks), b)
	}
	s.state.Store(next)
	return true
}

// overdue returns the blocks that are worth merging: from the first on that is
// not much larger than all behind it, or that is full of the dead.
func (st *state) overdue() []*block {
	blocks := slices.Clone(st.blocks)
	slices.SortStableFunc(blocks, func(a, b *block) int { return len(b.keys) - len(a.keys) })
	behind := 0
	from := len(blocks)
	for i := len(blocks) - 1; i >= 0; i-- {
		size := len(blocks[i].keys)
		if (behind > 0 && behind*mergeRatio >= size) || int(blocks[i].deaths.count.Load())*mergeRatio > size {
			from = i
		}
		behind += size
	}
	return blocks[from:]
}

const mergeRatio = 4

// merge packs the living rows of some blocks into one. The lock is held only
// to see which they are and to put the new block in.
func (x *Fast) merge(s *shard) bool {
	x.mu.Lock()
	old, version, e := s.state.Load().overdue(), x.now.Load().version, x.epochs[0]
	x.mu.Unlock()
	if len(old) == 0 {
		return false
	}
	var rows []loose
	for _, b := range old {
		rows = b.living(rows, version)
	}
	merged, from := newBlock(x.symbols, e, rows)

	x.mu.Lock()
	defer x.mu.Unlock()
	for to := range from { // who died meanwhile
		r := &rows[from[to].row]
		if died := r.from.deaths.version(r.row); died != 0 {
			merged.deaths.note(to, died)
		}
	}
	st := s.state.Load()
	next := &state{floor: max(st.floor, version), tail: st.tail, rows: st.rows}
	for _, b := range st.blocks {
		if !slices.Contains(old, b) {
			next.blocks = append(next.blocks, b)
		}
	}
	if len(rows) > 0 {
		next.blocks = append(next.blocks, merged)
	}
	s.state.Store(next)
	return true
}

// living appends the rows of a version.
func (b *block) living(rows []loose, version uint64) []loose {
	from := &source{b, b.allTraits()}
	for row := range b.keys {
		if b.deaths.alive(row, version) {
			rows = append(rows, loose{from: from, row: row})
		}
	}
	return rows
}
