package plan

// joined tells which bins hang together, because some need has both as
// candidates (union by index, with path halving). What was joined stays so.
type joined struct{ above []int32 }

// root returns the bin that stands for all that hang together with one.
func (j *joined) root(b int32) int32 {
	for j.above[b] != b {
		j.above[b] = j.above[j.above[b]]
		b = j.above[b]
	}
	return b
}

// join notes that the bins of a list hang together.
func (j *joined) join(list []arc) {
	for i, a := range list {
		for b := int32(len(j.above)); b <= a.node; b++ {
			j.above = append(j.above, b)
		}
		if i > 0 {
			first, other := j.root(list[0].node), j.root(a.node)
			j.above[max(first, other)] = min(first, other)
		}
	}
}
