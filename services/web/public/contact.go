package public

import (
	"net/http"
	"slices"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// maybeReleased are the states of a match in which the helper's contact may have
// been released to the requester; the offer service knows whether it was.
var maybeReleased = []string{"contact_released", "in_progress", "reported_done", "confirmed"}

// showHelper shows the helper's contact to the requester of a match, once: the
// reading is recorded, so it is a POST, and the page hides it again when it is
// loaded anew.
func (p pages) showHelper(w http.ResponseWriter, r *http.Request) error {
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
	ctx := s.as(r.Context())
	m, err := bus.Call(ctx, p.Bus, contract.MatcherGet, contract.GetByID{ID: values.Get("match")})
	if err != nil {
		return p.showProblem(w, r, values, err)
	}
	c, err := bus.Call(ctx, p.Bus, contract.OfferContact, contract.ContactReading{ID: string(m.OfferID), Reason: "released to the requester"})
	if fault.Is(err, fault.NotFound) {
		err = fault.NewConflict("not_released", "the contact has not been released")
	}
	if err != nil {
		return p.showProblem(w, r, values, err)
	}
	return p.renderTrack(w, r, http.StatusOK, s, func(page *templates.Page, view *templates.Track) {
		n := slices.IndexFunc(view.Matches, func(shown templates.TrackMatch) bool { return shown.ID == string(m.ID) })
		if n >= 0 {
			view.Matches[n].Contact = contactFacts(page, c)
		}
	})
}
