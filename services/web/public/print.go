package public

import (
	"net/http"

	"heli/pkg/locale"
	"heli/services/web/assets"
	"heli/services/web/templates"
)

// printRequest shows the form for a request on paper, in all languages, with the
// fields of the form on the screen.
func (p pages) printRequest(w http.ResponseWriter, r *http.Request) {
	page, ref := p.Pages.Of(r), p.snapshot()
	var shown []templates.PaperForm
	for _, lang := range append([]locale.Language{page.Lang()}, locale.Languages()...) {
		if len(shown) > 0 && lang == page.Lang() {
			continue // the reader's own came first
		}
		own := *page
		own.Printer = p.Pages.PrinterIn(r, lang)
		form := templates.PaperForm{Page: &own}
		if ref != nil {
			form.Categories = categoryOptions(&own, ref)
		}
		shown = append(shown, form)
	}
	p.Pages.RenderCached(w, r, templates.PaperRequest(page, shown))
}

// serveWorker serves the script that keeps forms for being offline. It stands at
// the root: from below /assets/ it would see no form.
func serveWorker(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	assets.ServeAs(w, r, "worker.js")
}
