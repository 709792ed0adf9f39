package console

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/fault"
	"heli/services/web/session"
)

// Cookies by which a browser learns what it may forget, and comes back to where
// somebody was when a session ended.
const (
	// sendingCookie is set by the script (draft.js): the draft that is being sent.
	sendingCookie = "heli_sending"
	// takenCookie is the answer: the draft that has been taken.
	takenCookie = "heli_taken"
	nextCookie  = "heli_next"
	nextS       = 60 * 60
	maxNext     = 1000
)

// draftID is what draft.js makes.
var draftID = regexp.MustCompile(`^[0-9a-z]{1,40}$`)

// drafts is the middleware that tells the browser which draft was taken, so that
// it keeps what was typed until then: through a refusal, an outage, and a session
// that has ended.
func (c console) drafts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sending, err := r.Cookie(sendingCookie)
		if r.Method == http.MethodPost && err == nil && draftID.MatchString(sending.Value) {
			w = &takenWriter{w, &http.Cookie{
				Name: takenCookie, Value: sending.Value, Path: "/console", Secure: c.HTTPS, SameSite: http.SameSiteLaxMode,
			}}
		}
		next.ServeHTTP(w, r)
	})
}

// takenWriter adds its cookie to an answer that refuses nothing.
type takenWriter struct {
	http.ResponseWriter
	taken *http.Cookie
}

func (w *takenWriter) WriteHeader(status int) {
	if status < http.StatusBadRequest && w.taken != nil {
		http.SetCookie(w.ResponseWriter, w.taken)
	}
	w.taken = nil
	w.ResponseWriter.WriteHeader(status)
}

func (w *takenWriter) Write(body []byte) (int, error) {
	if w.taken != nil {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(body)
}

// Unwrap is for http.ResponseController.
func (w *takenWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// signedOut is the middleware for people who are not signed in any more: it
// remembers where they were, and tells a page that asks for one of its parts, or for
// what changed: else the page to sign in on would take the part's place. The page loads
// itself anew, unless something is being typed there.
func (c console) signedOut(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := c.Sessions.Actor(r.Context()); !fault.Is(err, fault.NotFound) {
			next.ServeHTTP(w, r)
			return
		}
		if part(r) != "" || r.URL.Path == livePath {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if place := placeOf(r); place != "" && at(c.Sessions.Stage(r.Context())) == loginPath {
			c.setNext(w, place, nextS)
		}
		next.ServeHTTP(w, r)
	})
}

// placeOf returns the page on which somebody was: the one asked for, or the nearest
// above the address of the form that was sent, since browsers do not say where from.
func placeOf(r *http.Request) string {
	if r.Method == http.MethodGet {
		return innerPlace(r.URL.RequestURI())
	}
	routes := chi.RouteContext(r.Context()).Routes
	for at := r.URL.Path; strings.HasPrefix(at, home+"/"); at = path.Dir(at) {
		if routes.Match(chi.NewRouteContext(), http.MethodGet, at) {
			return innerPlace(at)
		}
	}
	return home
}

// innerPlace returns an address if it is one of the console's pages, else nothing.
func innerPlace(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host != "", u.Scheme != "", len(address) > maxNext:
		return ""
	case u.Path == loginPath, strings.HasPrefix(u.Path, loginPath+"/"), strings.HasPrefix(u.Path, enrolPath):
		return ""
	case u.Path != home && !strings.HasPrefix(u.Path, home+"/"):
		return ""
	default:
		return u.RequestURI()
	}
}

func (c console) setNext(w http.ResponseWriter, place string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: session.CookieName(nextCookie, c.HTTPS), Value: base64.RawURLEncoding.EncodeToString([]byte(place)), Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: c.HTTPS, SameSite: http.SameSiteLaxMode,
	})
}

// goOn leads somebody who has signed in to where they were, else to the queue.
func (c console) goOn(w http.ResponseWriter, r *http.Request) {
	place := home
	if cookie, err := r.Cookie(session.CookieName(nextCookie, c.HTTPS)); err == nil {
		kept, err := base64.RawURLEncoding.DecodeString(cookie.Value)
		if inner := innerPlace(string(kept)); err == nil && inner != "" {
			place = inner
		}
		c.setNext(w, "", -1)
	}
	http.Redirect(w, r, place, http.StatusSeeOther)
}
