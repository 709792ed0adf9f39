package directory

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// Own lists who, by role, read the contact of the person whose token asks, or the
// words of their complaints, the oldest first.
func (s *Service) Own(ctx context.Context, q contract.AskOwn) (contract.Listing[contract.OwnReading], error) {
	found := contract.Listing[contract.OwnReading]{Items: []contract.OwnReading{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ExportOwn); err != nil || !contract.ValidID(a.Subject) {
		return found, err
	}
	rows, err := s.store.listOwnReadings(ctx, a.Subject, q.Complaints)
	found.Items = append(found.Items, rows...)
	return found, pg.MapContext(ctx, err)
}
