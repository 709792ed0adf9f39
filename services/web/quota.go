package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"heli/services/web/page"
	"heli/services/web/site"
)

// Quotas slow down, they do not refuse: shelters and carriers share addresses.
// Only far beyond what people can type is an address told to come back.
const (
	quotaWindow = time.Minute
	slowTime    = 2 * time.Second
	refuseTimes = 10 // the quota
	// scriptless shares the quota by this: a browser without script is rare,
	// and a program that fills forms has none.
	scriptless = 10
)

// slowDown delays public writes from an address that sends very many.
func slowDown(d site.Deps, perMinute int) func(http.Handler) http.Handler {
	if perMinute <= 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	quota := func(limit int) *httprate.RateLimiter {
		return httprate.NewRateLimiter(limit, quotaWindow, httprate.WithResponseHeaders(httprate.ResponseHeaders{}))
	}
	slow, slowScriptless, refuse := quota(perMinute), quota(max(perMinute/scriptless, 1)), quota(perMinute*refuseTimes)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !publicWrite(r) {
				next.ServeHTTP(w, r)
				return
			}
			key := httprate.CanonicalizeIP(site.ClientAddress(r))
			if refuse.OnLimit(w, r, key) {
				d.Pages.TooMany(w, r)
				return
			}
			if (form(r) && !page.Script(r) && slowScriptless.OnLimit(w, r, key)) || slow.OnLimit(w, r, key) {
				if !wait(r) {
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// publicWrite reports whether somebody writes without an account. Login is
// among them.
func publicWrite(r *http.Request) bool {
	if r.Method != http.MethodPost || r.Header.Get("Authorization") != "" {
		return false
	}
	return !strings.HasPrefix(r.URL.Path, "/console") || r.URL.Path == "/console/login"
}

func form(r *http.Request) bool {
	return r.Header.Get("Content-Type") == "application/x-www-form-urlencoded"
}

// wait holds a request back, and reports whether the client is still there.
func wait(r *http.Request) bool {
	timer := time.NewTimer(slowTime)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}
