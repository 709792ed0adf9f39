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

// likeness bounds the text factor by words alone.
type likeness struct {
	words []wordBit
	sign  signature
	total float64
	kept  float64 // see epoch
}

type wordBit struct {
	hash            uint64
	part            uint8
	bit             uint64
	square, product float64 // of the weight with itself, and with the rarity
}

func (l *likeness) prepare(words []contract.WordHash, weights func(uint64, float32) float64) {
	l.words, l.sign, l.total = l.words[:0], signatureOf(words), 0
	for i, w := range words {
		if twice(words[:i], w.Hash) {
			continue
		}
		weight := weights(w.Hash, w.Weight)
		l.words = append(l.words, wordBit{w.Hash, uint8(w.Hash >> 6 & 3), 1 << (w.Hash & 63), weight * weight, weight * weights(w.Hash, 1)})
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

// ceiling returns what the factor cannot pass. The cosine of two texts is the sum
// of the products of the weights of their common words by both lengths. By the
// inequality of Cauchy and Schwarz it is not above the length of the need's
// common words by that of all; and no product is above the one with the
// heaviest word of the text.
func (l *likeness) ceiling(p *prose) float64 {
	if p.sign.odd {
		return rank.MostText
	}
	squares, products := 0.0, 0.0
	for i := range l.words {
		if w := &l.words[i]; p.sign.bits[w.part]&w.bit != 0 {
			squares += w.square
			products += math.Abs(w.product)
		}
	}
	if squares == 0 {
		return 0
	}
	cosine := math.Sqrt(squares / l.total)
	if l.kept > 0 && p.length > 0 {
		cosine = math.Min(cosine, products*float64(p.most)/(math.Sqrt(l.total)*float64(p.length)*l.kept))
	}
	return rank.MostText * math.Min(1, cosine*(1+1e-6))
}

// close is ceiling with the words of the text at hand: what is left is that the
// length may have changed since it was computed.
func (l *likeness) close(p *prose, words []contract.WordHash) float64 {
	if p.sign.odd || l.kept <= 0 || p.length <= 0 {
		return l.ceiling(p)
	}
	dot := 0.0
	for i := range words {
		if h := words[i].Hash; l.sign.bits[h>>6&3]&(1<<(h&63)) != 0 {
			dot += l.product(h) * float64(words[i].Weight)
		}
	}
	if !(dot > 0) {
		return 0
	}
	return rank.MostText * math.Min(1, dot/(math.Sqrt(l.total)*float64(p.length)*l.kept)*(1+1e-6))
}

// product returns what a word of the need brings with a weight of 1.
func (l *likeness) product(hash uint64) float64 {
	for i := range l.words {
		if l.words[i].hash == hash {
			return l.words[i].product
		}
	}
	return 0
}
