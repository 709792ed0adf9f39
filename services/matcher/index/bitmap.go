package index

import (
	"math/bits"

	"heli/services/matcher/rank"
)

// traits are what rows are told apart by before anything is computed.
type traits struct {
	marks
	hours rank.Hours
}

const traitWords = 5

func (t *traits) words() [traitWords]uint64 {
	return [traitWords]uint64{t.skills, t.tags, t.hours[0], t.hours[1], t.hours[2]}
}

func traitsOf(w [traitWords]uint64) traits {
	return traits{marks{w[0], w[1]}, rank.Hours{w[2], w[3], w[4]}}
}

// bitmaps hold the traits of packed rows by bit instead of by row: a leaf has as
// many rows as a word has bits, and for each trait that any row of the block has
// one word that tells which of the leaf's rows have it. A question looks at the
// few words of what it asks for and learns about all rows of a leaf at once
// (bit-slicing, as in O'Neil and Quass, "Improved Query Performance with Variant
// Indexes", 1997). The words of the fanOut leaves below a node lie together,
// trait by trait: one line of the processor's cache answers for all of them.
type bitmaps struct {
	used  [traitWords]uint64 // traits that any row has
	first [traitWords]int    // where those of a word begin among the columns
	width int                // columns
	words []uint64           // group after group
}

func newBitmaps(used [traitWords]uint64, groups int) bitmaps {
	m := bitmaps{used: used}
	for i, u := range used {
		m.first[i] = m.width
		m.width += bits.OnesCount64(u)
	}
	m.words = make([]uint64, groups*m.width*fanOut)
	return m
}

// group is the words of the leaves below one node, column after column.
type group []uint64

func (m *bitmaps) group(i int) group {
	size := m.width * fanOut
	return m.words[i*size : (i+1)*size]
}

// column returns the words of the leaves for a trait.
func (g group) column(at int) *[fanOut]uint64 { return (*[fanOut]uint64)(g[at*fanOut:]) }

// column returns where a trait is, for one that is used.
func (m *bitmaps) column(word int, bit uint64) int {
	return m.first[word] + bits.OnesCount64(m.used[word]&(bit-1))
}

// put sets a leaf of a group to the traits of its rows, at most leafRows.
func (m *bitmaps) put(g group, leaf int, rows []traits) {
	var square [leafRows]uint64
	at := 0
	for word, used := range m.used {
		clear(square[:])
		for i := range rows {
			square[i] = rows[i].words()[word]
		}
		transpose(&square)
		for ; used != 0; used &= used - 1 {
			g.column(at)[leaf] = square[bits.TrailingZeros64(used)]
			at++
		}
	}
}

// rows appends the traits of the first n rows of a leaf.
func (m *bitmaps) rows(all []traits, g group, leaf, n int) []traits {
	var squares [traitWords][leafRows]uint64
	at := 0
	for word, used := range m.used {
		for ; used != 0; used &= used - 1 {
			squares[word][bits.TrailingZeros64(used)] = g.column(at)[leaf]
			at++
		}
		transpose(&squares[word])
	}
	for row := range n {
		var w [traitWords]uint64
		for word := range w {
			w[word] = squares[word][row]
		}
		all = append(all, traitsOf(w))
	}
	return all
}

// transpose mirrors a square of bits along its diagonal (Warren, "Hacker's
// Delight", 2nd edition, section 7-3).
func transpose(a *[leafRows]uint64) {
	mask := uint64(1)<<32 - 1
	for j := 32; j != 0; j, mask = j>>1, mask^mask<<(j>>1) {
		for k := 0; k < leafRows; k = (k + j + 1) &^ j {
			t := (a[k]>>j ^ a[k+j]) & mask
			a[k] ^= t << j
			a[k+j] ^= t
		}
	}
}

