package rank

import (
	"math"

	"heli/pkg/contract"
)

// Rarity tells how common words are among the offers at hand. The index keeps
// the counts.
type Rarity interface {
	// Documents returns the number of offers counted.
	Documents() int
	// Frequency returns in how many of them the word occurs.
	Frequency(hash uint64) int
}

// TextQuery is one text prepared to be compared with many, word by word, as
// keyed hashes. It never changes and is safe for concurrent use while its
// Rarity is.
type TextQuery struct {
	rarity  Rarity
	weights map[uint64]float64 // word → weight × rarity
	length  float64            // Euclidean length of weights
}

// NewTextQuery prepares the words of a need. Their order matters only to the
// last bit; of a word given twice the first counts. A nil rarity makes all
// words equally rare.
func NewTextQuery(words []contract.WordHash, rarity Rarity) TextQuery {
	t := TextQuery{rarity: rarity, weights: make(map[uint64]float64, len(words))}
	for _, w := range words {
		if _, twice := t.weights[w.Hash]; twice {
			continue
		}
		weight := float64(w.Weight) * t.idf(w.Hash)
		t.weights[w.Hash] = weight
		t.length += weight * weight
	}
	t.length = math.Sqrt(t.length)
	return t
}

// idf is the inverse document frequency in the form of BM25 (Robertson and
// Zaragoza, "The Probabilistic Relevance Framework", 2009), kept above 0.
func (t TextQuery) idf(hash uint64) float64 {
	if t.rarity == nil {
		return 1
	}
	n, df := float64(t.rarity.Documents()), float64(t.rarity.Frequency(hash))
	return math.Log(1 + (n-df+0.5)/(df+0.5))
}

// WordWeights returns the function that weighs a need's word by how rare it is.
func WordWeights(rarity Rarity) func(hash uint64, weight float32) float64 {
	t := TextQuery{rarity: rarity}
	return func(hash uint64, weight float32) float64 { return float64(weight) * t.idf(hash) }
}

// Score returns how alike the two texts are: 0 without a common word, 1 for
// equal ones.
func (t TextQuery) Score(words []contract.WordHash) float64 {
	var dot, length float64
	for _, w := range words {
		weight := float64(w.Weight) * t.idf(w.Hash)
		length += weight * weight
		dot += weight * t.weights[w.Hash]
	}
	if dot == 0 {
		return 0
	}
	return math.Min(1, dot/(t.length*math.Sqrt(length)))
}
