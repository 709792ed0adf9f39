package index

import (
	"cmp"
	"slices"

	"heli/services/matcher/rank"
)

// block is an unchanging set of rows of one category, packed into trees. Rows
// die in it; they never come or change.
type block struct {
	keys   []key
	hot    []hot
	bits   bitmaps
	deaths *deaths
	find   directory
	trees  [shelfNone + 1]tree // the last one is not planted: its rows fit nothing as they are

	offers *packed      // one of the two
	needs  []*rank.Need // holds what is judged

	epoch *epoch   // of the texts
	texts *lexicon // nil when no row has words
}

// shelves part rows by what bounds them: their place, or nothing.
const (
	shelfNear  = iota // a point, and no remote help
	shelfMixed        // a point, and remote help too
	shelfFar          // remote help alone, or no point
	shelves
	shelfNone // fits nothing
)

func shelfOf(h *hot) int {
	switch {
	case h.flags&shut != 0:
		return shelfNone
	case h.flags&located == 0 || h.ways == rank.Remote:
		return shelfFar
	case h.ways&rank.Remote != 0:
		return shelfMixed
	default:
		return shelfNear
	}
}

// loose is a row on its way into a block: what it is, or the row of another
// block that it is copied from.
type loose struct {
	from *source
	row  int
	*fresh
}

// source is a block that rows are copied from, with their traits by row.
type source struct {
	*block
	traits []traits
}

// fresh is a row that is in no block yet.
type fresh struct {
	key    key
	traits traits
	hot    hot
	offer  *rank.Offer // with the number of its skills
	skills uint32
	need   *rank.Need
}

func (l *loose) parts() (*key, *traits, *hot) {
	if l.from != nil {
		return &l.from.keys[l.row], &l.from.traits[l.row], &l.from.hot[l.row]
	}
	return &l.key, &l.traits, &l.hot
}

// line returns the need line, nil for an offer line.
func (l *loose) line() *rank.Need {
	switch {
	case l.from == nil:
		return l.need
	case l.from.needs != nil:
		return l.from.needs[l.row]
	default:
		return nil
	}
}

// order is what rows are sorted by: the shelf, the place along a Morton curve,
// then what the score of a place's rows differs by.
type order struct {
	shelf uint8
	along uint64
	row   uint32
}

func orderOf(h *hot, row int) order {
	shelf := shelfOf(h)
	along := uint64(0)
	if shelf == shelfNear || shelf == shelfMixed {
		along = morton(h.at) << 32
	}
	along |= uint64(h.skills)<<24 | uint64((1-min(max(h.response, 0), 1))*(1<<24-1)) // few skills and good answers first
	return order{uint8(shelf), along, uint32(row)}
}

// newBlock packs rows and returns in which order. It changes nothing but the
// pools.
func newBlock(y *symbols, e *epoch, rows []loose) (*block, []order) {
	orders := make([]order, len(rows))
	for i := range rows {
		_, _, h := rows[i].parts()
		orders[i] = orderOf(h, i)
	}
	slices.SortFunc(orders, func(a, b order) int {
		return cmp.Or(cmp.Compare(a.shelf, b.shelf), cmp.Compare(a.along, b.along), cmp.Compare(a.row, b.row))
	})
	b := &block{keys: make([]key, len(rows)), hot: make([]hot, len(rows)), deaths: newDeaths(len(rows)), epoch: e}
	all := make([]traits, len(rows))
	for to, o := range orders {
		k, t, h := rows[o.row].parts()
		b.keys[to], all[to], b.hot[to] = *k, *t, *h
		b.trees[o.shelf].count++
	}
	b.fill(y, rows, orders)
	b.find = newDirectory(b.keys)
	b.setBits(all)
	for s := range b.trees[:shelves] {
		b.plant(&b.trees[s], all, s != shelfFar)
	}
	b.texts = b.lexicon(e)
	return b, orders
}

// setBits divides the rows into leaves and notes their traits by bit.
func (b *block) setBits(all []traits) {
	var used [traitWords]uint64
	for i := range all {
		for word, w := range all[i].words() {
			used[word] |= w
		}
	}
	first, leaf, group := 0, 0, 0
	for s := range b.trees {
		t := &b.trees[s]
		t.first, t.leaf, t.group = first, leaf, group
		first += t.count
		leaf += leaves(t.count)
		group += groups(t.count)
	}
	b.bits = newBitmaps(used, group)
	for s := range b.trees {
		t := &b.trees[s]
		for i := range leaves(t.count) {
			begin, n := t.rows(i)
			b.bits.put(b.group(t, i), i%fanOut, all[begin:begin+n])
		}
	}
}

// allTraits returns the traits of all rows.
func (b *block) allTraits() []traits {
	all := make([]traits, 0, len(b.keys))
	for s := range b.trees {
		t := &b.trees[s]
		for i := range leaves(t.count) {
			_, n := t.rows(i)
			all = b.bits.rows(all, b.group(t, i), i%fanOut, n)
		}
	}
	return all
}

// group returns the words of a tree's leaf and of those beside it.
func (b *block) group(t *tree, leaf int) group { return b.bits.group(t.group + leaf/fanOut) }

// fill takes over what the rows are.
func (b *block) fill(y *symbols, rows []loose, orders []order) {
	if len(rows) > 0 && rows[0].line() != nil {
		b.needs = make([]*rank.Need, len(rows))
		for to, o := range orders {
			b.needs[to] = rows[o.row].line()
		}
		return
	}
	spans := 0
	for i := range rows {
		spans += rows[i].spans()
	}
	b.offers = &packed{cold: make([]cold, 0, len(rows)), spans: make([]rank.WeekSpan, 0, spans)}
	for _, o := range orders {
		if r := &rows[o.row]; r.from != nil {
			b.offers.take(r.from.offers, r.row)
		} else {
			b.offers.add(y, r.offer, r.skills)
		}
	}
}

func (l *loose) spans() int {
	if l.from != nil {
		return int(l.from.offers.cold[l.row].count)
	}
	return len(l.offer.Schedule.Spans())
}

// at returns the block with its texts bounded anew. The two share all else, the
// dead too.
func (b *block) at(e *epoch) *block {
	renewed := *b
	renewed.epoch, renewed.texts = e, b.lexicon(e)
	return &renewed
}

// morton interleaves the bits of a place's latitude and longitude, taken from
// the sphere, 16 of each.
func morton(v vector) uint64 {
	lat, lon := angles(v)
	return spread(lat)<<1 | spread(lon)
}

func spread(x uint16) uint64 {
	n := uint64(x)
	n = (n | n<<8) & 0x00ff00ff
	n = (n | n<<4) & 0x0f0f0f0f
	n = (n | n<<2) & 0x33333333
	return (n | n<<1) & 0x55555555
}
