// Package console owns the pages of the people who work in organisations: the
// queue, requests, offers, matches, webhooks, organisations. It reads forms,
// calls the services as the person who is signed in and shows what they answer;
// they decide what that person may see and do. Its GETs change nothing, and
// every act is a form that works without script.
package console

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/services/web/live"
	"heli/services/web/page"
	"heli/services/web/session"
	"heli/services/web/site"
)

const (
	home      = "/console"
	loginPath = "/console/login"
	livePath  = "/console/live"
)

// console serves the pages.
type console struct {
	site.Deps
	figures *figureCache
	names   *nameCache
	shared  *live.Share
}

// Mount adds the console's routes, with their whole paths (/console…), to the
// root router.
func Mount(r chi.Router, d site.Deps) {
	c := console{d, newFigureCache(), newNameCache(), live.NewShare(d.Live)}
	r.Group(func(r chi.Router) {
		r.Use(page.Private, d.Sessions.Load)
		c.mountSignIn(r)
		r.Group(func(r chi.Router) {
			r.Use(c.enrolling)
			c.mountEnrol(r)
		})
		r.Group(func(r chi.Router) {
			r.Use(c.signedOut, d.Sessions.Require(at, d.Pages.Fail), c.drafts)
			c.mountPages(r)
			c.mountAccount(r)
			c.mountPeople(r)
			c.mountAdministration(r)
			c.mountInsight(r)
		})
	})
}

// mountSignIn adds what strangers reach.
func (c console) mountSignIn(r chi.Router) {
	handle := c.Pages.Handle
	r.Get(loginPath, c.showLogin)
	r.Post(loginPath, handle(c.login))
	r.Get(codePath, handle(c.showCode))
	r.Post(codePath, handle(c.code))
	r.Post("/console/login/passkey/ask", handle(c.askPasskey))
	r.Post("/console/login/passkey", handle(c.passkey))
	r.Get("/console/login/account", handle(c.toProvider))
	r.Get(session.CallbackPath, handle(c.fromProvider))
	r.Post("/console/logout", handle(c.logout))
}

// mountEnrol adds what people reach who have followed a link.
func (c console) mountEnrol(r chi.Router) {
	handle := c.Pages.Handle
	r.Get(enrolPath, handle(c.showEnrol))
	r.Post(enrolPath+"/password", handle(c.enrolPassword))
	r.Post(enrolPath+"/totp", handle(c.firstFactor(c.beginTOTP)))
	r.Post(enrolPath+"/totp/confirm", handle(c.firstFactor(c.confirmTOTP)))
	r.Post(enrolPath+"/passkey/ask", handle(c.firstFactor(c.offerPasskey)))
	r.Post(enrolPath+"/passkey", handle(c.firstFactor(c.addPasskey)))
}

// mountAccount adds the page about oneself. What changes how one signs in asks
// for a fresh proof.
func (c console) mountAccount(r chi.Router) {
	handle := c.Pages.Handle
	r.Get(accountPath, handle(c.account))
	r.Post(accountPath+"/prove", handle(c.fresh(c.proved)))
	r.Post(accountPath+"/prove/ask", handle(c.askPasskey))
	r.Post(accountPath+"/password", handle(c.fresh(c.setPassword)))
	r.Post(accountPath+"/totp", handle(c.fresh(c.beginTOTP)))
	r.Post(accountPath+"/totp/confirm", handle(c.fresh(c.confirmTOTP)))
	r.Post(accountPath+"/passkey/ask", handle(c.offerPasskey))
	r.Post(accountPath+"/passkey", handle(c.fresh(c.addPasskey)))
	r.Post(accountPath+"/factors/remove", handle(c.fresh(c.removeFactor)))
	r.Post(accountPath+"/codes", handle(c.fresh(c.newCodes)))
	r.Post(accountPath+"/unlink", handle(c.fresh(c.unlinkAccount)))
	r.Post(accountPath+"/sessions/end", handle(c.endSession))
	r.Post(accountPath+"/language", handle(c.setLanguage))
	r.Post(accountPath+"/notices", handle(c.setNotices))
	r.Post(accountPath+"/role", handle(c.chooseRole))
}

// mountPeople adds the pages of people and keys. What gives or takes a right
// asks for a fresh proof.
func (c console) mountPeople(r chi.Router) {
	handle := c.Pages.Handle
	r.Get(peoplePath, handle(c.people))
	r.Post(peoplePath, handle(c.fresh(c.invite)))
	r.Get(peoplePath+"/{id}", handle(c.showPerson))
	r.Post(peoplePath+"/{id}/link", handle(c.fresh(c.linkPerson)))
	r.Post(peoplePath+"/{id}/grant", handle(c.fresh(c.grantRole)))
	r.Post(peoplePath+"/{id}/withdraw", handle(c.fresh(c.withdrawRole)))
	r.Post(peoplePath+"/{id}/revoke", handle(c.fresh(c.revokePerson)))
	r.Get(keysPath, handle(c.keys))
	r.Post(keysPath, handle(c.fresh(c.makeKey)))
	r.Post(keysPath+"/{id}/revoke", handle(c.fresh(c.revokeKey)))
}

