package index

import (
	"math/bits"

	"heli/pkg/contract"
)

// words counts in how many offers each word occurs. It is never changed: add
// returns another one that shares most of it, so that every search counts the
// offers that it sees. What was loaded is a table; what changed since is a trie
// over the bits of the hash, whose counts may be below 0.
type words struct {
	documents int
	loaded    census
	root      *wordNode
}

// census is a hash table of counts, open and at most half full.
type census []wordCount

func newCensus(counts map[uint64]int) census {
	if len(counts) == 0 {
		return nil
	}
	c := make(census, 1<<bits.Len(uint(2*len(counts))))
	for hash, n := range counts {
		at := c.home(hash)
		for c[at].count != 0 {
			at = (at + 1) % len(c)
		}
		c[at] = wordCount{hash, n}
	}
	return c
}

// home is where a word is, or before.
func (c census) home(hash uint64) int {
	return int(hash * 0x9e3779b97f4a7c15 >> (64 - bits.TrailingZeros(uint(len(c)))))
}

func (c census) count(hash uint64) int {
	if len(c) == 0 {
		return 0
	}
	for at := c.home(hash); c[at].count != 0; at = (at + 1) % len(c) {
		if c[at].hash == hash {
			return c[at].count
		}
	}
	return 0
}

const (
	wordBits   = 4 // of the hash at each level
	wordBucket = 8 // counts that a node holds before it parts
)

// wordNode is either a bucket of counts or a fork.
type wordNode struct {
	counts []wordCount
	forks  *[1 << wordBits]*wordNode
}

type wordCount struct {
	hash  uint64
	count int
}

// Documents implements rank.Rarity.
func (w *words) Documents() int { return w.documents }

// Frequency implements rank.Rarity.
func (w *words) Frequency(hash uint64) int { return w.loaded.count(hash) + w.root.count(hash) }

// count returns the count of a word below a node.
func (n *wordNode) count(hash uint64) int {
	for bits := hash; n != nil; bits >>= wordBits {
		if n.forks == nil {
			for _, c := range n.counts {
				if c.hash == hash {
					return c.count
				}
			}
			return 0
		}
		n = n.forks[bits&(1<<wordBits-1)]
	}
	return 0
}

// add returns the counts with one text more, or less for by = -1.
func (w *words) add(text []contract.WordHash, by int) *words {
	more := &words{w.documents + by, w.loaded, w.root}
	for _, word := range text {
		more.root = more.root.add(word.Hash, 0, by)
	}
	return more
}

func (n *wordNode) add(hash uint64, used, by int) *wordNode {
	if n == nil {
		return &wordNode{counts: []wordCount{{hash, by}}}
	}
	if n.forks != nil {
		forks := *n.forks
		at := hash >> used & (1<<wordBits - 1)
		forks[at] = forks[at].add(hash, used+wordBits, by)
		return &wordNode{forks: &forks}
	}
	counts := make([]wordCount, 0, len(n.counts)+1)
	found := false
	for _, c := range n.counts {
		if c.hash == hash {
			c.count += by
			found = true
		}
		if c.count != 0 {
			counts = append(counts, c)
		}
	}
	if !found {
		counts = append(counts, wordCount{hash, by})
	}
	return (&wordNode{counts: counts}).part(used)
}

// part turns a bucket that is full into a fork at the level where so many bits
// of the hash are used.
func (n *wordNode) part(used int) *wordNode {
	if len(n.counts) <= wordBucket || used >= 64 {
		return n
	}
	var forks [1 << wordBits]*wordNode
	for _, c := range n.counts {
		at := c.hash >> used & (1<<wordBits - 1)
		if forks[at] == nil {
			forks[at] = &wordNode{}
		}
		forks[at].counts = append(forks[at].counts, c)
	}
	return &wordNode{forks: &forks}
}

// recall is a Rarity that remembers what it was asked during one search: a look
// into the trie misses the processor's caches, and texts share words.
type recall struct {
	words *words
	known []recalled
	turn  uint32
}

type recalled struct {
	hash  uint64
	count uint32
	turn  uint32
}

const recallBits = 12

// begin forgets and takes other counts.
func (r *recall) begin(w *words) {
	if r.known == nil {
		r.known = make([]recalled, 1<<recallBits)
	}
	r.words = w
	if r.turn++; r.turn == 0 {
		clear(r.known)
		r.turn = 1
	}
}

// Documents implements rank.Rarity.
func (r *recall) Documents() int { return r.words.documents }

// Frequency implements rank.Rarity.
func (r *recall) Frequency(hash uint64) int {
	k := &r.known[hash*0x9e3779b97f4a7c15>>(64-recallBits)]
	if k.hash != hash || k.turn != r.turn {
		*k = recalled{hash, uint32(r.words.Frequency(hash)), r.turn}
	}
	return int(k.count)
}
