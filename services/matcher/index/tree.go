package index

import (
	"math"

	"heli/services/matcher/rank"
)

const (
	leafRows = 32
	fanOut   = 8
)

// tree is packed over consecutive rows: level 0 holds a node for each leafRows
// rows, each further level one for each fanOut nodes below.
type tree struct {
	first, count int
	levels       [][]node
}

// node bounds the rows below it.
type node struct {
	low, high    vector
	hours        rank.Hours
	marks        marks // of offers: what any of them has; of needs: what all of them ask for
	reachM       float32
	response     float32
	organisation float32
	skills       uint8 // of offers the fewest that one holds, of needs the most that one asks for
	flags        uint8 // that any has
	ways         rank.Ways
}

// newTree packs a tree. Where places bound nothing its boxes are the sphere.
func (b *block) newTree(first, count int, placed bool) tree {
	t := tree{first: first, count: count}
	if count == 0 {
		return t
	}
	reverse := b.needs != nil
	leaves := make([]node, (count+leafRows-1)/leafRows)
	for i := range leaves {
		begin := first + i*leafRows
		leaves[i] = b.leaf(begin, min(begin+leafRows, first+count), placed)
	}
	t.levels = append(t.levels, leaves)
	for len(leaves) > 1 {
		upper := make([]node, (len(leaves)+fanOut-1)/fanOut)
		for i := range upper {
			upper[i] = leaves[i*fanOut]
			for j := i*fanOut + 1; j < min((i+1)*fanOut, len(leaves)); j++ {
				upper[i].join(&leaves[j], reverse)
			}
		}
		t.levels = append(t.levels, upper)
		leaves = upper
	}
	return t
}

func (b *block) leaf(begin, end int, placed bool) node {
	reverse := b.needs != nil
	var n node
	for row := begin; row < end; row++ {
		h := &b.hot[row]
		one := node{
			low: h.at, high: h.at, hours: h.hours, marks: b.marks[row], reachM: h.reachM, response: h.response,
			organisation: h.organisation, skills: h.skills, flags: h.flags, ways: h.ways,
		}
		if !placed {
			one.low, one.high = vector{-1, -1, -1}, vector{1, 1, 1}
		}
		if row == begin {
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
		n.marks.tags = (n.marks.tags|m.marks.tags)&tongueMask | n.marks.tags&m.marks.tags&^tongueMask
		n.skills = max(n.skills, m.skills)
		return
	}
	n.marks.skills |= m.marks.skills
	n.marks.tags |= m.marks.tags
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