// permitted lets those through who may do what the route asks for; nobody, where
// pkg/access says nothing of it.
func permitted(method, pattern string, serve func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	rule, _ := access.OfRoute(method, pattern)
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := rule.Permit(contract.ActorFrom(r.Context())); err != nil {
			return err
		}
		return serve(w, r)
	}
}

// route adds a page or an act to the router, behind what pkg/access asks of it.
type route func(path string, serve func(http.ResponseWriter, *http.Request) error)

// mountPages adds what only people who are signed in reach.
func (c console) mountPages(r chi.Router) {
	get := func(path string, show func(http.ResponseWriter, *http.Request) error) {
		r.Get(path, c.Pages.Handle(permitted(http.MethodGet, path, show)))
	}
	post := func(path string, act func(http.ResponseWriter, *http.Request) error) {
		r.Post(path, c.Pages.Handle(permitted(http.MethodPost, path, act)))
	}
	get(livePath, c.live)
	get("/console/style", c.style)
	get("/console/alerts", c.alerts)
	get("/console/organisations", c.organisations)
	c.mountQueue(get, post)
	c.mountRequests(get, post)
	c.mountBeside(get, post)
	c.mountOffers(get, post)
	c.mountMatches(get, post)
	c.mountWebhooks(get, post)
	c.mountSessions(get, post)
	c.mountComplaints(get, post)
	c.mountUploads(get, post)
	c.mountForms(get, post)
	c.mountDoing(get, post)
	c.mountWaves(post)
}

func (c console) mountQueue(get, post route) {
	get(home, c.queue)
	get("/console/find", c.find)
	get(palettePath, c.palette)
	post(bulkPath, c.bulk)
	post(exportPath, c.export)
	post(viewsPath, c.saveView)
	post(viewsPath+"/first", c.openFirst)
	post(viewsPath+"/remove", c.removeView)
}

func (c console) mountRequests(get, post route) {
	get("/console/requests/{id}", c.showRequest)
	post("/console/requests/{id}/move", c.moveRequest)
	post("/console/requests/{id}/contact", c.requestContact)
	post("/console/requests/{id}/notes", c.noteRequest)
	post("/console/requests/{id}/propose", c.propose)
	post("/console/requests/{id}/publish", c.publish(c.requestPublishing()))
	post("/console/requests/{id}/unpublish", c.unpublish(c.requestPublishing()))
}

func (c console) mountOffers(get, post route) {
	get("/console/offers", c.offers)
	get("/console/offers/{id}", c.showOffer)
	post("/console/offers/{id}/move", c.moveOffer)
	post("/console/offers/{id}/contact", c.offerContact)
	post("/console/offers/{id}/notes", c.noteOffer)
	post("/console/offers/{id}/credentials/{n}", c.verifyCredential)
	post("/console/offers/{id}/publish", c.publish(c.offerPublishing()))
	post("/console/offers/{id}/unpublish", c.unpublish(c.offerPublishing()))
}

func (c console) mountMatches(get, post route) {
	get("/console/matches", c.matches)
	get("/console/matches/{id}", c.showMatch)
	post("/console/matches/{id}/move", c.moveMatch)
	get(planPath, c.plan)
	post("/console/plan/confirm", c.confirmPlan)
}

func (c console) mountWebhooks(get, post route) {
	get(messagesPath, c.messageLog)
	get("/console/webhooks", c.webhooks)
	post("/console/webhooks", c.register)
	get("/console/webhooks/{id}", c.showWebhook)
	post("/console/webhooks/{id}/edit", c.editWebhook)
	post("/console/webhooks/{id}/schedule", c.scheduleWebhook)
	post("/console/webhooks/{id}/test", c.testWebhook)
	post("/console/webhooks/{id}/rotate", c.rotateWebhook)
	post("/console/webhooks/{id}/replay", c.replayWebhook)
	post("/console/webhooks/{id}/remove", c.removeWebhook)
}

func (c console) mountSessions(get, post route) {
	get(sessionsPath, c.sessions)
	post(sessionsPath, c.recordSession)
	post("/console/sessions/{id}/void", c.voidSession)
	get("/console/sessions/{id}", c.showSession)
	post("/console/sessions/{id}/roster", c.keepRoster)
	post("/console/sessions/{id}/names", c.readRoster)
}

// mountBeside adds what stands beside a request: the form for calls, edits, files,
// links, mentions.
func (c console) mountBeside(get, post route) {
	get(callPath, c.newCall)
	post(callPath, c.saveCall)
	post("/console/requests/{id}/edit", c.editRequest)
	post("/console/requests/{id}/attachments", c.attachFile)
	get("/console/requests/{id}/attachments/{attachment}", c.showFile)
	post("/console/requests/{id}/attachments/{attachment}/remove", c.removeFile)
	get("/console/requests/{id}/alike", c.alike)
	post("/console/requests/{id}/link", c.linkRequest)
	get(mentionsPath, c.mentions)
	post(mentionsPath, c.seeMention)
}
