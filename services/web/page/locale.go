package page

import (
	"net/http"

	"heli/pkg/locale"
)

// Cookies that remember how a reader reads. They hold no identity.
const (
	languageCookie = "heli_lang"
	zoneCookie     = "heli_zone" // set by the script
)

// rememberS is how long the language is remembered, in seconds.
const rememberS = 365 * 24 * 60 * 60

// Locale is the middleware that finds the reader's language and zone: ?lang=,
// else the cookie, else Accept-Language. A valid ?lang= is remembered.
func (s *Site) Locale(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := s.printer(r)
		if asked := r.URL.Query().Get("lang"); asked != "" && asked == string(p.Lang()) {
			http.SetCookie(w, s.cookie(languageCookie, asked))
		}
		w.Header().Set("Content-Language", string(p.Lang()))
		w.Header().Add("Vary", "Accept-Language, Cookie")
		next.ServeHTTP(w, r.WithContext(locale.WithPrinter(r.Context(), p)))
	})
}

// Chosen reports whether the reader has chosen a language by hand.
func (s *Site) Chosen(r *http.Request) bool { return s.chosen(r) != "" }

// Remember makes the browser remember a language.
func (s *Site) Remember(w http.ResponseWriter, language string) {
	http.SetCookie(w, s.cookie(languageCookie, language))
}

// Printer returns the reader's printer; one made from the request alone where
// the middleware did not run.
func (s *Site) Printer(r *http.Request) *locale.Printer {
	if p, ok := locale.PrinterFrom(r.Context()); ok {
		return p
	}
	return s.printer(r)
}

// PrinterIn returns the reader's printer in another language.
func (s *Site) PrinterIn(r *http.Request, lang locale.Language) *locale.Printer {
	return s.options.Catalogue.Printer(lang, s.Printer(r).Zone(), s.options.Clock())
}

func (s *Site) printer(r *http.Request) *locale.Printer {
	catalogue := s.options.Catalogue
	lang := catalogue.Choose(s.chosen(r), r.Header.Get("Accept-Language"))
	zone, ok := catalogue.Zone(cookieValue(r, zoneCookie))
	if !ok {
		zone = s.options.Zone
	}
	return catalogue.Printer(lang, zone, s.options.Clock())
}

// chosen returns the language that the reader asked for by hand, if it is one
// of ours: an unknown ?lang= does not hide a valid cookie.
func (s *Site) chosen(r *http.Request) string {
	asked := r.URL.Query().Get("lang")
	for _, lang := range locale.Languages() {
		if string(lang) == asked {
			return asked
		}
	}
	return cookieValue(r, languageCookie)
}

func cookieValue(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return "" // there is none
	}
	return cookie.Value
}

func (s *Site) cookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: rememberS,
		HttpOnly: true, Secure: s.options.HTTPS, SameSite: http.SameSiteLaxMode,
	}
}

// Script reports whether the reader's browser runs our script: it has told the
// reader's zone.
func Script(r *http.Request) bool { return cookieValue(r, zoneCookie) != "" }
