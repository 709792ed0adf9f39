package index

import (
	"iter"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// Best implements Index.
func (x *Fast) Best(need rank.Need, at rank.Moment, k int) []Candidate {
	return x.best(&need, at, k, true)
}

// Top implements Index.
func (x *Fast) Top(need rank.Need, at rank.Moment, k int) []Candidate {
	return x.best(&need, at, k, false)
}

func (x *Fast) best(need *rank.Need, at rank.Moment, k int, explained bool) []Candidate {
	s := searches.Get().(*search) //nolint:errcheck // the pool holds nothing else
	defer s.release()
	s.shards = covering(s.shards[:0], &x.offers, need.Category, at)
	x.see(&s.view, s.shards)
	return s.best(x.symbols, need, at, k, explained)
}

// best searches the view for the offers of a need.
func (s *search) best(y *symbols, need *rank.Need, at rank.Moment, k int, explained bool) []Candidate {
	s.recall.begin(s.view.version.words)
	at.Rarity = &s.recall
	q := rank.Ask(need, at)
	s.probe.askFor(y, need, q, at)
	if s.probe.byWords {
		s.probe.like.prepare(need.Words, rank.WordWeights(at.Rarity))
	}
	s.judge = func(a spot) (float64, int64, bool) {
		o := s.view.offer(a, &s.buffer)
		if at.Refused != nil && o == &s.buffer.offer {
			o.OfferID = a.block.offers.offerID(int(a.row))
		}
		return fit(q, o)
	}
	hits := s.run(k)
	candidates := make([]Candidate, len(hits))
	for i, h := range hits {
		c, at := &candidates[i], s.view.spot(&h)
		*c = Candidate{Need: need.ID, Request: need.RequestID, Quantity: h.quantity, Score: h.score}
		c.Line, c.Offer = s.view.names(at)
		if explained {
			c.Factors = q.Factors(s.view.whole(at))
		}
	}
	return candidates
}

func fit(q *rank.Question, o *rank.Offer) (score float64, quantity int64, fits bool) {
	if score, fits = q.Fit(o); fits {
		quantity = q.Quantity(o)
	}
	return score, quantity, fits
}

// Waiting implements Index.
func (x *Fast) Waiting(offer rank.Offer, at rank.Moment, k int) []Candidate {
	s := searches.Get().(*search) //nolint:errcheck // the pool holds nothing else
	defer s.release()
	s.shards = covered(s.shards[:0], &x.needs, offer.Category, at)
	x.see(&s.view, s.shards)
	at.Rarity = s.view.version.words
	s.probe.askBy(x.symbols, &offer, rank.Ask(&rank.Need{}, at), at)
	s.judge = func(a spot) (float64, int64, bool) { return fit(rank.Ask(a.need(), at), &offer) }
	hits := s.run(k)
	candidates := make([]Candidate, len(hits))
	for i, h := range hits {
		n := s.view.spot(&h).need()
		candidates[i] = Candidate{
			Need: n.ID, Request: n.RequestID, Line: offer.ID, Offer: offer.OfferID, Quantity: h.quantity, Score: h.score,
			Factors: rank.Ask(n, at).Factors(&offer),
		}
	}
	return candidates
}

// release gives the search back for another one, without what it held.
func (s *search) release() {
	clear(s.shards)
	clear(s.view.states)
	s.epoch, s.recall.words, s.asked.of = nil, nil, nil
	s.view, s.judge = view{states: s.view.states[:0]}, nil
	s.buffer = unpacked{}
	searches.Put(s)
}

// Verdict implements Index.
func (x *Fast) Verdict(need rank.Need, offer rank.Offer, at rank.Moment) rank.Verdict {
	at.Rarity = x.now.Load().words
	return rank.Ask(&need, at).Judge(&offer)
}

// Offer implements Index.
func (x *Fast) Offer(id contract.OfferLineID) (rank.Offer, bool) {
	v := view{}
	if a, held := x.find(&v, &x.offers, string(id)); held {
		return *v.whole(a), true
	}
	return rank.Offer{}, false
}

// Need implements Index.
func (x *Fast) Need(id contract.NeedLineID) (rank.Need, bool) {
	if a, held := x.find(&view{}, &x.needs, string(id)); held {
		return *a.need(), true
	}
	return rank.Need{}, false
}

// Offers yields every offer line that is held, as all were at one moment.
func (x *Fast) Offers() iter.Seq[rank.Offer] {
	return func(yield func(rank.Offer) bool) {
		v := view{}
		x.see(&v, every(&x.offers))
		for a := range v.rows() {
			if !yield(*v.whole(a)) {
				return
			}
		}
	}
}

// find looks for an id in all shards.
func (x *Fast) find(v *view, s *side, id string) (spot, bool) {
	x.see(v, every(s))
	k, _ := keyOf(id)
	for _, st := range v.states {
		for row := range st.rows {
			if st.tail.keys[row] == k && st.tail.alive(row, v.version.version) && st.tail.id(row) == id {
				return spot{st, nil, int32(row)}, true
			}
		}
		for _, b := range st.blocks {
			if row := b.locate(k, id, v.version.version); row >= 0 {
				return spot{st, b, int32(row)}, true
			}
		}
	}
	return spot{}, false
}

// Len implements Index.
func (x *Fast) Len() (offers, needs int) {
	now := x.now.Load()
	return now.offers, now.needs
}
