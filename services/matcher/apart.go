package matcher

import (
	"context"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// apart is who is kept apart by complaints, as one instance holds it. It is
// replaced whole and never changed.
type apart struct {
	helpers   map[string]map[string]bool // by requester
	suspended map[string]bool            // helpers who are matched with nobody
}

func newApart(blocks []blockRow) *apart {
	a := &apart{helpers: map[string]map[string]bool{}, suspended: map[string]bool{}}
	for _, b := range blocks {
		if b.Requester == "" {
			a.suspended[b.Helper] = true
			continue
		}
		if a.helpers[b.Requester] == nil {
			a.helpers[b.Requester] = map[string]bool{}
		}
		a.helpers[b.Requester][b.Helper] = true
	}
	return a
}

// suspendedElse returns the helpers that one of the two suspends and the other
// does not.
func (a *apart) suspendedElse(b *apart) []string {
	var helpers []string
	for h := range a.suspended {
		if !b.suspended[h] {
			helpers = append(helpers, h)
		}
	}
	for h := range b.suspended {
		if !a.suspended[h] {
			helpers = append(helpers, h)
		}
	}
	return helpers
}

// refusal is a Moment's Refused.
type refusal func(*rank.Need, *rank.Offer) bool

// refusal returns what keeps pairs from being matched: those that are excluded,
// and people who are kept apart. Nil when there are none, which spares a search
// from naming each offer.
func (b *board) refusal(excluded map[pair]bool) refusal {
	apart := b.apart.Load()
	if len(excluded) == 0 && len(apart.helpers) == 0 {
		return nil
	}
	return func(n *rank.Need, o *rank.Offer) bool {
		return excluded[pair{n.RequestID, o.OfferID}] || apart.helpers[n.Requester][string(o.Helper)]
	}
}

// refusalOf is refusal for the pairs of one request.
func (b *board) refusalOf(id contract.RequestID) refusal {
	excluded := b.excludedOf(id)
	r, _ := b.request(id)
	if len(excluded) == 0 && len(b.apart.Load().helpers[r.RequesterKey]) == 0 {
		return nil
	}
	return b.refusal(excluded)
}

// reloadBlocks reads who is kept apart, and the offers of helpers who were
// suspended or reinstated meanwhile: they rest here before they do at home.
func (s *Service) reloadBlocks(ctx context.Context) error {
	s.blocking.Lock()
	defer s.blocking.Unlock()
	blocks, err := s.worker.listBlocks(ctx)
	if err != nil {
		return err
	}
	after := newApart(blocks)
	before := s.board.apart.Swap(after)
	helpers := before.suspendedElse(after)
	if len(helpers) == 0 {
		return nil
	}
	ids, err := s.worker.offersOf(ctx, helpers)
	if err != nil {
		s.board.apart.Store(before)
		return err
	}
	if err := s.reload(ctx, changes{Offers: ids}); err != nil {
		s.board.apart.Store(before)
		return err
	}
	return nil
}
