package flow

// fifo is a ring of nodes with excess. A node may be in it more than once.
type fifo struct {
	ring  []int32
	begin int
	count int
}

func (f *fifo) reset(capacity int) {
	if cap(f.ring) < capacity {
		f.ring = make([]int32, max(capacity, 16))
	}
	f.begin, f.count = 0, 0
}

func (f *fifo) push(v int32) {
	if f.count == len(f.ring) {
		grown := make([]int32, 2*len(f.ring)+1)
		n := copy(grown, f.ring[f.begin:])
		copy(grown[n:], f.ring[:f.begin])
		f.ring, f.begin = grown, 0
	}
	f.ring[(f.begin+f.count)%len(f.ring)] = v
	f.count++
}

func (f *fifo) pop() (int32, bool) {
	if f.count == 0 {
		return 0, false
	}
	v := f.ring[f.begin]
	f.begin = (f.begin + 1) % len(f.ring)
	f.count--
	return v, true
}
