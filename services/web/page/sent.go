package page

import "net/http"

// sentHeader marks a form that the script of a page sends (assets/base.js).
const sentHeader = "Heli-Send"

// AnswerSent is the middleware that names the address to go on to, in place of a
// redirect, to a form that the script sends: it goes there itself, and the page is
// loaded once. Forms that the browser sends see no difference.
func AnswerSent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.Header.Get(sentHeader) != "" {
			w = sent{w}
		}
		next.ServeHTTP(w, r)
	})
}

// sent is the answer to such a form.
type sent struct{ http.ResponseWriter }

// WriteHeader turns See Other into the header that htmx has for it.
func (s sent) WriteHeader(status int) {
	if status == http.StatusSeeOther {
		s.Header().Set("HX-Redirect", s.Header().Get("Location"))
		s.Header().Del("Location")
		status = http.StatusNoContent
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the writer below.
func (s sent) Unwrap() http.ResponseWriter { return s.ResponseWriter }
