// Package evaluate measures the text factor alone against a gold standard:
// how well the words of a need find the offers that people judged to fit. It is
// pure; the command that uses it reads the files.
package evaluate

import (
	"cmp"
	"hash/fnv"
	"slices"

	"heli/pkg/contract"
	"heli/pkg/word"
	"heli/services/matcher/rank"
)

// Document is a need or an offer as text.
type Document struct {
	ID, Text string
}

// Pair is a need and an offer that fit by the gold standard.
type Pair struct {
	NeedID, OfferID string
}

// Result holds the figures, each between 0 and 1, as means over the needs that
// have a fitting offer in the gold standard.
type Result struct {
	// AUC is the chance that a fitting offer scores higher than one that does
	// not fit, ties counting half (the Mann-Whitney statistic).
	AUC float64 `json:"auc"`
	// R_k is the share of a need's fitting offers among its k best.
	R5   float64 `json:"r_at_5"`
	R20  float64 `json:"r_at_20"`
	R100 float64 `json:"r_at_100"`
	// Needs counts the needs measured.
	Needs int `json:"needs"`
}

// Evaluate ranks all offers for every need by the text factor, equal scores by
// id, and returns the figures. Pairs with an unknown id are left out.
func Evaluate(needs, offers []Document, gold []Pair) Result {
	rarity, hashed := hashAll(offers)
	return Measure(needs, offers, gold, func(need Document) []float64 {
		query := rank.NewTextQuery(hashes(need.Text), rarity)
		scores := make([]float64, len(hashed))
		for i, words := range hashed {
			scores[i] = query.Score(words)
		}
		return scores
	})
}

// Measure returns the figures of any ranking: score gives a need's score of
// every offer, in the order of the offers.
func Measure(needs, offers []Document, gold []Pair, score func(Document) []float64) Result {
	fitting := fittingOffers(offers, gold)
	var sum Result
	for _, n := range needs {
		fits := fitting[n.ID]
		if len(fits) == 0 {
			continue
		}
		ranked := order(offers, score(n))
		sum.Needs++
		sum.AUC += auc(ranked, fits)
		sum.R5 += recall(ranked, fits, 5)
		sum.R20 += recall(ranked, fits, 20)
		sum.R100 += recall(ranked, fits, 100)
	}
	if sum.Needs > 0 {
		n := float64(sum.Needs)
		sum.AUC, sum.R5, sum.R20, sum.R100 = sum.AUC/n, sum.R5/n, sum.R20/n, sum.R100/n
	}
	return sum
}

func fittingOffers(offers []Document, gold []Pair) map[string]map[string]bool {
	known := map[string]bool{}
	for _, o := range offers {
		known[o.ID] = true
	}
	fitting := map[string]map[string]bool{}
	for _, p := range gold {
		if !known[p.OfferID] {
			continue
		}
		if fitting[p.NeedID] == nil {
			fitting[p.NeedID] = map[string]bool{}
		}
		fitting[p.NeedID][p.OfferID] = true
	}
	return fitting
}

type scored struct {
	id    string
	score float64
}

func order(offers []Document, scores []float64) []scored {
	ranked := make([]scored, len(offers))
	for i, o := range offers {
		ranked[i] = scored{o.ID, scores[i]}
	}
	slices.SortFunc(ranked, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	return ranked
}

func recall(ranked []scored, fits map[string]bool, k int) float64 {
	hits := 0
	for _, s := range ranked[:min(k, len(ranked))] {
		if fits[s.id] {
			hits++
		}
	}
	return float64(hits) / float64(len(fits))
}

// auc walks the ranking once, group by group of equal scores. Where every offer
// fits there is nothing to tell apart, and the answer is 1.
func auc(ranked []scored, fits map[string]bool) float64 {
	others := len(ranked) - len(fits)
	if others == 0 {
		return 1
	}
	won, ahead := 0.0, 0 // ahead: other offers that scored higher
	for i := 0; i < len(ranked); {
		good, bad := 0, 0
		score := ranked[i].score
		for ; i < len(ranked) && ranked[i].score == score; i++ {
			if fits[ranked[i].id] {
				good++
			} else {
				bad++
			}
		}
		won += float64(good) * (float64(others-ahead-bad) + float64(bad)/2)
		ahead += bad
	}
	return won / (float64(others) * float64(len(fits)))
}

// documents counts words over the offers.
type documents struct {
	total  int
	counts map[uint64]int
}

// Documents implements rank.Rarity.
func (d documents) Documents() int { return d.total }

// Frequency implements rank.Rarity.
func (d documents) Frequency(hash uint64) int { return d.counts[hash] }

func hashAll(offers []Document) (documents, [][]contract.WordHash) {
	d := documents{total: len(offers), counts: map[uint64]int{}}
	hashed := make([][]contract.WordHash, len(offers))
	for i, o := range offers {
		hashed[i] = hashes(o.Text)
		for _, w := range hashed[i] {
			d.counts[w.Hash]++
		}
	}
	return d, hashed
}

// hashes stands in for the keyed hashes of a running Heli: which key hashes the
// words makes no difference to what they find.
func hashes(text string) []contract.WordHash {
	terms := word.Terms(text)
	words := make([]contract.WordHash, len(terms))
	for i, t := range terms {
		h := fnv.New64a()
		_, _ = h.Write([]byte(t.Text)) // a hash never fails to write
		words[i] = contract.WordHash{Hash: h.Sum64(), Weight: t.Weight}
	}
	return words
}
