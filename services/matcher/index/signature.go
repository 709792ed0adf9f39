package index

import (
	"math"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// signature is a Bloom filter of a text's words with one bit for each.
type signature struct {
	bits [4]uint64
	odd  bool // a word is there twice: the text is not bounded
}

func signatureOf(words []contract.WordHash) signature {
	var s signature
	for i, w := range words {
		s.bits[w.Hash>>6&3] |= 1 << (w.Hash & 63)
		s.odd = s.odd || twice(words[:i], w.Hash)
	}
	return s
}

// likeness bounds the text factor by words alone. By the inequality of Cauchy
// and Schwarz no text is more like the need's than the part of the need's
// words that it holds is long.
type likeness struct {
	words []wordBit
	total float64
}

type wordBit struct {
	part   uint8
	bit    uint64
	square float64
}

func (l *likeness) prepare(words []contract.WordHash, weights func(uint64, float32) float64) {
	l.words, l.total = l.words[:0], 0
	for i, w := range words {
		if twice(words[:i], w.Hash) {
			continue
		}
		weight := weights(w.Hash, w.Weight)
		l.words = append(l.words, wordBit{uint8(w.Hash >> 6 & 3), 1 << (w.Hash & 63), weight * weight})
		l.total += weight * weight
	}
}

func twice(words []contract.WordHash, hash uint64) bool {
	for _, w := range words {
		if w.Hash == hash {
			return true
		}
	}
	return false
}

// ceiling returns what the factor cannot pass.
func (l *likeness) ceiling(s *signature) float64 {
	if s.odd {
		return rank.MostText
	}
	sum := 0.0
	for i := range l.words {
		if w := &l.words[i]; s.bits[w.part]&w.bit != 0 {
			sum += w.square
		}
	}
	if sum == 0 {
		return 0
	}
	return rank.MostText * math.Min(1, math.Sqrt(sum/l.total)*(1+1e-9))
}
