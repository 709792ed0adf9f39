package index

import (
	"iter"
	"sync"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// Scan is the plain index: it compares everything with everything. It is the
// oracle that any faster index is checked against.
type Scan struct {
	mu     sync.RWMutex
	offers []rank.Offer // one after another, as a scan reads them
	places map[contract.OfferLineID]int
	needs  map[contract.NeedLineID]*rank.Need
	words  frequency
}

var _ Index = (*Scan)(nil)

// NewScan returns an empty index.
func NewScan() *Scan {
	return &Scan{
		places: map[contract.OfferLineID]int{},
		needs:  map[contract.NeedLineID]*rank.Need{},
		words:  frequency{counts: map[uint64]int{}},
	}
}

// frequency counts in how many offers a word occurs.
type frequency struct {
	documents int
	counts    map[uint64]int
}

// Documents implements rank.Rarity.
func (f *frequency) Documents() int { return f.documents }

// Frequency implements rank.Rarity.
func (f *frequency) Frequency(hash uint64) int { return f.counts[hash] }

func (f *frequency) add(words []contract.WordHash) {
	f.documents++
	for _, w := range words {
		f.counts[w.Hash]++
	}
}

func (f *frequency) remove(words []contract.WordHash) {
	f.documents--
	for _, w := range words {
		if f.counts[w.Hash]--; f.counts[w.Hash] == 0 {
			delete(f.counts, w.Hash)
		}
	}
}

// Put implements Index.
func (s *Scan) Put(o rank.Offer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(o.ID)
	s.places[o.ID] = len(s.offers)
	s.offers = append(s.offers, o)
	s.words.add(o.Words)
}

// Remove implements Index.
func (s *Scan) Remove(id contract.OfferLineID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
}

func (s *Scan) remove(id contract.OfferLineID) {
	at, held := s.places[id]
	if !held {
		return
	}
	s.words.remove(s.offers[at].Words)
	last := len(s.offers) - 1
	s.offers[at] = s.offers[last] // the last one fills the gap
	s.places[s.offers[at].ID] = at
	s.offers[last] = rank.Offer{}
	s.offers = s.offers[:last]
	delete(s.places, id)
}

// PutNeed implements Index.
func (s *Scan) PutNeed(n rank.Need) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.needs[n.ID] = &n
}

// RemoveNeed implements Index.
func (s *Scan) RemoveNeed(id contract.NeedLineID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.needs, id)
}

// Offer implements Index.
func (s *Scan) Offer(id contract.OfferLineID) (rank.Offer, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if at, held := s.places[id]; held {
		return s.offers[at], true
	}
	return rank.Offer{}, false
}

// Need implements Index.
func (s *Scan) Need(id contract.NeedLineID) (rank.Need, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n, held := s.needs[id]; held {
		return *n, true
	}
	return rank.Need{}, false
}

// Best implements Index.
func (s *Scan) Best(need rank.Need, at rank.Moment, k int) []Candidate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at.Rarity = &s.words
	q := rank.Ask(&need, at)
	return explain(top(s.fitting(q, &need), k), at)
}

// Top implements Index.
func (s *Scan) Top(need rank.Need, at rank.Moment, k int) []Candidate {
	candidates := s.Best(need, at, k)
	for i := range candidates {
		candidates[i].Factors = nil
	}
	return candidates
}

// Tops returns what Top does for each of several needs, in one pass over the
// offers.
func (s *Scan) Tops(needs []rank.Need, at rank.Moment, k int) [][]Candidate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at.Rarity = &s.words
	all := newTogether(needs, at, k)
	for i := range s.offers {
		o := &s.offers[i]
		all.offer(o, func() *rank.Offer { return o })
	}
	return all.candidates()
}

// fitting yields the offers that fit a need.
func (s *Scan) fitting(q *rank.Question, need *rank.Need) iter.Seq[found] {
	return func(yield func(found) bool) {
		for i := range s.offers {
			o := &s.offers[i]
			if score, fits := q.Fit(o); fits && !yield(found{string(o.ID), score, need, o}) {
				return
			}
		}
	}
}

// Waiting implements Index.
func (s *Scan) Waiting(offer rank.Offer, at rank.Moment, k int) []Candidate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at.Rarity = &s.words
	return explain(top(s.served(&offer, at), k), at)
}

// served yields the needs that fit an offer.
func (s *Scan) served(offer *rank.Offer, at rank.Moment) iter.Seq[found] {
	return func(yield func(found) bool) {
		for id, n := range s.needs {
			if score, fits := rank.Ask(n, at).Fit(offer); fits && !yield(found{string(id), score, n, offer}) {
				return
			}
		}
	}
}

// Missing implements Index.
func (s *Scan) Missing(need rank.Need, at rank.Moment) []rank.Shortage {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at.Rarity = &s.words
	return rank.Ask(&need, at).Missing(func(yield func(*rank.Offer) bool) {
		for i := range s.offers {
			if !yield(&s.offers[i]) {
				return
			}
		}
	})
}

// Verdict implements Index.
func (s *Scan) Verdict(need rank.Need, offer rank.Offer, at rank.Moment) rank.Verdict {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at.Rarity = &s.words
	return rank.Ask(&need, at).Judge(&offer)
}

// Len implements Index.
func (s *Scan) Len() (offers, needs int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.offers), len(s.needs)
}
