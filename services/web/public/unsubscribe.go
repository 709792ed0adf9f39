package public

import (
	"context"
	"net/http"
	"strings"

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
	bearers, err := p.unsubscribers(r)
	if err != nil {
		return err
	}
	p.renderUnsubscribe(w, r, bearers, templates.Unsubscribe{})
	return nil
}

// unsubscribe ends the messages about a request or offers, or those to somebody of
// the staff: by the button of the page, or by that of a mail program, which posts by
// itself (RFC 8058). Another button of the page has them come once a day instead.
func (p pages) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	bearers, err := p.unsubscribers(r)
	if err != nil {
		return err
	}
	end, view := p.endMessages, templates.Unsubscribe{Done: true}
	switch {
	case bearers[0].Purpose == site.Notices:
		end = p.endNotices
	case r.PostFormValue("digest") == string(contract.DigestDaily):
		end, view = p.sumUpMessages, templates.Unsubscribe{Daily: true}
	}
	for _, bearer := range bearers {
		if err := end(r.Context(), bearer.ID); err != nil {
			return err
		}
	}
	p.renderUnsubscribe(w, r, bearers, view)
	return nil
}

func (p pages) renderUnsubscribe(w http.ResponseWriter, r *http.Request, bearers []site.Bearer, view templates.Unsubscribe) {
	view.Action, view.Staff = r.URL.Path, bearers[0].Purpose == site.Notices
	p.Pages.Render(w, r, http.StatusOK, templates.UnsubscribePage(p.Pages.Of(r), view))
}

// unsubscribers returns what the link speaks for: a request or offers, or somebody of
// the staff; never nothing without an error.
func (p pages) unsubscribers(r *http.Request) ([]site.Bearer, error) {
	tokens := strings.Split(chi.URLParam(r, "token"), contract.TokensApart)
	for _, purpose := range []site.Purpose{site.Unsubscribe, site.Notices} {
		if bearers := p.bearersOf(purpose, tokens); bearers != nil {
			return bearers, nil
		}
	}
	return nil, errWrong
}

// bearersOf returns what tokens of a purpose speak for; nil where one of them is wrong.
func (p pages) bearersOf(purpose site.Purpose, tokens []string) (bearers []site.Bearer) {
	for _, token := range tokens {
		bearer, ok := site.ParseToken(purpose, token)
		if !ok || !bearer.Check(p.Keys, 0) {
			return nil
		}
		bearers = append(bearers, bearer)
	}
	return bearers
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
