// Package api owns the REST interface below /api/v1: how calls of the services
// look over HTTP, who may send which, how errors are told, and the document that
// describes all of it. It never decides what a role may do to a thing, which is
// the services' to say, and keeps nothing between two calls.
package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"

	"heli/services/web/site"
)

// Prefix is where the routes begin.
const Prefix = "/api/v1"

// version of the interface: grows when something is added.
const version = "1.0.0"

// maxBodyBytes bounds a body where the site sets no bound of its own.
const maxBodyBytes = 64 << 10

type api struct {
	site.Deps
	huma  huma.API
	wrong *httprate.RateLimiter // of wrong credentials, by address
}

// Mount adds the routes of /api/v1, with their whole paths, to the root router.
func Mount(root chi.Router, d site.Deps) {
	if d.MaxBodyBytes <= 0 {
		d.MaxBodyBytes = maxBodyBytes
	}
	a := &api{Deps: d, wrong: httprate.NewRateLimiter(wrongPerWindow, wrongWindow, httprate.WithResponseHeaders(httprate.ResponseHeaders{}))}
	root.Route(Prefix, func(r chi.Router) {
		r.Use(a.enter, a.rescue, a.readBody)
		r.NotFound(func(w http.ResponseWriter, r *http.Request) {
			write(w, newProblem(http.StatusNotFound, "not_found", "there is no such route"))
		})
		r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
			write(w, newProblem(http.StatusMethodNotAllowed, "method", "the route does not take this method"))
		})
		a.huma = humachi.New(r, config())
		a.addRequests()
		a.addSuggestions()
		a.addOffers()
		a.addSessions()
		a.addRosters()
		a.addMatches()
		a.addAppointments()
		a.addAsks()
		a.addPlans()
		a.addWebhooks()
		a.addEvents()
		a.addReference()
		a.addPolicies()
		a.addPeople()
		a.addKeys()
		a.addDesk()
		a.addForms()
		a.addDocument(r)
	})
}

// TooMany answers a caller who asks too often, for the limiter in front.
func TooMany(w http.ResponseWriter, _ *http.Request) {
	write(w, newProblem(http.StatusTooManyRequests, "too_many", "too many calls; wait as Retry-After says"))
}

// config describes the interface as a whole. Huma's own document, viewer and
// schema links are left out: the viewer would come from another host.
func config() huma.Config {
	c := huma.DefaultConfig("Heli", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Transformers = []huma.Transformer{problems}
	c.Info.Description = "Pairs requests for help with offers of help. " +
		"Bodies are JSON in snake_case, times RFC 3339, ids opaque, and unknown keys are refused. " +
		"Errors are application/problem+json (RFC 9457) and name every wrong place at once. " +
		"Quantities are whole numbers in the unit's smallest part (money in fen); null means not stated."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Servers = []*huma.Server{{URL: Prefix}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		schemeKey: {Type: "http", Scheme: "bearer", Description: "An API key of an organisation, heli_…"},
		schemeToken: {
			Type: "http", Scheme: "bearer",
			Description: "The tracking_token of one request or offer, track_…: speaks for that one alone",
		},
	}
	c.Tags = []*huma.Tag{
		{Name: tagRequests, Description: "What people ask for, from submission to confirmation"},
		{Name: tagOffers, Description: "What people and organisations can give"},
		{Name: tagAsks, Description: "Several helpers asked at once for what a need line lacks"},
		{Name: tagMatches, Description: "One need line joined with one offer line for a quantity"},
		{Name: tagPlans, Description: "The best for all open needs of a scope together"},
		{Name: tagWebhooks, Description: "Signed notices of what happened (Standard Webhooks 1.0)"},
		{Name: tagEvents, Description: "The same facts to pull (CloudEvents 1.0)"},
		{Name: tagPeople, Description: "Who works in an organisation, and in which roles"},
		{Name: tagKeys, Description: "Keys by which other programs act for an organisation"},
		{Name: tagForms, Description: "Forms of other programs that post here"},
		{Name: tagReference, Description: "Categories, regions, items, organisations and the matching policy"},
	}
	return c
}
