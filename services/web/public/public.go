// Package public owns the pages for people without an account: the forms for
// requests and offers, tracking, and the helper's answer. It reads forms, calls
// the services and shows the answer; it never decides what a move needs, and
// its GETs never change anything.
package public

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"heli/services/web/site"
	"heli/services/web/templates"
)

// pages serves the public pages.
type pages struct {
	site.Deps
	tries store
}

// Mount adds the public pages to the root router.
func Mount(r chi.Router, d site.Deps) {
	p := pages{d, store{d.DB}}
	r.Get("/", p.home)
}

func (p pages) home(w http.ResponseWriter, r *http.Request) {
	p.Pages.Render(w, r, http.StatusOK, templates.Home(p.Pages.Of(r)))
}
