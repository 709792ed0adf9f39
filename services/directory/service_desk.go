package directory

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// Colleagues lists, by name, the people who may act and hold a role in the
// organisation at the path or above it, up to the actor's own: who can be asked
// about what belongs there.
func (s *Service) Colleagues(ctx context.Context, q contract.AskColleagues) (contract.Listing[contract.Colleague], error) {
	found := contract.Listing[contract.Colleague]{Items: []contract.Colleague{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.WriteNotes); err != nil {
		return found, err
	}
	rows, err := s.store.listColleagues(ctx, actor.Sight(), q.Path)
	for _, row := range rows {
		found.Items = append(found.Items, contract.Colleague(row))
	}
	return found, pg.MapContext(ctx, err)
}

// Readings lists who read the contact of a thing, the newest first, as far as the
// actor sees the organisation that it belonged to then.
func (s *Service) Readings(ctx context.Context, q contract.AskReadings) (contract.Listing[contract.Reading], error) {
	found := contract.Listing[contract.Reading]{Items: []contract.Reading{}}
	actor := contract.ActorFrom(ctx)
	if !access.May(actor.Role, access.ReadAlerts) {
		if err := access.Require(actor, access.ReadContact); err != nil {
			return found, err
		}
	}
	if !contract.ValidID(q.SubjectID) {
		return found, fault.NewNotFound("audit")
	}
	rows, err := s.store.listReadings(ctx, q.SubjectID)
	for _, row := range rows {
		found.Items = append(found.Items, contract.Reading(row))
	}
	return found, pg.MapContext(ctx, err)
}
