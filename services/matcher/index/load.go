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
func (x *Fast) Load(offers []rank.Offer) {
	l := x.Loading()
	inParallel(parallel, func(i int) { l.Add(offers[len(offers)*i/parallel : len(offers)*(i+1)/parallel]) })
	l.End()
}

// Loading is Load batch by batch, for whoever does not have all offers at once.
// Until End the index stays empty, and nothing may be put into it.
type Loading struct {
	index  *Fast
	mu     sync.Mutex
	offers int
	words  map[uint64]int
	rows   map[string][]loose // by category
}

// Loading begins to fill an empty index.
func (x *Fast) Loading() *Loading {
	return &Loading{index: x, words: map[uint64]int{}, rows: map[string][]loose{}}
}

// Add takes a batch. It may be called by several at the same time.
//
// The lines are packed in the order in which they come, since they lie in
// memory like that, and then sorted as packed rows.
func (l *Loading) Add(offers []rank.Offer) {
	rows := byCategory(offers, l.index.raw(offers))
	counts := map[uint64]int{}
	countWords(counts, offers)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offers += len(offers)
	for c, some := range rows {
		l.rows[c] = append(l.rows[c], some...)
	}
	for hash, n := range counts {
		l.words[hash] += n
	}
}

// byCategory sorts the rows of a part into the shards to be.
func byCategory(offers []rank.Offer, part *source) map[string][]loose {
	counts := map[string]int{}
	for i := range offers {
		counts[offers[i].Category]++
	}
	rows := make(map[string][]loose, len(counts))
	for c, n := range counts {
		rows[c] = make([]loose, 0, n)
	}
	for i := range offers {
		c := offers[i].Category
		rows[c] = append(rows[c], loose{from: part, row: i})
	}
	return rows
}

// countWords adds how many of the offers hold each word.
func countWords(counts map[uint64]int, offers []rank.Offer) {
	for i := range offers {
		for _, w := range offers[i].Words {
			counts[w.Hash]++
		}
	}
}

// End makes what was added the index.
func (l *Loading) End() {
	x := l.index
	x.mu.Lock()
	defer x.mu.Unlock()
	next := *x.now.Load()
	next.version++
	next.offers, next.words = l.offers, &words{documents: l.offers, loaded: newCensus(l.words)}
	e := newEpoch(next.words)
	x.epochs = []*epoch{e}
	categories := largestFirst(l.rows)
	shards := make([]*shard, len(categories))
	inParallel(len(categories), func(i int) {
		b, _ := newBlock(x.symbols, e, l.rows[categories[i]])
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
func (x *Fast) raw(offers []rank.Offer) *source {
	b := &source{&block{
		keys: make([]key, len(offers)), hot: make([]hot, len(offers)), offers: &packed{cold: make([]cold, 0, len(offers))},
	}, make([]traits, len(offers))}
	for i := range offers {
		o := &offers[i]
		skills := uint32(0)
		b.keys[i], _ = keyOf(string(o.ID))
		b.traits[i], b.hot[i], skills = x.symbols.offerRow(o)
		b.offers.add(x.symbols, o, skills)
	}
	return b
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
