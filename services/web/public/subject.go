package public

import (
	"context"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/intake"
	"heli/services/web/site"
)

// subject is the one thing that a tracking token speaks for. Exactly one of its
// three is set.
type subject struct {
	request *contract.Request
	offer   *contract.Offer
	spooled *intake.Spooled // it waits for its service
	id      string          // the one that its service knows
}

func (s subject) thing() contract.Thing {
	switch {
	case s.request != nil:
		return contract.ThingRequest
	case s.offer != nil:
		return contract.ThingOffer
	default:
		return s.spooled.Thing
	}
}

func (s subject) generation() int {
	switch {
	case s.request != nil:
		return s.request.Generation
	case s.offer != nil:
		return s.offer.Generation
	default:
		return 0
	}
}

// as returns a context in which the token's holder acts.
func (s subject) as(ctx context.Context) context.Context {
	if s.thing() == contract.ThingOffer {
		return site.As(ctx, contract.RoleOfferer, s.id)
	}
	return site.As(ctx, contract.RoleRequester, s.id)
}

// open returns what a tracking token speaks for, once it is right. Unknown,
// wrong and ended are the same NotFound.
func (p pages) open(ctx context.Context, b site.Bearer) (subject, error) {
	s, err := p.read(ctx, b.ID)
	if fault.Is(err, fault.NotFound) {
		return p.openAlias(ctx, b)
	}
	if err != nil {
		return subject{}, err
	}
	if !b.Check(p.Keys, s.generation()) {
		return subject{}, errWrong
	}
	return s, nil
}

// openAlias follows an id that was given out for a submission that had reached
// its service under an earlier one.
func (p pages) openAlias(ctx context.Context, b site.Bearer) (subject, error) {
	first, err := p.Intake.First(ctx, b.ID)
	if err != nil {
		return subject{}, wrong(err)
	}
	if !b.Check(p.Keys, 0) {
		return subject{}, errWrong
	}
	return p.read(ctx, first)
}

// read looks for a request, an offer and a waiting submission of the id.
func (p pages) read(ctx context.Context, id string) (subject, error) {
	request, err := bus.Call(site.As(ctx, contract.RoleRequester, id), p.Bus, contract.RequestGet, contract.GetByID{ID: id})
	if err == nil {
		return subject{request: &request, id: id}, nil
	}
	if !elsewhere(err) {
		return subject{}, err
	}
	offer, offerErr := bus.Call(site.As(ctx, contract.RoleOfferer, id), p.Bus, contract.OfferGet, contract.GetByID{ID: id})
	if offerErr == nil {
		return subject{offer: &offer, id: id}, nil
	}
	if !elsewhere(offerErr) {
		return subject{}, offerErr
	}
	spooled, spoolErr := p.Intake.Spooled(ctx, id)
	switch {
	case spoolErr == nil:
		return subject{spooled: &spooled, id: id}, nil
	case !fault.Is(spoolErr, fault.NotFound):
		return subject{}, spoolErr
	case fault.Is(err, fault.Unavailable):
		return subject{}, err
	default:
		return subject{}, offerErr
	}
}

// elsewhere reports whether the thing may still be found in another place: it
// is none of this service, or the service cannot be reached.
func elsewhere(err error) bool {
	return fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unavailable)
}

// tracked returns the subject of the device's token.
func (p pages) tracked(r *http.Request) (subject, error) {
	b, ok := p.bearer(r, site.Track)
	if !ok {
		return subject{}, errWrong
	}
	return p.open(r.Context(), b)
}
