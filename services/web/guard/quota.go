package guard

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"

	"heli/pkg/contact"
)

// Quotas slow down, they do not refuse: shelters and carriers share addresses.
// Only far beyond what people can type is an address told to come back.
const (
	quotaWindow = time.Minute
	phoneWindow = time.Hour
	slowTime    = 2 * time.Second
	// heldBack is how many requests wait at once; they cost memory alone.
	heldBack    = 1000
	refuseTimes = 10 // the quota
	// scriptlessPart divides the quota of forms without the script's proof: such
	// browsers are rare, and programs that fill forms have none.
	scriptlessPart = 10
	// perPhone is how many forms an hour name one phone: a family, a hotline.
	perPhone = 60
)

// quota counts what comes under a key; nil sets no limit.
type quota struct{ limiter *httprate.RateLimiter }

func newQuota(limit int, window time.Duration) quota {
	return quota{httprate.NewRateLimiter(limit, window, httprate.WithResponseHeaders(httprate.ResponseHeaders{}))}
}

// over counts one more and reports whether that is too many. Without names of
// headers and with its counters in memory, the limiter writes no answer.
func (q quota) over(ctx context.Context, key string) bool {
	return q.limiter != nil && q.limiter.OnLimit(nil, new(http.Request).WithContext(ctx), key)
}

type quotas struct{ slow, refuse, scriptless, phone quota }

func newQuotas(writesPerMinute int) quotas {
	q := quotas{phone: newQuota(perPhone, phoneWindow)}
	if writesPerMinute > 0 {
		q.slow = newQuota(writesPerMinute, quotaWindow)
		q.refuse = newQuota(writesPerMinute*refuseTimes, quotaWindow)
		q.scriptless = newQuota(max(writesPerMinute/scriptlessPart, 1), quotaWindow)
	}
	return q
}

// Writes is the middleware that delays public writes from an address that sends
// very many.
func (g *Guard) Writes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		key := address(ctx)
		switch {
		case !publicWrite(r):
		case g.quotas.refuse.over(ctx, key):
			g.tooMany(w, r)
			return
		case g.quotas.slow.over(ctx, key):
			if g.pause(ctx, slowTime) != nil {
				g.tooMany(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// inboundPrefix begins the addresses of forms of other programs. Many come from the
// address of one form builder: each form has a quota of its own.
const inboundPrefix = "/inbound/"

// publicWrite reports whether somebody writes without an account. Login is
// among them.
func publicWrite(r *http.Request) bool {
	if r.Method != http.MethodPost || r.Header.Get("Authorization") != "" {
		return false
	}
	if strings.HasPrefix(r.URL.Path, inboundPrefix) {
		return false
	}
	return !strings.HasPrefix(r.URL.Path, "/console") || strings.HasPrefix(r.URL.Path, "/console/login")
}

// SlowPhone holds a public call back that names a phone for which very many
// came. It fails as Admit does.
func (g *Guard) SlowPhone(ctx context.Context, phone string) error {
	if phone == "" || !g.quotas.phone.over(ctx, contact.PhoneIndex(g.keys, phone)) {
		return nil
	}
	return g.pause(ctx, slowTime)
}

// address is the client's, as a quota counts it: a whole network of IPv6.
func address(ctx context.Context) string { return httprate.CanonicalizeIP(middleware.GetClientIP(ctx)) }

// pause holds a request back for a while. It fails when too many wait already
// or the client has gone.
func (g *Guard) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return errHeld
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
