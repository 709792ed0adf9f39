// Package public owns the pages for people without an account: the forms for
// requests and offers, tracking, and the helper's answer. It reads forms, calls
// the services and shows the answer; it never decides what a move needs, and
// its GETs never change anything.
package public

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"heli/services/web/page"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// pages serves the public pages.
type pages struct {
	site.Deps
	tries  store
	places *places
	// channels are those that people are written to on.
	channels *channels
}

// Mount adds the public pages to the root router.
func Mount(r chi.Router, d site.Deps) {
	p := pages{d, store{d.Worker}, &places{}, &channels{}}
	h := d.Pages.Handle
	r.Post("/places", h(p.showPlaces))
	r.Post("/categories", h(p.showCategories))
	r.Get("/worker.js", serveWorker)
	r.Post("/inbound/{id}", p.receive)
	r.Post("/inbound/bounce", p.receiveBounce)
	r.Group(func(r chi.Router) {
		r.Use(page.Packed)
		r.Get("/", p.home)
		r.Get("/honours", h(p.honours))
		r.Get("/request/print", p.printRequest)
		r.Get(boardPath, h(p.board))
		r.Get(boardPath+".atom", h(p.boardAtom))
		r.Get(boardPath+".json", h(p.boardJSON))
		r.Get(boardPath+"/embed", h(p.boardEmbed))
		r.Get(boardPath+"/{code}", h(p.boardEntry))
	})
	r.Group(func(r chi.Router) {
		r.Use(page.Private)
		r.With(page.Packed).Get("/request", h(p.newRequest))
		r.With(page.Packed).Post("/request", h(p.submitRequest))
		r.With(page.Packed).Get("/offer", h(p.newOffer))
		r.With(page.Packed).Post("/offer", h(p.submitOffer))
		r.Get("/track", h(p.showTrack))
		r.Post("/track", h(p.enterTrack))
		r.Post("/track/forget", p.forget(site.Track))
		r.Post("/track/move", h(p.moveTracked))
		r.Post("/track/erase", h(p.eraseTracked))
		r.Post("/track/data", h(p.withHeld(p.showHeld)))
		r.Post("/track/data.json", h(p.withHeld(p.downloadHeld)))
		r.Get("/track/files/{id}", h(p.showOwnFile))
		r.Post("/track/consent", h(p.changeConsent))
		r.Post("/track/digest", h(p.chooseDigest))
		r.Post("/track/info", h(p.giveInfo))
		r.Post("/track/match", h(p.answerMatch))
		r.Post("/track/contact", h(p.showHelper))
		r.Post(correctPath, h(p.correct))
		r.Post("/track/complain", h(p.complainTracked))
		r.Get("/unsubscribe/{token}", h(p.showUnsubscribe))
		r.Post("/unsubscribe/{token}", h(p.unsubscribe))
		r.Get("/answer", h(p.showAnswer))
		r.Post("/answer", h(p.enterAnswer))
		r.Post("/answer/forget", p.forget(site.Answer))
		r.Post("/answer/move", h(p.moveAnswer))
		r.Post("/answer/complain", h(p.complainAnswer))
		r.Post(askPath, h(p.answerAsk))
		r.Get(termsPath, h(p.withHelped(p.showTerms)))
		r.Post(termsPath, h(p.withHelped(p.saveTerms)))
		r.Post("/answer/offer", h(p.withHelped(p.moveHelped)))
		r.Post("/answer/digest", h(p.withHelped(p.chooseHelpedDigest)))
		p.mountCalendar(r)
	})
}

func (p pages) home(w http.ResponseWriter, r *http.Request) {
	p.Pages.Render(w, r, http.StatusOK, templates.Home(p.Pages.Of(r)))
}
