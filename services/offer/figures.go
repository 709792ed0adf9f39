package offer

import (
	"cmp"
	"context"
	"slices"

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
	figures.Places = gatherPlaces(scope.Below(ref), figures.Places)
	return figures, nil
}

// gatherPlaces sums what is free by the regions that below gives.
func gatherPlaces(below func(string) string, places []contract.PlaceCapacity) []contract.PlaceCapacity {
	sums := map[contract.PlaceCapacity]int64{}
	for _, one := range places {
		sums[contract.PlaceCapacity{RegionCode: below(one.RegionCode), Category: one.Category, Unit: one.Unit}] += one.Free
	}
	gathered := make([]contract.PlaceCapacity, 0, len(sums))
	for one, free := range sums {
		one.Free = free
		gathered = append(gathered, one)
	}
	slices.SortFunc(gathered, func(a, b contract.PlaceCapacity) int {
		return cmp.Or(cmp.Compare(a.RegionCode, b.RegionCode), cmp.Compare(b.Free, a.Free), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Unit, b.Unit))
	})
	return gathered
}
