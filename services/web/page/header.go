package page

import "net/http"

// contentPolicy allows what this server serves and nothing else: no inline
// script or style, no other host, no frame around us.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// permissionsPolicy switches off what no page of ours uses.
const permissionsPolicy = "accelerometer=(), camera=(), display-capture=(), geolocation=(self), gyroscope=(), " +
	"magnetometer=(), microphone=(self), midi=(), payment=(), usb=(), browsing-topics=()"

// Headers is the middleware that sets the security headers of every answer.
func (s *Site) Headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Permissions-Policy", permissionsPolicy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.options.HTTPS {
			header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// Private is the middleware for pages about one person: no browser, proxy or
// way back keeps them.
func Private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// SameOrigin is the middleware that refuses writes sent by another site's page,
// with 403. It goes by Sec-Fetch-Site and Origin, so no form needs a token;
// clients that are no browser pass.
func (s *Site) SameOrigin(next http.Handler) http.Handler { return s.crossOrigin.Handler(next) }
