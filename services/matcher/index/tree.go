package index

import (
	"math"

	"heli/services/matcher/rank"
)

const (
	leafRows = 64 // as many as a word has bits
	fanOut   = 8
)

// tree is packed over consecutive rows: level 0 holds a node for each leafRows
// rows, each further level one for each fanOut nodes below.
type tree struct {
	first, count int // rows
	leaf         int // of all leaves of the block the first
	group        int // the same of the groups of leaves
	levels       [][]node
}

// leaves returns how many leaves so many rows fill.
func leaves(rows int) int { return (rows + leafRows - 1) / leafRows }

// groups returns how many groups of leaves so many rows fill.
func groups(rows int) int { return (leaves(rows) + fanOut - 1) / fanOut }

// full returns all rows of the leaves of a group.
func (t *tree) full(group int) (rows [fanOut]uint64) {
	for i := range rows {
		if n := t.count - (group*fanOut+i)*leafRows; n >= leafRows {
			rows[i] = ^uint64(0)
		} else if n > 0 {
			rows[i] = ^uint64(0) >> (leafRows - n)
		}
	}
	return rows
}

// rows returns where a leaf of the tree begins and how many rows it has.
func (t *tree) rows(leaf int) (begin, n int) {
	return t.first + leaf*leafRows, min(leafRows, t.count-leaf*leafRows)
}

// node bounds the rows below it.
type node struct {
	low, high    vector
	traits       // of offers: what any of them has; of needs: the marks that all of them ask for
	reachM       float32
	response     float32
	organisation float32
	skills       uint8 // of offers the fewest that one holds, of needs the most that one asks for
	flags        uint8 // that any has
	ways         rank.Ways
}

// plant packs the tree over its rows, whose traits are given. Where places bound
// nothing its boxes are the sphere.
func (b *block) plant(t *tree, all []traits, placed bool) {
	if t.count == 0 {
		return
	}
	reverse := b.needs != nil
	level := make([]node, leaves(t.count))
	for i := range level {
		begin, n := t.rows(i)
		level[i] = leafNode(b.hot[begin:begin+n], all[begin:begin+n], placed, reverse)
	}
	t.levels = append(t.levels, level)
	for len(level) > 1 {
		upper := make([]node, (len(level)+fanOut-1)/fanOut)
		for i := range upper {
			upper[i] = level[i*fanOut]
			for j := i*fanOut + 1; j < min((i+1)*fanOut, len(level)); j++ {
				upper[i].join(&level[j], reverse)
			}
		}
		t.levels = append(t.levels, upper)
		level = upper
	}
}

func leafNode(rows []hot, all []traits, placed, reverse bool) node {
	var n node
	for i := range rows {
		h := &rows[i]
		one := node{
			low: h.at, high: h.at, traits: all[i], reachM: h.reachM, response: h.response,
			organisation: h.organisation, skills: h.skills, flags: h.flags, ways: h.ways,
		}
		if !placed {
			one.low, one.high = vector{-1, -1, -1}, vector{1, 1, 1}
		}
		if i == 0 {
			n = one
		} else {
			n.join(&one, reverse)
		}
	}
	return n
}

// join makes a node bound another's rows too.
func (n *node) join(m *node, reverse bool) {
	for i := range n.low {
		n.low[i], n.high[i] = min(n.low[i], m.low[i]), max(n.high[i], m.high[i])
	}
	n.hours.Join(&m.hours)
	n.reachM, n.response = max(n.reachM, m.reachM), max(n.response, m.response)
	n.organisation = min(n.organisation, m.organisation)
	n.flags |= m.flags
	n.ways |= m.ways
	if reverse {
		n.marks.skills &= m.marks.skills
		n.tags = (n.tags|m.tags)&tongueMask | n.tags&m.tags&^tongueMask
		n.skills = max(n.skills, m.skills)
		return
	}
	n.marks.skills |= m.marks.skills
	n.tags |= m.tags
	n.skills = min(n.skills, m.skills)
}

// chord2 returns the square of the least chord from a point to the box.
func (n *node) chord2(v *vector) float32 {
	var sum float32
	for i := range v {
		if d := max(n.low[i]-v[i], v[i]-n.high[i]); d > 0 {
			sum += d * d
		}
	}
	return sum
}

// angles returns latitude and longitude as parts of their range.
func angles(v vector) (lat, lon uint16) {
	const parts = math.MaxUint16
	lat = uint16((math.Asin(float64(min(1, max(-1, v[2]))))/math.Pi + 0.5) * parts)
	lon = uint16((math.Atan2(float64(v[1]), float64(v[0]))/(2*math.Pi) + 0.5) * parts)
	return lat, lon
}
