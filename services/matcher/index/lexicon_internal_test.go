package index

import (
	"testing"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

func drawText(t *rapid.T) []contract.WordHash {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) contract.WordHash {
		return contract.WordHash{Hash: rapid.Uint64Range(1, 30).Draw(t, "word"), Weight: rapid.Float32Range(0, 4).Draw(t, "weight")}
	}), 0, 8).Draw(t, "text")
}

// loaded counts the words of offers as a load does.
func loaded(offers []rank.Offer) *words {
	counts := map[uint64]int{}
	countWords(counts, offers)
	return &words{documents: len(offers), loaded: newCensus(counts)}
}

// TestLexiconBoundsTheText: no row's text is liker than the sum of its leaf says,
// also when texts that came later have made words more common.
func TestLexiconBoundsTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := make([][]contract.WordHash, rapid.IntRange(1, 150).Draw(t, "rows"))
		offers := make([]rank.Offer, len(texts))
		b := &block{offers: &packed{}}
		b.trees[shelfNear].count = len(texts)
		for i := range texts {
			offers[i].Words = drawText(t)
			b.offers.extra = append(b.offers.extra, &extra{words: offers[i].Words})
		}
		now := loaded(offers)
		e := newEpoch(now)
		lexicon := b.lexicon(e)
		for range rapid.IntRange(0, 20).Draw(t, "later") {
			text := drawText(t)
			now = now.add(text, 1)
			e.note(text, now)
		}
		need := drawText(t)
		like := likeness{kept: e.kept(now)}
		like.prepare(need, rank.WordWeights(now))
		query := rank.NewTextQuery(need, now)
		for leaf := range leaves(len(texts)) {
			like.leaf(lexicon, leaf)
			begin, n := b.trees[shelfNear].rows(leaf)
			for row := range n {
				if score := rank.MostText * query.Score(offers[begin+row].Words); score > like.sums[row]+1e-12 {
					t.Fatalf("row %d scores %v above %v", begin+row, score, like.sums[row])
				}
			}
		}
	})
}

// TestWordsAreCounted: what was loaded and what changed since, as a map counts.
func TestWordsAreCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		counts := map[uint64]int{}
		offers := make([]rank.Offer, rapid.IntRange(0, 30).Draw(t, "loaded"))
		for i := range offers {
			offers[i].Words = drawText(t)
		}
		now := loaded(offers)
		add := func(text []contract.WordHash, by int) {
			for _, w := range text {
				counts[w.Hash] += by
			}
		}
		for _, o := range offers {
			add(o.Words, 1)
		}
		for _, o := range offers[:rapid.IntRange(0, len(offers)).Draw(t, "removed")] {
			now = now.add(o.Words, -1)
			add(o.Words, -1)
		}
		for range rapid.IntRange(0, 30).Draw(t, "added") {
			text := drawText(t)
			now = now.add(text, 1)
			add(text, 1)
		}
		most := 0
		for hash := range uint64(40) {
			if got := now.Frequency(hash); got != counts[hash] {
				t.Fatalf("word %d counted %d times, want %d", hash, got, counts[hash])
			}
			most = max(most, counts[hash])
		}
		if got := now.most(); got != most {
			t.Fatalf("the most common word counted %d times, want %d", got, most)
		}
	})
}
