package offer

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/publication"
)

// Own returns what is kept beside the offer whose token asks. Of complaints it tells
// the words of those that are asked for alone.
func (s *Service) Own(ctx context.Context, q contract.AskOwn) (contract.OwnOffer, error) {
	own := contract.OwnOffer{Complaints: []contract.OwnWords{}, Sessions: []contract.OwnSession{}, Reminders: []contract.OwnTold{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ExportOwn); err != nil || !contract.ValidID(a.Subject) {
		return own, err
	}
	if err := s.store.selectOwn(ctx, contract.OfferID(a.Subject), q.Complaints, &own); err != nil {
		return own, pg.MapContext(ctx, err)
	}
	published, err := publication.Get(ctx, s.store.db, contract.ThingOffer, a.Subject)
	own.Published = published
	return own, pg.MapContext(ctx, err)
}
