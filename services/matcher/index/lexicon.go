package index

import (
	"math"
	"slices"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// lexicon tells leaf by leaf which rows have a word and how much it weighs in
// their texts: an inverted file with impacts, rounded up (Anh and Moffat, "Pruned
// Query Evaluation Using Pre-Computed Impacts", 2006).
type lexicon struct {
	first    []uint32  // of each leaf its first posting, and where the last one's end
	most     []float32 // of each leaf the greatest impact
	postings []posting // of each leaf in order
}

// posting is a part of a word's hash, a row of the leaf, and the word's weight
// over the length of the row's text, in parts of the leaf's greatest.
type posting uint32

const (
	impactBits = 10
	rowBits    = 6
	wordParts  = 1 << (32 - impactBits - rowBits)
	mostImpact = 1<<impactBits - 1
)

// partOf scatters hashes evenly over the parts, whatever they are.
func partOf(hash uint64) uint32 { return uint32(hash * 0x9e3779b97f4a7c15 >> 48) }

func newPosting(hash uint64, row int, share float64) posting {
	return posting(partOf(hash)<<(impactBits+rowBits) | uint32(row)<<impactBits | uint32(math.Ceil(share*mostImpact)))
}

func (p posting) part() uint32    { return uint32(p) >> (impactBits + rowBits) }
func (p posting) row() int        { return int(p>>impactBits) % leafRows }
func (p posting) impact() float64 { return float64(p & mostImpact) }

// lexicon returns the postings of the block's rows by the lengths of an epoch;
// nil when no row has words.
func (b *block) lexicon(e *epoch) *lexicon {
	if b.offers == nil || b.offers.extra == nil {
		return nil
	}
	l := &lexicon{}
	weigh := rank.WordWeights(e.words)
	for s := range b.trees {
		t := &b.trees[s]
		for i := range leaves(t.count) {
			begin, n := t.rows(i)
			l.add(b.offers.extra[begin:begin+n], weigh)
		}
	}
	l.first = append(l.first, uint32(len(l.postings)))
	if len(l.postings) == 0 {
		return nil
	}
	l.postings = slices.Clip(l.postings)
	return l
}

// add appends a leaf.
func (l *lexicon) add(rows []*extra, weigh func(uint64, float32) float64) {
	var lengths [leafRows]float64
	most := 0.0
	for row, x := range rows {
		if x == nil {
			continue
		}
		lengths[row] = length(x.words, weigh)
		for _, w := range x.words {
			most = max(most, impact(w, lengths[row]))
		}
	}
	begin := len(l.postings)
	l.first, l.most = append(l.first, uint32(begin)), append(l.most, roundUp(most))
	for row, x := range rows {
		if x == nil {
			continue
		}
		for _, w := range x.words {
			if w.Weight != 0 {
				l.postings = append(l.postings, newPosting(w.Hash, row, impact(w, lengths[row])/most))
			}
		}
	}
	slices.Sort(l.postings[begin:])
}

// length returns the Euclidean length of a text.
func length(text []contract.WordHash, weigh func(uint64, float32) float64) float64 {
	sum := 0.0
	for _, w := range text {
		weight := weigh(w.Hash, w.Weight)
		sum += weight * weight
	}
	return math.Sqrt(sum)
}

func impact(w contract.WordHash, length float64) float64 {
	if w.Weight == 0 {
		return 0
	}
	return math.Abs(float64(w.Weight)) / length
}

// likeness bounds the text factor by words alone.
type likeness struct {
	words  []wordProduct
	length float64 // of the need's text
	kept   float64 // see epoch
	sums   [leafRows]float64
}

// wordProduct is what a word of the need brings with a weight of 1 in the
// offer's text.
type wordProduct struct {
	part    uint32
	product float64
}

func (l *likeness) prepare(words []contract.WordHash, weights func(uint64, float32) float64) {
	l.words, l.length = l.words[:0], 0
	for i, w := range words {
		if twice(words[:i], w.Hash) {
			continue
		}
		weight := weights(w.Hash, w.Weight)
		l.words = append(l.words, wordProduct{partOf(w.Hash), math.Abs(weight * weights(w.Hash, 1))})
		l.length += weight * weight
	}
	l.length = math.Sqrt(l.length)
}

func twice(words []contract.WordHash, hash uint64) bool {
	for _, w := range words {
		if w.Hash == hash {
			return true
		}
	}
	return false
}

// leaf sets sums to what the factor cannot pass for the rows of a leaf. The
// cosine of two texts is the sum of the products of the weights of their common
// words by both lengths; the length of the offer's may have shrunk since it was
// computed.
func (l *likeness) leaf(x *lexicon, leaf int) {
	clear(l.sums[:])
	if x == nil || !(l.length > 0) {
		return
	}
	if l.kept <= 0 {
		for row := range l.sums {
			l.sums[row] = rank.MostText
		}
		return
	}
	postings := x.postings[x.first[leaf]:x.first[leaf+1]]
	for i := range l.words {
		w := &l.words[i]
		for _, p := range from(postings, w.part) {
			if p.part() != w.part {
				break
			}
			l.sums[p.row()] += w.product * p.impact()
		}
	}
	scale := float64(x.most[leaf]) / mostImpact / l.length / l.kept * (1 + 1e-6)
	for row := range l.sums {
		l.sums[row] = rank.MostText * min(1, l.sums[row]*scale)
	}
}

// from returns the postings from a part on. Parts are spread evenly, so it looks
// first where the part should be.
func from(postings []posting, part uint32) []posting {
	at := len(postings) * int(part) / wordParts
	for at > 0 && postings[at-1].part() >= part {
		at--
	}
	for at < len(postings) && postings[at].part() < part {
		at++
	}
	return postings[at:]
}
