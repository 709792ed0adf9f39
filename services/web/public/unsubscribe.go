package public

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// showUnsubscribe asks whether messages are to end: mail scanners open every link,
// so opening it changes nothing.
func (p pages) showUnsubscribe(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.unsubscriber(r); err != nil {
		return err
	}
	p.Pages.Render(w, r, http.StatusOK, templates.UnsubscribePage(p.Pages.Of(r), r.URL.Path, false))
	return nil
}

// unsubscribe ends the messages about one request or offer: by the button of the
// page, or by that of a mail program, which posts by itself (RFC 8058).
func (p pages) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	id, err := p.unsubscriber(r)
	if err != nil {
		return err
	}
	if err := p.endMessages(r.Context(), id); err != nil {
		return err
	}
	p.Pages.Render(w, r, http.StatusOK, templates.UnsubscribePage(p.Pages.Of(r), r.URL.Path, true))
	return nil
}

// unsubscriber returns the id of the request or offer that the link speaks for.
func (p pages) unsubscriber(r *http.Request) (string, error) {
	bearer, ok := site.ParseToken(site.Unsubscribe, chi.URLParam(r, "token"))
	if !ok || !bearer.Check(p.Keys, 0) {
		return "", errWrong
	}
	return bearer.ID, nil
}

// endMessages takes the consent to messages back. What is erased gets none anyway.
func (p pages) endMessages(ctx context.Context, id string) error {
	q := contract.ChangeConsent{ID: id, Purpose: contract.PurposeMessages}
	_, err := bus.Call(site.As(ctx, contract.RoleRequester, id), p.Bus, contract.RequestConsent, q)
	if fault.Is(err, fault.NotFound) {
		_, err = bus.Call(site.As(ctx, contract.RoleOfferer, id), p.Bus, contract.OfferConsent, q)
	}
	if fault.Is(err, fault.Conflict) && fault.As(err).Code == "erased" {
		return nil
	}
	return wrong(err)
}
