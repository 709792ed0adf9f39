package request

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/publication"
)

// Own returns what is kept beside the request whose token asks. Of complaints it tells
// the words of those that are asked for alone.
func (s *Service) Own(ctx context.Context, q contract.AskOwn) (contract.OwnRequest, error) {
	own := contract.OwnRequest{Attachments: []contract.Attachment{}, Complaints: []contract.OwnWords{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ExportOwn); err != nil || !contract.ValidID(a.Subject) {
		return own, err
	}
	id := contract.RequestID(a.Subject)
	attachments, err := s.attachments(ctx, id)
	if err != nil {
		return own, err
	}
	for _, attachment := range attachments {
		attachment.AuthorName = ""
		own.Attachments = append(own.Attachments, attachment)
	}
	if err := s.store.selectOwn(ctx, id, q.Complaints, &own); err != nil {
		return own, pg.MapContext(ctx, err)
	}
	own.Published, err = publication.Get(ctx, s.store.db, contract.ThingRequest, a.Subject)
	return own, pg.MapContext(ctx, err)
}
