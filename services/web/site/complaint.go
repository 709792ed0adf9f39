package site

import (
	"context"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// KeepComplaint stores the words of a complaint with the thing that keeps them.
// A repeat changes nothing.
func KeepComplaint(ctx context.Context, b *bus.Bus, c contract.Complaint, text string) error {
	endpoint, subject := contract.RequestKeepComplaint, string(c.RequestID)
	if c.Keeper == contract.ThingOffer {
		endpoint, subject = contract.OfferKeepComplaint, string(c.OfferID)
	}
	_, err := bus.Call(ctx, b, endpoint, contract.KeepComplaint{ID: c.ID, SubjectID: subject, Text: text})
	return err
}

// ReadComplaint returns the words of a complaint. Whoever keeps them records that
// they were read.
func ReadComplaint(ctx context.Context, b *bus.Bus, c contract.Complaint) (string, error) {
	endpoint, subject := contract.RequestReadComplaint, string(c.RequestID)
	if c.Keeper == contract.ThingOffer {
		endpoint, subject = contract.OfferReadComplaint, string(c.OfferID)
	}
	read, err := bus.Call(ctx, b, endpoint, contract.ReadComplaint{ID: c.ID, SubjectID: subject})
	return read.Text, err
}
