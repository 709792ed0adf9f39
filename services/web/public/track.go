package public

import (
	"context"
	"net/http"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// trackDoor opens the private page of a request or an offer.
func (p pages) trackDoor() door {
	return door{
		purpose: site.Track,
		check: func(ctx context.Context, b site.Bearer) error {
			_, err := p.open(ctx, b)
			return err
		},
		find: p.findTracked,
		show: func(page *templates.Page, code string, errs templates.Errors, failure string) templates.Entry {
			return templates.Entry{
				Action: "/track", Title: page.T("track.title"), Lead: page.T("track.lead"), Code: code, Errors: errs, Failure: failure,
			}
		},
	}
}

// findTracked looks in every place, whatever the first one says, so that the
// time tells nothing. What waits in the spool is found while services are away.
func (p pages) findTracked(ctx context.Context, code string) ([]contract.Found, error) {
	requests, requestErr := findIn(ctx, p.Bus, contract.RequestFind, code)
	offers, offerErr := findIn(ctx, p.Bus, contract.OfferFind, code)
	found := append(requests, offers...)
	spooled, err := p.Intake.FindSpooled(ctx, code)
	if err == nil {
		found = append(found, contract.Found{ID: spooled.ID})
	}
	switch {
	case err != nil && !fault.Is(err, fault.NotFound):
		return nil, err
	case len(found) == 0 && requestErr != nil:
		return nil, requestErr
	case len(found) == 0 && offerErr != nil:
		return nil, offerErr
	default:
		return found, nil
	}
}

// showTrack shows the private page that the device remembers, else the form
// that opens one.
func (p pages) showTrack(w http.ResponseWriter, r *http.Request) error {
	s, err := p.tracked(r)
	if fault.Is(err, fault.NotFound) {
		page := p.Pages.Of(r)
		p.Pages.Render(w, r, http.StatusOK, templates.EntryPage(page, p.trackDoor().show(page, "", nil, "")))
		return nil
	}
	if err != nil {
		return err
	}
	return p.renderTrack(w, r, http.StatusOK, s, nil)
}

// enterTrack opens a private page by the token of a link, or by code and PIN.
func (p pages) enterTrack(w http.ResponseWriter, r *http.Request) error {
	return p.enter(w, r, p.trackDoor())
}

// renderTrack shows the private page of a subject. change may add what went
// wrong or what is being typed.
func (p pages) renderTrack(w http.ResponseWriter, r *http.Request, status int, s subject, change func(*templates.Page, *templates.Track)) error {
	page := p.Pages.Of(r)
	view := templates.Track{
		Thing: s.thing(), Link: p.Link(site.Track, s.id, s.generation()),
		New: r.URL.Query().Get("show") == "new", Confirm: confirmed(r), Told: r.URL.Query().Get(toldQuery),
	}
	if view.New || r.URL.Query().Get("show") == "pin" {
		view.Pin = site.Pin(p.Keys, site.Track, s.id, s.generation())
	}
	switch {
	case s.request != nil:
		p.viewRequest(r, page, s, &view)
	case s.offer != nil:
		p.viewOffer(r, page, s, &view)
	default:
		p.viewSpooled(page, s, &view)
	}
	if change != nil {
		change(page, &view)
	}
	p.Pages.Render(w, r, status, templates.TrackPage(page, view))
	return nil
}

// confirmed is the move that the page is to ask about once more.
func confirmed(r *http.Request) string {
	if move := r.URL.Query().Get("confirm"); move == moveWithdraw || move == moveErase {
		return move
	}
	return ""
}

// viewSpooled shows a submission that waits for its service. Whose life is at risk
// is told whom to call all the same.
func (p pages) viewSpooled(page *templates.Page, s subject, view *templates.Track) {
	view.Code, view.Title = s.spooled.Code, page.T("track.title."+string(s.spooled.Thing))
	view.Plain, view.Confirm = page.T("track.spooled"), ""
	if s.spooled.Refused {
		view.Plain = page.T("track.spool_refused")
	}
	view.Facts = []templates.Fact{{Name: page.T("label.submitted_at"), Value: page.DateTime(s.spooled.TakenAt)}}
	if s.spooled.Draft != nil {
		p.viewDanger(page, drafted(*s.spooled.Draft), view)
	}
}
