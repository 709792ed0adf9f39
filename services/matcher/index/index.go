// Package index owns what the matcher holds in memory: the open need lines and
// the offer lines, and the search for the best pairs among them. It is pure:
// it never touches the database or the bus, never reserves, and forgets
// everything with the process. The matcher loads it and keeps it fresh.
package index

import (
	"iter"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// Index finds the best pairs exactly. Every implementation gives the same
// answers as Scan. It is safe for concurrent use; a search sees the index as it
// was at one moment. Rows given to it must not be changed afterwards.
//
// A search sets the moment's Rarity from the offers it holds.
type Index interface {
	// Put adds an offer line or replaces the one with its id.
	Put(rank.Offer)
	// Remove forgets an offer line; an unknown one is no error.
	Remove(contract.OfferLineID)
	// PutNeed adds a need line or replaces the one with its id.
	PutNeed(rank.Need)
	// RemoveNeed forgets a need line; an unknown one is no error.
	RemoveNeed(contract.NeedLineID)
	// Offer returns an offer line that is held.
	Offer(contract.OfferLineID) (rank.Offer, bool)
	// Need returns a need line that is held.
	Need(contract.NeedLineID) (rank.Need, bool)
	// Best returns the k best offer lines that fit the need, the highest score
	// first, equal scores by offer line id. The need itself may be unknown.
	Best(need rank.Need, at rank.Moment, k int) []Candidate
	// Top returns what Best does without the factors, for whoever shows none.
	Top(need rank.Need, at rank.Moment, k int) []Candidate
	// Waiting returns the k need lines held that the offer serves best, the
	// highest score first, equal scores by need line id.
	Waiting(offer rank.Offer, at rank.Moment, k int) []Candidate
	// Missing says what keeps the need from the offers held.
	Missing(need rank.Need, at rank.Moment) []rank.Shortage
	// Verdict judges one pair, held or not.
	Verdict(need rank.Need, offer rank.Offer, at rank.Moment) rank.Verdict
	// Len returns how many offer lines and need lines are held.
	Len() (offers, needs int)
}

// Candidate is a pair that fits.
type Candidate struct {
	Need     contract.NeedLineID
	Request  contract.RequestID
	Line     contract.OfferLineID
	Offer    contract.OfferID
	Quantity int64   // suggested, in the need's unit
	Score    float64 // 0 to 1
	Factors  []contract.Factor
}

// found is a pair on its way through a search; its reasons are made only for
// those that are returned.
type found struct {
	id    string // that orders equal scores
	score float64
	need  *rank.Need
	offer *rank.Offer
}

// before is the order of the answers.
func (f found) before(g found) bool {
	if f.score != g.score {
		return f.score > g.score
	}
	return f.id < g.id
}

// explain turns pairs into candidates.
func explain(pairs []found, at rank.Moment) []Candidate {
	candidates := make([]Candidate, 0, len(pairs))
	for _, f := range pairs {
		q := rank.Ask(f.need, at)
		candidates = append(candidates, Candidate{
			Need: f.need.ID, Request: f.need.RequestID, Line: f.offer.ID, Offer: f.offer.OfferID,
			Quantity: q.Quantity(f.offer), Score: f.score, Factors: q.Factors(f.offer),
		})
	}
	return candidates
}

// top keeps the first k in order of what it is given, in any order.
func top(pairs iter.Seq[found], k int) []found {
	if k <= 0 {
		return nil
	}
	h := worstFirst{}
	for f := range pairs {
		h.offer(f, k)
	}
	return h.sorted()
}
