package index

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// Fast is the index that the matcher works with: for each category packed
// spatial trees whose nodes bound what their rows could score, searched best
// first. It answers as Scan does, to the last bit.
//
// Searches take no lock. A change marks the old row dead and appends the new
// one to a short tail, both with the version they belong to; Run packs what has
// gathered, a category at a time, and swaps it in.
type Fast struct {
	symbols *symbols
	now     atomic.Pointer[version]
	offers  side
	needs   side

	mu      sync.Mutex // of changes
	epochs  []*epoch   // the newest first; another only while blocks of it remain
	merging sync.Mutex // one merge at a time
	wake    chan struct{}
}

// version is the index between two changes.
type version struct {
	version       uint64
	words         *words
	offers, needs int
}

// side is the shards of offers or of needs.
type side struct {
	shards atomic.Pointer[map[string]*shard]
}

var _ Index = (*Fast)(nil)

// NewFast returns an empty index.
func NewFast() *Fast {
	x := &Fast{symbols: newSymbols(), wake: make(chan struct{}, 1)}
	x.now.Store(&version{words: &words{}})
	x.epochs = []*epoch{newEpoch(&words{})}
	x.offers.shards.Store(&map[string]*shard{})
	x.needs.shards.Store(&map[string]*shard{})
	return x
}

// shard returns the shard of a category, new where there is none. Only whoever
// writes may call it.
func (s *side) shard(category string, floor uint64) *shard {
	shards := *s.shards.Load()
	if found, ok := shards[category]; ok {
		return found
	}
	made := newShard(category, floor)
	s.with(made)
	return made
}

func (s *side) with(made *shard) {
	shards := maps.Clone(*s.shards.Load())
	shards[made.category] = made
	s.shards.Store(&shards)
}

// locate finds the living row of an id, in the likely shard first.
func (s *side) locate(likely *shard, k key, id string) (place, bool) {
	if likely != nil {
		if p, held := likely.locate(k, id); held {
			return p, true
		}
	}
	for _, other := range *s.shards.Load() {
		if other != likely {
			if p, held := other.locate(k, id); held {
				return p, true
			}
		}
	}
	return place{}, false
}

// Put implements Index.
func (x *Fast) Put(o rank.Offer) {
	k, _ := keyOf(string(o.ID))
	m, h, skills := x.symbols.offerRow(&o)
	x.mu.Lock()
	defer x.mu.Unlock()
	next := *x.now.Load()
	next.version++
	s := x.offers.shard(o.Category, next.version)
	x.seal(s) // before the change: it packs what lives now
	if old, held := x.offers.locate(s, k, string(o.ID)); held {
		x.bury(&next, old)
	}
	s.put(fresh{key: k, traits: m, hot: h, skills: skills, offer: &o}, next.version)
	next.words = next.words.add(o.Words, 1)
	for _, e := range x.epochs {
		e.note(o.Words, next.words)
	}
	next.offers++
	x.now.Store(&next)
}

// Remove implements Index.
func (x *Fast) Remove(id contract.OfferLineID) {
	k, _ := keyOf(string(id))
	x.mu.Lock()
	defer x.mu.Unlock()
	if old, held := x.offers.locate(nil, k, string(id)); held {
		next := *x.now.Load()
		next.version++
		x.bury(&next, old)
		x.now.Store(&next)
	}
}

// bury removes the row of an offer line in the next version.
func (x *Fast) bury(next *version, p place) {
	next.words = next.words.add(p.text(), -1)
	next.offers--
	p.die(next.version)
}

// text returns the words of an offer line.
func (p place) text() []contract.WordHash {
	if p.block == nil {
		return p.tail.offers[p.row].Words
	}
	if e := p.block.offers.extraOf(p.row); e != nil {
		return e.words
	}
	return nil
}

// PutNeed implements Index.
func (x *Fast) PutNeed(n rank.Need) {
	k, _ := keyOf(string(n.ID))
	m, h := x.symbols.needRow(&n)
	x.mu.Lock()
	defer x.mu.Unlock()
	next := *x.now.Load()
	next.version++
	s := x.needs.shard(n.Category, next.version)
	x.seal(s)
	if old, held := x.needs.locate(s, k, string(n.ID)); held {
		old.die(next.version)
		next.needs--
	}
	s.put(fresh{key: k, traits: m, hot: h, need: &n}, next.version)
	next.needs++
	x.now.Store(&next)
}

// RemoveNeed implements Index.
func (x *Fast) RemoveNeed(id contract.NeedLineID) {
	k, _ := keyOf(string(id))
	x.mu.Lock()
	defer x.mu.Unlock()
	if old, held := x.needs.locate(nil, k, string(id)); held {
		next := *x.now.Load()
		next.version++
		old.die(next.version)
		next.needs--
		x.now.Store(&next)
	}
}

// seal packs a full tail, and wakes Run where it is worth it.
func (x *Fast) seal(s *shard) {
	if s.seal(x.symbols, x.epochs[0], x.now.Load().version, tailRows) && len(s.state.Load().overdue()) > 0 {
		select {
		case x.wake <- struct{}{}:
		default: // it has been woken
		}
	}
}

// Pack packs all tails, however short: to measure or to test what is packed.
func (x *Fast) Pack() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range []*side{&x.offers, &x.needs} {
		for _, one := range *s.shards.Load() {
			one.seal(x.symbols, x.epochs[0], x.now.Load().version, 1)
		}
	}
}

// Run merges what changes leave behind until ctx ends. Without it answers stay
// right and become slow. One process runs it once.
func (x *Fast) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-x.wake:
			x.Compact()
		}
	}
}

// Compact merges until nothing is worth merging.
func (x *Fast) Compact() {
	x.merging.Lock()
	defer x.merging.Unlock()
	for _, s := range []*side{&x.offers, &x.needs} {
		for _, shard := range *s.shards.Load() {
			for x.merge(shard) {
			}
		}
	}
	x.renew()
}

// renew bounds all texts anew when words have become more common than bounds
// can bear.
func (x *Fast) renew() {
	x.mu.Lock()
	now := x.now.Load().words
	due := x.epochs[0].outdated(now)
	e := newEpoch(now)
	if due {
		x.epochs = []*epoch{e, x.epochs[0]}
	}
	x.mu.Unlock()
	if !due {
		return
	}
	for _, s := range every(&x.offers) {
		x.renewShard(s, e)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.epochs = x.epochs[:1]
}

// renewShard replaces the blocks of an older epoch. Only merging replaces
// blocks too, and does not run meanwhile.
func (x *Fast) renewShard(s *shard, e *epoch) {
	renewed := map[*block]*block{}
	for _, b := range s.state.Load().blocks {
		if b.epoch != e {
			renewed[b] = b.at(e)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	st := *s.state.Load()
	st.blocks = slices.Clone(st.blocks)
	for i, b := range st.blocks {
		if r, ok := renewed[b]; ok {
			st.blocks[i] = r
		}
	}
	s.state.Store(&st)
}
