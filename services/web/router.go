package web

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/riandyrn/otelchi"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/api"
	"heli/services/web/assets"
	"heli/services/web/console"
	"heli/services/web/page"
	"heli/services/web/public"
	"heli/services/web/site"
	"heli/services/web/upload"
)

// Requests served at once; more wait a moment, then are told to come again, so
// that those under way stay fast.
const (
	atOnce      = 256
	inLine      = 512
	inLineTime  = 150 * time.Millisecond
	retryAfter  = time.Second
	apiPrefix   = "/api/"
	livePath    = "/console/live"
	healthAlive = "/healthz"
	healthReady = "/readyz"
)

// router assembles all routes.
func router(d site.Deps, c Config) http.Handler {
	r := chi.NewRouter()
	r.Get(healthAlive, d.Health.ServeAlive)
	r.Get(healthReady, d.Health.ServeReady)
	r.Get(robotsPath, robots)
	if len(c.SecurityContact) > 0 {
		r.With(d.Pages.Headers).Get(securityPath, c.securityText(d.PublicURL, d.Clock))
	}
	r.Handle(assets.Prefix+"*", d.Pages.Headers(assets.Handler()))
	r.Group(func(r chi.Router) {
		r.Use(middleware.RequestID, clientIP(c.TrustedProxy), logAccess(d.Log), traced(r, d.Traces), d.Pages.Headers,
			d.Pages.Locale, page.AnswerSent, recoverPanic(d), d.Pages.SameOrigin, d.Guard.Writes, limitLoad, limitBody(d))
		public.Mount(r, d)
		console.Mount(r, d)
		api.Mount(r, d)
		r.NotFound(d.Pages.NotFound)
		r.MethodNotAllowed(d.Pages.NotAllowed)
	})
	return r
}

// tooMany tells the caller to come back later, the API's in its own form.
func tooMany(pages *page.Site) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, apiPrefix) {
			api.TooMany(w, r)
			return
		}
		pages.TooMany(w, r)
	}
}

// traced begins a span for each request where somebody records them.
func traced(routes chi.Routes, p trace.TracerProvider) func(http.Handler) http.Handler {
	if _, off := p.(noop.TracerProvider); off {
		return func(next http.Handler) http.Handler { return next }
	}
	return otelchi.Middleware("heli-web", otelchi.WithChiRoutes(routes), otelchi.WithTracerProvider(p))
}

// clientIP finds the address of the client: X-Forwarded-For counts only where
// the connection itself comes from a trusted proxy.
func clientIP(trusted []string) func(http.Handler) http.Handler {
	if len(trusted) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	return middleware.ClientIPFromXFF(trusted...)
}

// logAccess writes one line per request: the route, never the address asked
// for, which may hold an id, nor a query or anything of a person.
func logAccess(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			wrapped := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				level := slog.LevelDebug
				if wrapped.Status() >= http.StatusInternalServerError {
					level = slog.LevelWarn
				}
				log.LogAttrs(r.Context(), level, "served",
					slog.String("method", r.Method), slog.String("route", chi.RouteContext(r.Context()).RoutePattern()),
					slog.Int("status", wrapped.Status()), slog.Duration("took", time.Since(began)),
					slog.String("request_id", middleware.GetReqID(r.Context())))
			}()
			next.ServeHTTP(wrapped, r)
		})
	}
}

// recoverPanic turns a defect into the page for it; others go on.
func recoverPanic(d site.Deps) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				caught := recover()
				if caught == nil {
					return
				}
				if err, ok := caught.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(caught) //nolint:forbidigo // net/http ends the connection by it
				}
				d.Log.ErrorContext(r.Context(), "panic while serving", "route", chi.RouteContext(r.Context()).RoutePattern(),
					"panic", caught, "stack", string(debug.Stack()))
				d.Pages.Fail(w, r, fault.New(fault.Internal, "internal", ""))
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// limitLoad sheds what is too much at once. Streams are open for long and do
// nothing: they do not count.
func limitLoad(next http.Handler) http.Handler {
	limited := middleware.ThrottleWithOpts(middleware.ThrottleOpts{
		Limit: atOnce, BacklogLimit: inLine, BacklogTimeout: inLineTime, StatusCode: http.StatusServiceUnavailable,
		RetryAfterFn: func(bool) time.Duration { return retryAfter },
	})(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == livePath {
			next.ServeHTTP(w, r)
			return
		}
		limited.ServeHTTP(w, r)
	})
}

// bodyLimit is how large a body may be: a file beside a request, and a table, is
// larger than a form.
func bodyLimit(d site.Deps, r *http.Request) int64 {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/console/requests/") && strings.HasSuffix(r.URL.Path, "/attachments") {
		return d.MaxBodyBytes + contract.MaxAttachmentBytes
	}
	if r.Method == http.MethodPost && r.URL.Path == "/console/imports" {
		return d.MaxBodyBytes + upload.MaxBytes
	}
	return d.MaxBodyBytes
}

// limitBody refuses large bodies: at once where the length is said, else when
// the limit is reached. The API says so in its own form.
func limitBody(d site.Deps) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit := bodyLimit(d, r)
			if r.ContentLength > limit && !strings.HasPrefix(r.URL.Path, apiPrefix) {
				d.Pages.Fail(w, r, &http.MaxBytesError{Limit: limit})
				return
			}
			if r.Body != nil {
				r.Body = http.MaxBytesReader(w, r.Body, limit)
			}
			next.ServeHTTP(w, r)
		})
	}
}
