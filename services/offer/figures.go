package offer

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// Figures counts the available offers that staff see: no row, no text.
func (s *Service) Figures(ctx context.Context, q contract.AskFigures) (contract.OfferFigures, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadFigures); err != nil {
		return contract.OfferFigures{}, err
	}
	ref, err := s.reference.Get()
	if err != nil {
		return contract.OfferFigures{}, err
	}
	scope, err := check.Figures(ref, actor, q)
	if err != nil {
		return contract.OfferFigures{}, err
	}
	figures, err := s.store.selectFigures(ctx, scope, q)
	if err != nil {
		return figures, pg.MapContext(ctx, err)
	}
	figures.Regions = scope.Gather(ref, figures.Regions)
	return figures, nil
}
