package web_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/testkit"
	"heli/services/web"
	"heli/services/web/live"
	"heli/services/web/session"
)

func TestSubmissionsGoOnWhileServicesAreAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.stop()
	b.world.Server.Stop(t)
	r := b.reader()
	form := requestForm(key(20))
	r.post("/request", form).shows(http.StatusOK, "您的求助已收到", "等待处理")
	id := r.tracked()
	again := b.reader()
	again.post("/request", form)
	if again.tracked() != id {
		t.Error("a repeat from the spool has another id")
	}
	form.Set("title", "另一句话")
	b.reader().post("/request", form).shows(http.StatusConflict)
	bad := requestForm(key(21))
	bad.Set("contact.phone", "12")
	b.reader().post("/request", bad).shows(http.StatusUnprocessableEntity, "f-contact-phone-error")
	o := b.reader()
	o.post("/offer", offerForm(key(22))).shows(http.StatusOK, "等待处理")

	b.world.Server.Start(t)
	b.startStubs()
	b.await(func() bool { return b.requests[id] != nil && b.offers[o.tracked()] != nil })
	b.await(func() bool { return b.spooled() == 0 })
	r.get("/track").shows(http.StatusOK, "病区急需口罩")
}

// await looks until the condition holds under the stubs' lock.
func (b *bench) await(holds func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		b.mu.Lock()
		done := holds()
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatal("it never happened")
		case <-ticker.C:
			b.world.Clock.Advance(time.Second)
		}
	}
}

func (b *bench) spooled() int {
	b.t.Helper()
	var n int
	if err := b.world.Database.Admin(b.t).Get(&n, `SELECT count(*) FROM web.spool`); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// TestWhatWaitsShowsWhomToCall opens the page of a request that is not stored yet:
// danger shows as it would on a stored one, and only there.
func TestWhatWaitsShowsWhomToCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.stop()
	b.world.Server.Stop(t)
	const call = `href="tel:120"`
	for n, c := range []struct {
		field, value string
		danger, exit bool
	}{
		{"title", "需要口罩", false, false}, {"urgency", "critical", true, false}, {"need_lines[0].category", "psych", true, true}, {"vulnerability", "violence", true, true},
		{"title", "我不想活了", true, true}, {"need_lines[0].specification", "我不想活了", true, true},
	} {
		form := requestForm(key(30 + n))
		form.Set(c.field, c.value)
		r := b.reader()
		r.post("/request", form).shows(http.StatusOK)
		for _, page := range []string{r.get("/track").page, r.get("/track?show=new").page} {
			if strings.Contains(page, call) != c.danger || strings.Contains(page, "data-quick-exit") != c.exit {
				t.Errorf("%s %s: the numbers to call are wrong on %s", c.field, c.value, page)
			}
		}
	}
	offer := b.reader()
	offer.post("/offer", offerForm(key(40))).shows(http.StatusOK)
	if page := offer.get("/track").page; strings.Contains(page, call) {
		t.Errorf("an offer shows whom to call: %s", page)
	}
}

func TestNothingReadableLiesInTheSpool(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.stop()
	b.world.Server.Stop(t)
	b.reader().post("/request", requestForm(key(23))).shows(http.StatusOK)
	var text string
	if err := b.world.Database.Admin(t).Get(&text, `SELECT spool::text || encode(sealed, 'escape') FROM web.spool`); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"病区", "张三", "13800001234"} {
		if strings.Contains(text, secret) {
			t.Errorf("the spool shows %s", secret)
		}
	}
}

func TestHeadersOfPersonalPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/request", "/offer", "/track", "/answer"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.Header.Get("Cache-Control") != "no-store" || !strings.Contains(response.Header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("%s: headers %v", path, response.Header)
		}
	}
}

func TestFrameRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/request", url.Values{"description": {strings.Repeat("x", 300_000)}}).shows(http.StatusRequestEntityTooLarge)
	r.get("/nothing-here").shows(http.StatusNotFound, "<h1>")
	r.post("/answer/forget", nil).shows(http.StatusOK)
	r.get("/healthz").shows(http.StatusOK)
	r.get("/robots.txt").shows(http.StatusOK, "Disallow: /console\n")
	r.get("/").shows(http.StatusOK, `<meta name="description"`)
	if strings.Contains(r.page, "noindex") {
		t.Error("the home page keeps search engines away")
	}
	r.get("/track").shows(http.StatusOK, `content="noindex"`)
	r.get("/console/login").shows(http.StatusOK, `content="noindex"`)
	r.get("/.well-known/security.txt").shows(http.StatusOK, "Contact: mailto:security@heli.example\n", "Expires: ")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.address+"/request", strings.NewReader("title=x"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	r.take(r.client.Do(request)).shows(http.StatusForbidden)
}

func TestConfigIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]web.Config{
		"port in use": {Listen: b.server.Address()},
		"no address":  {Listen: "127.0.0.1:0", PublicURL: "heli"},
		"no contact":  {Listen: "127.0.0.1:0", SecurityContact: []string{"security@heli.example"}},
		"no network":  {Listen: "127.0.0.1:0", TrustedProxy: []string{"proxy"}},
	} {
		if server, err := web.New(t.Context(), b.world.Deps(t, "web"), c); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
			if server != nil {
				_ = server.Close()
			}
		}
	}
}

func TestIdentityIsAskedAgainAfterAChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.world.Deps(t, "web")
	identities := session.NewIdentities(d.Bus, d.Clock)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- identities.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	q := contract.Authenticate{Key: "heli_key"}
	if actor, err := identities.Actor(t.Context(), q); err != nil || actor.Role != contract.RoleCoordinator {
		t.Fatalf("actor %+v, %v", actor, err)
	}
	b.mu.Lock()
	b.revoked = true
	b.mu.Unlock()
	if _, err := identities.Actor(t.Context(), q); err != nil {
		t.Error("asked again within the five seconds")
	}
	directory := testkit.Bus(t, b.world.Server, "directory")
	b.await(func() bool {
		b.mu.Unlock()
		defer b.mu.Lock()
		if err := directory.Broadcast(contract.IdentityChanged, contract.Empty{}); err != nil {
			t.Fatal(err)
		}
		_, err := identities.Actor(t.Context(), q)
		return err != nil
	})
}

func TestStreamEndsWithTheHub(t *testing.T) {
	t.Parallel()
	hub := live.New(time.Now)
	d := setup(t).world.Deps(t, "web")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx, d.Bus) }()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := hub.Serve(w, r, func(context.Context) (contract.Actor, error) { return contract.Actor{Path: "root/"}, nil }, nil)
		if err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	body := bufio.NewReader(response.Body)
	line, err := body.ReadString('\n')
	if err != nil || line != "event: changed\n" || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("stream begins with %q, %v", line, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(body); err != nil {
		t.Errorf("the stream did not end: %v", err)
	}
}
