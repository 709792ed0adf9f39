package public

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

// digestOf returns how often messages come to who agreed to them; empty where none do.
func (p pages) digestOf(ctx context.Context, consent contract.Consent, chosen contract.Digest) contract.Digest {
	if !consent.Has(contract.PurposeMessages) || !p.writes(ctx) {
		return ""
	}
	return cmp.Or(chosen, contract.DigestNone)
}

// helperKnown reports whether what is chosen on an offer's page holds for all offers of
// its helper.
func helperKnown(o contract.Offer) bool { return o.HelperID != "" && o.PhoneVerified }

// chooseDigest has messages about the tracked request or offer come as chosen.
func (p pages) chooseDigest(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, s subject, values url.Values) error {
		endpoint := contract.RequestDigest
		if s.offer != nil {
			endpoint = contract.OfferDigest
		}
		_, err := bus.Call(ctx, p.Bus, endpoint, contract.ChooseDigest{ID: s.id, Digest: contract.Digest(values.Get("digest"))})
		return err
	})
}

// chooseHelpedDigest has messages about the helper's offer come as chosen.
func (p pages) chooseHelpedDigest(w http.ResponseWriter, r *http.Request, offer contract.Offer) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	q := contract.ChooseDigest{ID: string(offer.ID), Digest: contract.Digest(values.Get("digest"))}
	_, err = bus.Call(site.As(r.Context(), contract.RoleOfferer, q.ID), p.Bus, contract.OfferDigest, q)
	if err == nil {
		http.Redirect(w, r, termsPath+"?saved=1", http.StatusSeeOther)
		return nil
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	return p.renderTerms(w, r, refusedStatus(err), offer, nil, err)
}

// sumUpMessages has messages about one request or offer come once a day.
func (p pages) sumUpMessages(ctx context.Context, id string) error {
	q := contract.ChooseDigest{ID: id, Digest: contract.DigestDaily}
	_, err := bus.Call(site.As(ctx, contract.RoleRequester, id), p.Bus, contract.RequestDigest, q)
	if fault.Is(err, fault.NotFound) {
		_, err = bus.Call(site.As(ctx, contract.RoleOfferer, id), p.Bus, contract.OfferDigest, q)
	}
	return wrong(err)
}
