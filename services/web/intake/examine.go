package intake

import (
	"context"

	"heli/pkg/contract"
)

// CheckRequest returns Invalid with every wrong field that can be seen here,
// without asking the service. It stores nothing.
func (i *Intake) CheckRequest(ctx context.Context, d contract.RequestDraft) error {
	return checkRequest(i.reference, contract.SubmitRequest{Draft: d}, contract.ActorFrom(ctx), i.now())
}

// CheckOffer is CheckRequest for an offer.
func (i *Intake) CheckOffer(ctx context.Context, d contract.OfferDraft) error {
	return checkOffer(i.reference, contract.SubmitOffer{Draft: d}, contract.ActorFrom(ctx), i.now())
}
