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
// Indexes", 1997).
type bitmaps struct {
	used  [traitWords]uint64 // traits that any row has
	first [traitWords]int    // where those of a word begin in a leaf
	width int                // words for each leaf
	words []uint64           // leaf after leaf
}

func newBitmaps(used [traitWords]uint64, leaves int) bitmaps {
	m := bitmaps{used: used}
	for i, u := range used {
		m.first[i] = m.width
		m.width += bits.OnesCount64(u)
	}
	m.words = make([]uint64, leaves*m.width)
	return m
}

// leaf returns the words of a leaf.
func (m *bitmaps) leaf(leaf int) []uint64 { return m.words[leaf*m.width : (leaf+1)*m.width] }

// column returns where in a leaf a trait is, for one that is used.
func (m *bitmaps) column(word int, bit uint64) int {
	return m.first[word] + bits.OnesCount64(m.used[word]&(bit-1))
}

// put sets a leaf to the traits of its rows, at most leafRows.
func (m *bitmaps) put(leaf int, rows []traits) {
	var square [leafRows]uint64
	into := m.leaf(leaf)
	for word, used := range m.used {
		clear(square[:])
		for i := range rows {
			square[i] = rows[i].words()[word]
		}
		transpose(&square)
		for ; used != 0; used &= used - 1 {
			into[0] = square[bits.TrailingZeros64(used)]
			into = into[1:]
		}
	}
}

// rows appends the traits of the first n rows of a leaf.
func (m *bitmaps) rows(all []traits, leaf, n int) []traits {
	var squares [traitWords][leafRows]uint64
	from := m.leaf(leaf)
	for word, used := range m.used {
		for ; used != 0; used &= used - 1 {
			squares[word][bits.TrailingZeros64(used)] = from[0]
			from = from[1:]
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

// admit returns which of the first n rows of a leaf have the marks that are asked
// for.
func (l *predicate) admit(leaf []uint64, n int) uint64 {
	if l.nobody {
		return 0
	}
	rows := ^uint64(0) >> (leafRows - n)
	for _, at := range l.must {
		rows &= leaf[at]
	}
	for _, at := range l.not {
		rows &^= leaf[at]
	}
	if len(l.any) > 0 && rows != 0 {
		some := uint64(0)
		for _, at := range l.any {
			some |= leaf[at]
		}
		rows &= some
	}
	return rows
}

// common sets shared[n] to those of the rows that have n hours or more in common
// with the question, up to the last of shared, and returns the rows with one.
func (l *predicate) common(leaf []uint64, rows uint64, shared []uint64) uint64 {
	shared[0] = rows
	clear(shared[1:])
	if l.ageless {
		for n := range shared {
			shared[n] = rows
		}
		return rows
	}
	last := len(shared) - 1
	for _, at := range l.hours {
		if shared[last] == rows {
			break
		}
		free := leaf[at]
		for n := last; n > 0; n-- {
			shared[n] |= shared[n-1] & free
		}
	}
	return shared[1]
}

// hoursOf returns how many of the hours a row has.
func hoursOf(shared []uint64, row int) int {
	hours := 0
	for _, rows := range shared[1:] {
		hours += int(rows >> row & 1)
	}
	return hours
}

// language returns the value of the language factor for a row.
func (l *predicate) language(leaf []uint64, row int, wishes []languageBit) float64 {
	for i, at := range l.languages {
		if at >= 0 && leaf[at]>>row&1 != 0 {
			return wishes[i].value
		}
	}
	return 0
}
