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
	bearer, err := p.unsubscriber(r)
	if err != nil {
		return err
	}
	p.renderUnsubscribe(w, r, bearer, templates.Unsubscribe{})
	return nil
}

// unsubscribe ends the messages about one request or offer, or those to somebody of
// the staff: by the button of the page, or by that of a mail program, which posts by
// itself (RFC 8058). Another button of the page has them come once a day instead.
func (p pages) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	bearer, err := p.unsubscriber(r)
	if err != nil {
		return err
	}
	end, view := p.endMessages, templates.Unsubscribe{Done: true}
	switch {
	case bearer.Purpose == site.Notices:
		end = p.endNotices
	case r.PostFormValue("digest") == string(contract.DigestDaily):
		end, view = p.sumUpMessages, templates.Unsubscribe{Daily: true}
	}
	if err := end(r.Context(), bearer.ID); err != nil {
		return err
	}
	p.renderUnsubscribe(w, r, bearer, view)
	return nil
}

func (p pages) renderUnsubscribe(w http.ResponseWriter, r *http.Request, b site.Bearer, view templates.Unsubscribe) {
	view.Action, view.Staff = r.URL.Path, b.Purpose == site.Notices
	p.Pages.Render(w, r, http.StatusOK, templates.UnsubscribePage(p.Pages.Of(r), view))
}

// unsubscriber returns what the link speaks for: a request or an offer, or somebody
// of the staff.
func (p pages) unsubscriber(r *http.Request) (site.Bearer, error) {
	for _, purpose := range []site.Purpose{site.Unsubscribe, site.Notices} {
		bearer, ok := site.ParseToken(purpose, chi.URLParam(r, "token"))
		if ok && bearer.Check(p.Keys, 0) {
			return bearer, nil
		}
	}
	return site.Bearer{}, errWrong
}

// endNotices ends mail to somebody of the staff.
func (p pages) endNotices(ctx context.Context, id string) error {
	_, err := bus.Call(site.As(ctx, contract.RoleRequester, id), p.Bus, contract.DirectoryEndNotices, contract.PersonByID{ID: contract.PersonID(id)})
	return wrong(err)
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
