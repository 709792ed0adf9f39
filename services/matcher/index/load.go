package index

import (
	"slices"
	"strings"
	"sync"

	"heli/services/matcher/rank"
)

// parallel is how many parts of a load are packed at once.
const parallel = 2

// Load fills an empty index, whose ids all differ, on more than one processor;
// it is what Put does for each offer line, sooner. The offers are not kept
// where they can be packed.
//
// The lines are packed in the order in which they come, since they lie in
// memory like that, and then sorted as packed rows.
func (x *Fast) Load(offers []rank.Offer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	next := *x.now.Load()
	next.version++
	next.offers = len(offers)
	next.words = countWords(offers)
	e := newEpoch(next.words)
	x.epochs = []*epoch{e}
	parts := make([]*block, parallel)
	inParallel(len(parts), func(i int) {
		parts[i] = x.raw(offers[len(offers)*i/parallel : len(offers)*(i+1)/parallel])
	})
	rows := x.byCategory(offers, parts)
	categories := largestFirst(rows)
	shards := make([]*shard, len(categories))
	inParallel(len(categories), func(i int) {
		b, _ := newBlock(x.symbols, e, rows[categories[i]])
		shards[i] = newShard(categories[i], next.version, b)
	})
	for _, s := range shards {
		x.offers.with(s)
	}
	x.now.Store(&next)
}

// inParallel calls do with 0 to n-1, in that order and parallel at a time.
func inParallel(n int, do func(int)) {
	var all sync.WaitGroup
	turns := make(chan struct{}, parallel)
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			do(i)
			<-turns
		})
	}
	all.Wait()
}

// raw packs offer lines as they come, without trees: something to copy from.
func (x *Fast) raw(offers []rank.Offer) *block {
	b := &block{
		keys: make([]key, len(offers)), marks: make([]marks, len(offers)), hot: make([]hot, len(offers)),
		offers: &packed{cold: make([]cold, 0, len(offers))},
	}
	for i := range offers {
		o := &offers[i]
		skills := uint32(0)
		b.keys[i], _ = keyOf(string(o.ID))
		b.marks[i], b.hot[i], skills = x.symbols.offerRow(o)
		b.offers.add(x.symbols, o, skills)
	}
	return b
}

// byCategory sorts the rows of the parts into the shards to be.
func (x *Fast) byCategory(offers []rank.Offer, parts []*block) map[string][]loose {
	counts := map[string]int{}
	for i := range offers {
		counts[offers[i].Category]++
	}
	rows := map[string][]loose{}
	for c, n := range counts {
		rows[c] = make([]loose, 0, n)
	}
	at := 0
	for _, part := range parts {
		for row := range part.keys {
			c := offers[at].Category
			rows[c] = append(rows[c], loose{from: part, row: row})
			at++
		}
	}
	return rows
}

// largestFirst orders categories by their rows, since the largest decides how
// long all take.
func largestFirst(rows map[string][]loose) []string {
	categories := make([]string, 0, len(rows))
	for c := range rows {
		categories = append(categories, c)
	}
	slices.SortFunc(categories, func(a, b string) int {
		if d := len(rows[b]) - len(rows[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return categories
}

func countWords(offers []rank.Offer) *words {
	counts := map[uint64]int{}
	for i := range offers {
		for _, w := range offers[i].Words {
			counts[w.Hash]++
		}
	}
	all := &words{documents: len(offers)}
	for hash, n := range counts {
		all.root = all.root.add(hash, 0, n)
	}
	return all
}
