package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// SignInOptions say who is tried. People have Password and an authenticator.
type SignInOptions struct {
	URL string
	// Wrong are sign-in names that are tried with a wrong password, Right with
	// the right one and a wrong code: each a few times, so that none is slowed.
	Wrong, Right []string
	Password     string
	Victim       string // is tried Tries times
	Tries        int
	Connections  int
}

// SignInResult are the figures. A try of a name is a password and then a code.
type SignInResult struct {
	Rounds int `json:"rounds"`
	// Medians by what was wrong: unknown, password, code.
	PasswordMS map[string]float64 `json:"password_ms"`
	CodeMS     map[string]float64 `json:"code_ms"`
	// Difference is between the farthest medians, as a share of the larger.
	PasswordDifference float64 `json:"password_difference"`
	CodeDifference     float64 `json:"code_difference"`
	// Answers are the different answers, by status and size.
	Answers []string `json:"answers"`
	Attack  Attack   `json:"passwords"`
	Tokens  Attack   `json:"tokens"`
}

// Attack is what became of many tries.
type Attack struct {
	Tries    int     `json:"tries"`
	Looked   int64   `json:"looked_at"` // the others were told to wait
	Seconds  float64 `json:"seconds"`
	TriesPer float64 `json:"tries_per_s"`
}

// triesEach is how often a name is tried, below the free tries of an account.
const triesEach = 5

// kinds of what is wrong, tried in turn.
const (
	unknownName   = "unknown"
	wrongPassword = "password"
	wrongCode     = "code"
)

type guesser struct {
	o       SignInOptions
	client  *http.Client
	address atomic.Uint32
}

// SignIn measures how alike wrong tries are, and then how far many come.
func SignIn(ctx context.Context, o SignInOptions) (SignInResult, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: o.Connections}
	defer transport.CloseIdleConnections()
	g := &guesser{o: o, client: &http.Client{
		Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	r, err := g.compare(ctx)
	if err != nil {
		return r, err
	}
	if r.Attack, err = g.many(ctx, g.tryVictim); err != nil {
		return r, err
	}
	r.Tokens, err = g.many(ctx, g.tryToken)
	return r, err
}

// compare tries each kind in every round, one after the other in an order that
// chance decides: what was done before a try costs it time too.
func (g *guesser) compare(ctx context.Context) (SignInResult, error) {
	r := SignInResult{Rounds: triesEach * min(len(g.o.Wrong), len(g.o.Right)), PasswordMS: map[string]float64{}, CodeMS: map[string]float64{}}
	passwords, codes, answers := map[string][]float64{}, map[string][]float64{}, map[string]bool{}
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // an order, no secret
	for i := range r.Rounds {
		tries := map[string][2]string{
			unknownName:   {fmt.Sprintf("nobody%06d", i), "wrong " + g.o.Password},
			wrongPassword: {g.o.Wrong[i/triesEach], "wrong " + g.o.Password},
			wrongCode:     {g.o.Right[i/triesEach], g.o.Password},
		}
		kinds := []string{unknownName, wrongPassword, wrongCode}
		chance.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, kind := range kinds {
			first, second, err := g.try(ctx, tries[kind][0], tries[kind][1])
			if err != nil {
				return r, err
			}
			answers[first.text()+", "+second.text()] = true
			passwords[kind], codes[kind] = append(passwords[kind], first.ms), append(codes[kind], second.ms)
		}
	}
	for kind := range passwords {
		r.PasswordMS[kind], r.CodeMS[kind] = median(passwords[kind]), median(codes[kind])
	}
	r.PasswordDifference, r.CodeDifference = spread(r.PasswordMS), spread(r.CodeMS)
	for answer := range answers {
		r.Answers = append(r.Answers, answer)
	}
	slices.Sort(r.Answers)
	return r, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func spread(medians map[string]float64) float64 {
	var all []float64
	for _, value := range medians {
		all = append(all, value)
	}
	return (slices.Max(all) - slices.Min(all)) / slices.Max(all)
}

// reply is an answer as somebody who guesses sees it.
type reply struct {
	status, size int
	ms           float64
	cookie       string
}

func (r reply) text() string { return fmt.Sprintf("%d with %d bytes", r.status, r.size) }

// try sends a name and password, and then a wrong code in the same session.
func (g *guesser) try(ctx context.Context, name, password string) (first, second reply, err error) {
	first, err = g.post(ctx, "/console/login", url.Values{"name": {name}, "password": {password}}, "")
	if err != nil || first.status != http.StatusSeeOther {
		return first, second, err
	}
	second, err = g.post(ctx, "/console/login/code", url.Values{"code": {"000000"}}, first.cookie)
	return first, second, err
}

// post sends a form from another address each time, as a proxy tells it.
func (g *guesser) post(ctx context.Context, path string, form url.Values, cookie string) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.o.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, fmt.Errorf("make try: %w", err)
	}
	n := g.address.Add(1)
	request.Header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}).String())
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Cookie", cookie)
	return g.send(request)
}

func (g *guesser) send(request *http.Request) (reply, error) {
	began := time.Now()
	response, err := g.client.Do(request)
	if err != nil {
		return reply{}, fmt.Errorf("send try: %w", err)
	}
	body, err := io.ReadAll(response.Body)
	took := time.Since(began)
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return reply{}, fmt.Errorf("read answer: %w", err)
	}
	r := reply{status: response.StatusCode, size: len(body), ms: float64(took.Microseconds()) / 1000}
	for _, cookie := range response.Cookies() {
		r.cookie = cookie.Name + "=" + cookie.Value
	}
	return r, nil
}

// many makes all tries at once on some connections, and counts those that were
// looked at.
func (g *guesser) many(ctx context.Context, try func(context.Context) (int, error)) (Attack, error) {
	a := Attack{Tries: g.o.Tries}
	var left atomic.Int64
	left.Store(int64(g.o.Tries))
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range g.o.Connections {
		group.Go(func() error {
			for left.Add(-1) >= 0 {
				status, err := try(ctx)
				if err != nil {
					return err
				}
				if status != http.StatusTooManyRequests {
					atomic.AddInt64(&a.Looked, 1)
				}
			}
			return nil
		})
	}
	err := group.Wait()
	a.Seconds = time.Since(began).Seconds()
	a.TriesPer = float64(a.Tries) / a.Seconds
	return a, err
}

// tryVictim tries one account's password, each time from another address.
func (g *guesser) tryVictim(ctx context.Context) (int, error) {
	r, err := g.post(ctx, "/console/login", url.Values{"name": {g.o.Victim}, "password": {"a wrong password"}}, "")
	return r.status, err
}

// tryToken tries API keys from one address.
func (g *guesser) tryToken(ctx context.Context) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.o.URL+"/api/v1/requests", nil)
	if err != nil {
		return 0, fmt.Errorf("make try: %w", err)
	}
	request.Header.Set("X-Forwarded-For", "192.0.2.1")
	request.Header.Set("Authorization", fmt.Sprintf("Bearer heli_guess%d", g.address.Add(1)))
	r, err := g.send(request)
	return r.status, err
}
