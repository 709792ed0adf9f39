package public

import (
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// eraseTracked erases everything personal of a request or offer, and makes the
// device forget its page, which has ended. What still waits for its service has
// to arrive first.
func (p pages) eraseTracked(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	s, err := p.tracked(r)
	if fault.Is(err, fault.NotFound) {
		http.Redirect(w, r, "/track", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	endpoint := contract.RequestErase
	if s.offer != nil {
		endpoint = contract.OfferErase
	}
	if s.spooled != nil {
		err = fault.NewUnavailable(nil)
	} else {
		_, err = bus.Call(s.as(r.Context()), p.Bus, endpoint, contract.Move{ID: s.id})
	}
	if err != nil {
		return p.showProblem(w, r, values, err)
	}
	http.SetCookie(w, p.cookie(site.Track, "", -1))
	p.Pages.Render(w, r, http.StatusOK, templates.ErasedPage(p.Pages.Of(r)))
	return nil
}
