package index

import (
	"math"
	"sync/atomic"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// epoch remembers how rare words were when the lengths of packed texts were
// computed, and how much of that words have lost since by becoming more common.
// So a length of then bounds the length of now without being computed anew.
type epoch struct {
	words *words
	least float64       // the rarity of the most common word
	lost  atomic.Uint64 // the bits of the greatest share that a word has lost
}

func newEpoch(w *words) *epoch {
	return &epoch{words: w, least: rarity(w, w.most())}
}

// rarity is rank's, for a word that so many texts have.
func rarity(w *words, count int) float64 {
	return rank.WordWeights(counted{w.documents, count})(0, 1)
}

// counted is a Rarity of one word.
type counted struct{ documents, count int }

// Documents implements rank.Rarity.
func (c counted) Documents() int { return c.documents }

// Frequency implements rank.Rarity.
func (c counted) Frequency(uint64) int { return c.count }

// most returns the greatest count of a word.
func (w *words) most() int {
	grown := w.root.most()
	most := grown
	for _, c := range w.loaded {
		if c.count+grown > most {
			most = max(most, w.Frequency(c.hash))
		}
	}
	return most
}

// most returns the greatest count below a node.
func (n *wordNode) most() int {
	most := 0
	if n == nil {
		return most
	}
	for _, c := range n.counts {
		most = max(most, c.count)
	}
	if n.forks != nil {
		for _, f := range n.forks {
			most = max(most, f.most())
		}
	}
	return most
}

// note takes in that a text was added. Only whoever writes may call it, before
// the change can be seen.
func (e *epoch) note(text []contract.WordHash, now *words) {
	for _, w := range text {
		then := e.words.Frequency(w.Hash)
		grown := math.Log((float64(now.Frequency(w.Hash)) + 0.5) / (float64(then) + 0.5))
		if share := grown / rarity(e.words, then); share > math.Float64frombits(e.lost.Load()) {
			e.lost.Store(math.Float64bits(share))
		}
	}
}

// kept returns the share of its rarity that every word has kept at least. The
// rarity is ln((documents+1)/(count+½)), so that more or fewer documents move
// all words by the same amount.
func (e *epoch) kept(now *words) float64 {
	kept := 1 - math.Float64frombits(e.lost.Load())
	if fewer := math.Log(float64(e.words.documents+1) / float64(now.documents+1)); fewer > 0 {
		kept -= fewer / e.least
	}
	return kept * (1 - 1e-6)
}

// outdated reports whether lengths computed anew would bound much better.
func (e *epoch) outdated(now *words) bool {
	return e.kept(now) < 0.9 || now.documents > 2*e.words.documents
}
