package index

import (
	"heli/services/matcher/rank"
)

// Still is the offers of an index at one moment, whatever changes afterwards.
// It costs nothing to keep but the memory of what it sees. It is safe for
// concurrent use.
type Still struct {
	symbols *symbols
	side    *side
	view    view
	states  map[*shard]*state
}

// Still returns the offers as they are now.
func (x *Fast) Still() *Still {
	shards := every(&x.offers)
	t := &Still{symbols: x.symbols, side: &x.offers, states: map[*shard]*state{}}
	x.see(&t.view, shards)
	for i, s := range shards {
		t.states[s] = t.view.states[i]
	}
	return t
}

// Top returns what Index.Top returned at that moment.
func (t *Still) Top(need rank.Need, at rank.Moment, k int) []Candidate {
	s := searches.Get().(*search) //nolint:errcheck // the pool holds nothing else
	defer s.release()
	s.shards = covering(s.shards[:0], t.side, need.Category, at)
	s.view.version, s.view.reading = t.view.version, t.view.reading
	for _, one := range s.shards {
		if st, held := t.states[one]; held {
			s.view.states = append(s.view.states, st)
		}
	}
	return s.best(t.symbols, &need, at, k, false)
}

// Scan returns the same for each of several needs by comparing them with every
// offer line, so that Top can be checked while the index changes.
func (t *Still) Scan(needs []rank.Need, at rank.Moment, k int) [][]Candidate {
	at.Rarity = t.view.version.words
	all := newTogether(needs, at, k)
	var buffer unpacked
	for a := range t.view.rows() {
		o := t.view.offer(a, &buffer)
		if at.Refused != nil && o == &buffer.offer {
			o.OfferID = a.block.offers.offerID(int(a.row))
		}
		all.offer(o, func() *rank.Offer { return t.view.whole(a) })
	}
	return all.candidates()
}
