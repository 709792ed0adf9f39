// Package console owns the pages of the people who work in organisations: the
// queue, requests, offers, matches, webhooks, organisations. It reads forms,
// calls the services as the person who is signed in and shows what they answer;
// they decide what that person may see and do. Its GETs change nothing, and
// every act is a form that works without script.
package console

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"heli/services/web/page"
	"heli/services/web/site"
)

const (
	home      = "/console"
	loginPath = "/console/login"
	livePath  = "/console/live"
)

// console serves the pages.
type console struct{ site.Deps }

// Mount adds the console's routes, with their whole paths (/console…), to the
// root router.
func Mount(r chi.Router, d site.Deps) {
	c := console{d}
	r.Group(func(r chi.Router) {
		r.Use(page.Private, d.Sessions.Load)
		r.Get(loginPath, c.showLogin)
		r.Post(loginPath, d.Pages.Handle(c.login))
		r.Post("/console/logout", d.Pages.Handle(c.logout))
		r.Group(func(r chi.Router) {
			r.Use(c.reloadParts, d.Sessions.Require(loginPath, d.Pages.Fail))
			c.mountPages(r)
		})
	})
}

// mountPages adds what only people who are signed in reach.
func (c console) mountPages(r chi.Router) {
	get := func(path string, show func(http.ResponseWriter, *http.Request) error) {
		r.Get(path, c.Pages.Handle(show))
	}
	post := func(path string, act func(http.ResponseWriter, *http.Request) error) {
		r.Post(path, c.Pages.Handle(act))
	}
	get(livePath, c.live)
	get(home, c.queue)
	get("/console/style", c.style)
	get("/console/requests/{id}", c.showRequest)
	post("/console/requests/{id}/move", c.moveRequest)
	post("/console/requests/{id}/contact", c.requestContact)
	post("/console/requests/{id}/notes", c.noteRequest)
	post("/console/requests/{id}/propose", c.propose)
	get("/console/offers", c.offers)
	get("/console/offers/{id}", c.showOffer)
	post("/console/offers/{id}/move", c.moveOffer)
	post("/console/offers/{id}/contact", c.offerContact)
	post("/console/offers/{id}/notes", c.noteOffer)
	post("/console/offers/{id}/credentials/{n}", c.verifyCredential)
	get("/console/matches", c.matches)
	get("/console/matches/{id}", c.showMatch)
	post("/console/matches/{id}/move", c.moveMatch)
	get(planPath, c.plan)
	post("/console/plan/confirm", c.confirmPlan)
	get("/console/webhooks", c.webhooks)
	post("/console/webhooks", c.register)
	get("/console/webhooks/{id}", c.showWebhook)
	post("/console/webhooks/{id}/test", c.testWebhook)
	post("/console/webhooks/{id}/rotate", c.rotateWebhook)
	post("/console/webhooks/{id}/replay", c.replayWebhook)
	post("/console/webhooks/{id}/remove", c.removeWebhook)
	get("/console/organisations", c.organisations)
}