// predicate is where a probe finds what it asks for in the bitmaps of one block.
type predicate struct {
	of        *block
	nobody    bool  // no row of the block can fit
	ageless   bool  // see probe
	must, not []int // columns that a row has to have, and must not have
	any       []int // of which a row has to have one; none when any row will do
	hours     []int
	languages []int // in the order of preference; -1 where no row has it
}

// prepareFor finds what a probe asks for in a block.
func (l *predicate) prepareFor(p *probe, b *block) {
	*l = predicate{of: b, ageless: p.ageless, must: l.must[:0], not: l.not[:0], any: l.any[:0], hours: l.hours[:0], languages: l.languages[:0]}
	m := &b.bits
	if p.reverse {
		l.not = m.columns(l.not, 0, ^p.marks.skills)
		l.not = m.columns(l.not, 1, ^p.marks.tags&^tongueMask)
	} else {
		l.nobody = p.marks.skills&^m.used[0] != 0 || p.marks.tags&^m.used[1] != 0
		l.must = m.columns(l.must, 0, p.marks.skills)
		l.must = m.columns(l.must, 1, p.marks.tags)
	}
	if p.tongue != 0 {
		l.any = m.columns(l.any, 1, p.tongue)
		l.nobody = l.nobody || len(l.any) == 0
	}
	for i, h := range p.hours {
		l.hours = m.columns(l.hours, 2+i, h)
	}
	for _, language := range p.languages {
		at := -1
		if m.used[1]&language.bit != 0 {
			at = m.column(1, language.bit)
		}
		l.languages = append(l.languages, at)
	}
}

// columns appends where the wanted traits of a word are, of those that are used.
func (m *bitmaps) columns(all []int, word int, wanted uint64) []int {
	for wanted &= m.used[word]; wanted != 0; wanted &= wanted - 1 {
		all = append(all, m.column(word, wanted&-wanted))
	}
	return all
}

// admit leaves of each leaf's rows those that have the marks that are asked for.
func (l *predicate) admit(g group, rows *[fanOut]uint64) {
	if l.nobody {
		clear(rows[:])
		return
	}
	for _, at := range l.must {
		for leaf, have := range g.column(at) {
			rows[leaf] &= have
		}
	}
	for _, at := range l.not {
		for leaf, have := range g.column(at) {
			rows[leaf] &^= have
		}
	}
	if len(l.any) == 0 {
		return
	}
	var some [fanOut]uint64
	for _, at := range l.any {
		for leaf, have := range g.column(at) {
			some[leaf] |= have
		}
	}
	for leaf, have := range some {
		rows[leaf] &= have
	}
}

// common counts the hours that a leaf's rows have in common with the question,
// and leaves out those that have none.
func (l *predicate) common(g group, leaf int, rows uint64) (uint64, tally) {
	if l.ageless {
		return rows, tally{many: rows}
	}
	var t tally
	for _, at := range l.hours {
		t.add(g.column(at)[leaf])
	}
	return rows & (t.ones | t.twos | t.fours | t.many), t
}

// tally counts for all rows of a leaf at once: each word holds one digit of all
// their numbers (Warren, "Hacker's Delight", 2nd edition, section 5-1).
type tally struct{ ones, twos, fours, many uint64 }

// add counts one more for some rows.
func (t *tally) add(rows uint64) {
	rows, t.ones = rows&t.ones, rows^t.ones
	rows, t.twos = rows&t.twos, rows^t.twos
	rows, t.fours = rows&t.fours, rows^t.fours
	t.many |= rows
}

// of returns a row's number, manyHours from 8 on.
func (t *tally) of(row int) int {
	if t.many>>row&1 != 0 {
		return manyHours
	}
	return int(t.ones>>row&1 | t.twos>>row&1<<1 | t.fours>>row&1<<2)
}

// language returns the value of the language factor for a row of a leaf.
func (l *predicate) language(g group, leaf, row int, wishes []languageBit) float64 {
	for i, at := range l.languages {
		if at >= 0 && g.column(at)[leaf]>>row&1 != 0 {
			return wishes[i].value
		}
	}
	return 0
}
