package index

import (
	"slices"
	"strings"
	"sync"

	"heli/services/matcher/rank"
)

// parallel is how many categories are packed at once.
const parallel = 2

// Load fills an empty index, whose ids all differ, on more than one processor;
// it is what Put does for each offer line, sooner. The offers are not kept
// where they can be packed.
func (x *Fast) Load(offers []rank.Offer) {
	byCategory := map[string][]uint32{}
	for i := range offers {
		byCategory[offers[i].Category] = append(byCategory[offers[i].Category], uint32(i))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	next := *x.now.Load()
	next.version++
	next.offers = len(offers)
	next.words = countWords(offers)
	for category, b := range x.pack(offers, byCategory) {
		x.offers.with(newShard(category, next.version, b))
	}
	x.now.Store(&next)
}

// pack makes a block of each category, the largest first, since it decides how
// long all take.
func (x *Fast) pack(offers []rank.Offer, byCategory map[string][]uint32) map[string]*block {
	categories := make([]string, 0, len(byCategory))
	for c := range byCategory {
		categories = append(categories, c)
	}
	slices.SortFunc(categories, func(a, b string) int {
		if d := len(byCategory[b]) - len(byCategory[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var all sync.WaitGroup
	var mu sync.Mutex
	blocks := map[string]*block{}
	turns := make(chan struct{}, parallel)
	for _, c := range categories {
		turns <- struct{}{}
		all.Go(func() {
			b := x.packCategory(offers, byCategory[c])
			mu.Lock()
			blocks[c] = b
			mu.Unlock()
			<-turns
		})
	}
	all.Wait()
	return blocks
}

func (x *Fast) packCategory(offers []rank.Offer, which []uint32) *block {
	rows := make([]loose, len(which))
	for i, at := range which {
		o := &offers[at]
		k, _ := keyOf(string(o.ID))
		m, h, skills := x.symbols.offerRow(o)
		rows[i] = loose{key: k, marks: m, hot: h, skills: skills, offer: o}
	}
	b, _ := newBlock(x.symbols, rows)
	return b
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
