package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// revalidate has browsers keep a page, and ask whether it is still the same.
const revalidate = "no-cache"

// RenderCached writes a component as Render does, and nothing of it to a reader
// who has just that page already. It is for pages that are the same for everybody
// who reads the language.
func (s *Site) RenderCached(w http.ResponseWriter, r *http.Request, component templ.Component) {
	var body bytes.Buffer
	if err := component.Render(r.Context(), &body); err != nil {
		s.options.Log.ErrorContext(r.Context(), "render page", "path", r.URL.Path, "error", err)
		http.Error(w, s.Printer(r).T("fault.internal"), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", revalidate)
	s.WriteCached(w, r, body.Bytes())
}

// WriteCached writes a body whose type and caching are set, with a tag of its
// content; 304 to who has it. The tag is weak, since a proxy may compress it.
func (s *Site) WriteCached(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	w.Header().Set("Etag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone away; nobody is left to tell
	}
}

// embedPolicy is contentPolicy for a page in the frame of any site: it runs
// nothing and sends nothing.
const embedPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors *"

// Embeddable lets other sites show the page in a frame of theirs.
func (s *Site) Embeddable(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", embedPolicy)
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Del("Cross-Origin-Opener-Policy")
}
