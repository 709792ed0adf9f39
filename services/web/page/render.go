// Package page owns how a page leaves the process: in the reader's language,
// whole or not at all, with the security headers, and as a page that says what
// to do when something failed. It never calls a service and never reads a form.
//
// It stands below web, public and console, since web imports those two and they
// render too.
package page

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/services/web/templates"
)

// retryAfterS is what a 503 or 429 asks the reader to wait, in seconds.
const retryAfterS = 30

// Options are what a Site needs.
type Options struct {
	Catalogue *locale.Catalogue
	// Zone is used for readers whose own zone is not known.
	Zone *time.Location
	// HTTPS says that readers come over https, directly or by a proxy: then
	// cookies are Secure and HSTS is sent.
	HTTPS bool
	// Origins are further origins, such as https://example.org, whose forms
	// are accepted: the public address behind a proxy that changes Host.
	Origins []string
	// PublicURL is where readers reach the pages, without a slash at the end.
	PublicURL string
	// Foreign are patterns, as http.ServeMux has them, of addresses to which pages of
	// other sites may post: no session counts there.
	Foreign []string
	Clock   func() time.Time
	Log     *slog.Logger
}

// Site renders pages. It is safe for concurrent use.
type Site struct {
	options     Options
	crossOrigin *http.CrossOriginProtection
}

// New returns a Site. It fails when an origin is not one.
func New(options Options) (*Site, error) {
	s := &Site{options: options, crossOrigin: http.NewCrossOriginProtection()}
	for _, origin := range options.Origins {
		if err := s.crossOrigin.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	for _, pattern := range options.Foreign {
		s.crossOrigin.AddInsecureBypassPattern(pattern)
	}
	s.crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Fail(w, r, fault.New(fault.Forbidden, "cross_origin", "the form was sent from another site"))
	}))
	return s, nil
}

// Of returns the page data of a request: the reader's printer and the address.
func (s *Site) Of(r *http.Request) *templates.Page {
	p := templates.NewPage(s.Printer(r), r.URL)
	p.Base = s.options.PublicURL
	p.WeChat = strings.Contains(r.UserAgent(), "MicroMessenger/")
	return p
}

// Render writes a component as a page with the status. A component that fails
// gives the page for an internal error, never half a page.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, status int, component templ.Component) {
	var body bytes.Buffer
	if err := component.Render(r.Context(), &body); err != nil {
		if r.Context().Err() != nil {
			return // the reader has gone away
		}
		s.options.Log.ErrorContext(r.Context(), "render page", "path", r.URL.Path, "error", err)
		http.Error(w, s.Printer(r).T("fault.internal"), http.StatusInternalServerError)
		return
	}
	s.Write(w, r, status, body.Bytes())
}

// Write writes what was rendered, with the status.
func (s *Site) Write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone away; nobody is left to tell
	}
}

// Handle turns a handler that returns an error into one that shows it.
func (s *Site) Handle(handler func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handler(w, r); err != nil {
			s.Fail(w, r, err)
		}
	}
}

// Fail shows the page for an error and logs it when it is ours. To htmx it
// gives the message alone, which takes the place of the part that was asked for.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	status := StatusOf(err)
	s.note(r, status, err)
	s.failWith(w, r, status, s.Printer(r).Fault(known(err)))
}

// NotFound shows the page for an unknown address.
func (s *Site) NotFound(w http.ResponseWriter, r *http.Request) {
	s.failWith(w, r, http.StatusNotFound, s.Printer(r).T("fault.not_found"))
}

// NotAllowed shows the page for a method that an address does not have.
func (s *Site) NotAllowed(w http.ResponseWriter, r *http.Request) {
	s.failWith(w, r, http.StatusMethodNotAllowed, s.Printer(r).T("fault.method"))
}

// TooMany shows the page for somebody who asks too often.
func (s *Site) TooMany(w http.ResponseWriter, r *http.Request) {
	s.failWith(w, r, http.StatusTooManyRequests, s.Printer(r).T("fault.too_many"))
}

func (s *Site) failWith(w http.ResponseWriter, r *http.Request, status int, text string) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterS))
	}
	w.Header().Set("Cache-Control", "no-store")
	p := s.Of(r)
	if r.Header.Get("HX-Request") == "true" {
		s.Render(w, r, status, templates.Alert(p, templates.ToneError, text))
		return
	}
	again := ""
	if status >= http.StatusTooManyRequests && r.Method == http.MethodGet {
		again = p.Here()
	}
	s.Render(w, r, status, templates.Failure(p, strconv.Itoa(status), text, again))
}

// note logs a failure of ours once; what readers did wrong is no news.
func (s *Site) note(r *http.Request, status int, err error) {
	switch {
	case r.Context().Err() != nil:
		s.options.Log.DebugContext(r.Context(), "reader left", "path", r.URL.Path)
	case status == http.StatusServiceUnavailable:
		s.options.Log.WarnContext(r.Context(), "serve page", "path", r.URL.Path, "error", err)
	case status == http.StatusInternalServerError:
		s.options.Log.ErrorContext(r.Context(), "serve page", "path", r.URL.Path, "error", err)
	}
}

// known turns the errors of net/http into faults.
func known(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.Invalid, "too_large", "the body is too large").Because(err)
	}
	return err
}

// StatusOf returns the HTTP status for an error: by its kind, and 413 for a
// body that http.MaxBytesReader cut off.
func StatusOf(err error) int {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
