package notify

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// Own lists the messages to the person whose token asks, the oldest first. Where
// they went is kept nowhere.
func (s *Service) Own(ctx context.Context, _ contract.Empty) (contract.Listing[contract.OwnMessage], error) {
	listing := contract.Listing[contract.OwnMessage]{Items: []contract.OwnMessage{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ExportOwn); err != nil || !contract.ValidID(a.Subject) {
		return listing, err
	}
	rows, err := s.store.listOwnMessages(ctx, a.Subject)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	for _, m := range rows {
		own := contract.OwnMessage{Kind: m.Kind, Channel: m.Channel, State: m.State, Reason: m.Reason, MadeAt: m.CreatedAt.UTC(), Tries: []contract.OwnTold{}}
		for _, attempt := range m.Attempts {
			own.Tries = append(own.Tries, contract.OwnTold{Kind: attempt.Reason, At: attempt.At.UTC()})
		}
		listing.Items = append(listing.Items, own)
	}
	return listing, nil
}
