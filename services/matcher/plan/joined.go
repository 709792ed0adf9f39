package plan

// joined tells which bins hang together, because some need has both as
// candidates or one is the other's group (union by index, with path halving).
// What was joined stays so.
type joined struct{ above []int32 }

// add takes in the next bin.
func (j *joined) add() { j.above = append(j.above, int32(len(j.above))) }

// root returns the bin that stands for all that hang together with one.
func (j *joined) root(b int32) int32 {
	for j.above[b] != b {
		j.above[b] = j.above[j.above[b]]
		b = j.above[b]
	}
	return b
}

// join notes that two bins hang together.
func (j *joined) join(a, b int32) {
	a, b = j.root(a), j.root(b)
	j.above[max(a, b)] = min(a, b)
}
