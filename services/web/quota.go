package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"heli/services/web/api"
	"heli/services/web/page"
	"heli/services/web/site"
)

// Quotas slow down, they do not refuse: shelters and carriers share addresses.
// Only far beyond what people can type is an address told to come back.
const (
	quotaWindow = time.Minute
	slowTime    = 2 * time.Second
	// heldBack is how many requests wait at once; they cost memory alone.
	heldBack    = 1000
	refuseTimes = 10 // the quota
	// scriptless divides the quota of forms sent without script: such browsers
	// are rare, and programs that fill forms have none.
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
	waiting := make(chan struct{}, heldBack)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key := httprate.CanonicalizeIP(site.ClientAddress(r))
			switch {
			case !publicWrite(r):
			case refuse.OnLimit(w, r, key):
				tooMany(d, w, r)
				return
			case slow.OnLimit(w, r, key) || (form(r) && !page.Script(r) && slowScriptless.OnLimit(w, r, key)):
				if !hold(waiting, r) {
					tooMany(d, w, r)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// tooMany tells the caller to come back later, the API's in its own form.
func tooMany(d site.Deps, w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, apiPrefix) {
		api.TooMany(w, r)
		return
	}
	d.Pages.TooMany(w, r)
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

// hold keeps a request back for a while, and reports false when too many wait
// already or the client has gone.
func hold(waiting chan struct{}, r *http.Request) bool {
	select {
	case waiting <- struct{}{}:
		defer func() { <-waiting }()
	default:
		return false
	}
	timer := time.NewTimer(slowTime)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}
