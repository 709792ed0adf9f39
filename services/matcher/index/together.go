package index

import (
	"heli/services/matcher/rank"
)

// together compares several needs with offers that come one after another, so
// that each offer is read once for all of them. It is what a scan for each need
// does: the first rule, of categories, is asked once for all offers of one.
type together struct {
	at      rank.Moment
	k       int
	needs   []rank.Need
	asked   []*rank.Question
	best    []worstFirst
	serving map[string][]int // which needs offers of a category serve
}

func newTogether(needs []rank.Need, at rank.Moment, k int) *together {
	t := &together{
		at: at, k: k, needs: needs, asked: make([]*rank.Question, len(needs)), best: make([]worstFirst, len(needs)),
		serving: map[string][]int{},
	}
	for i := range needs {
		t.asked[i] = rank.Ask(&needs[i], at)
	}
	return t
}

// served returns the needs that offers of a category serve.
func (t *together) served(category string) []int {
	served, known := t.serving[category]
	if !known {
		for i := range t.needs {
			if t.at.Reference.Covers(category, t.needs[i].Category) {
				served = append(served, i)
			}
		}
		t.serving[category] = served
	}
	return served
}

// offer compares all needs with an offer; whole returns it with its ids, to be
// kept.
func (t *together) offer(o *rank.Offer, whole func() *rank.Offer) {
	for _, i := range t.served(o.Category) {
		score, fits := t.asked[i].Fit(o)
		if !fits || t.k <= 0 || (len(t.best[i]) == t.k && score < t.best[i][0].score) {
			continue
		}
		kept := whole()
		t.best[i].offer(found{string(kept.ID), score, &t.needs[i], kept}, t.k)
	}
}

// candidates returns what was found for each need, without factors, and uses it up.
func (t *together) candidates() [][]Candidate {
	all := make([][]Candidate, len(t.needs))
	for i := range all {
		all[i] = make([]Candidate, 0, len(t.best[i]))
		for _, f := range t.best[i].sorted() {
			all[i] = append(all[i], Candidate{
				Need: f.need.ID, Request: f.need.RequestID, Line: f.offer.ID, Offer: f.offer.OfferID,
				Quantity: t.asked[i].Quantity(f.offer), Score: f.score,
			})
		}
	}
	return all
}
