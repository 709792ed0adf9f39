package session

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// idp is a small identity provider: it signs whoever comes in as its subject.
type idp struct {
	t      *testing.T
	key    *rsa.PrivateKey
	server *httptest.Server
	now    func() time.Time

	mu      sync.Mutex
	subject string
	asked   map[string]url.Values // by code: what the browser came with
	// spoil changes the claims before they are signed.
	spoil func(claims map[string]any)
	// signer signs in place of key.
	signer *rsa.PrivateKey
}

func newIDP(t *testing.T, now func() time.Time) *idp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{t: t, key: key, now: now, subject: "42", asked: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", p.configuration)
	mux.HandleFunc("/keys", p.keys)
	mux.HandleFunc("/authorize", p.authorize)
	mux.HandleFunc("/token", p.token)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func (p *idp) write(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(document); err != nil {
		p.t.Error(err)
	}
}

func (p *idp) configuration(w http.ResponseWriter, _ *http.Request) {
	p.write(w, map[string]any{
		"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
		"jwks_uri": p.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (p *idp) keys(w http.ResponseWriter, _ *http.Request) {
	encode := base64.RawURLEncoding.EncodeToString
	p.write(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
		"n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

// authorize lets the browser in without asking.
func (p *idp) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, code := r.URL.Query(), rand.Text()
	if q.Get("response_type") != "code" || q.Get("client_id") != "heli" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" {
		p.t.Errorf("the browser came with %v", q)
	}
	p.asked[code] = q
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusSeeOther)
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	q, known := p.asked[r.FormValue("code")]
	delete(p.asked, r.FormValue("code"))
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !known || id != "heli" || secret != "secret" || base64.RawURLEncoding.EncodeToString(challenge[:]) != q.Get("code_challenge") {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{
		"iss": p.server.URL, "sub": p.subject, "aud": "heli", "nonce": q.Get("nonce"),
		"iat": p.now().Unix(), "exp": p.now().Add(time.Minute).Unix(),
	}
	if p.spoil != nil {
		p.spoil(claims)
	}
	p.write(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.sign(claims)})
}

func (p *idp) sign(claims map[string]any) string {
	body, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encode(body)
	sum := sha256.Sum256([]byte(text))
	signer := p.key
	if p.signer != nil {
		signer = p.signer
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, signer, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	return text + "." + encode(signature)
}

// account walks to the provider and back, and returns how that ended.
func account(d *desk, b func(string) (int, string)) int {
	d.t.Helper()
	status, to := b("/account")
	if status != http.StatusSeeOther {
		d.t.Fatalf("asking for the account: %d", status)
	}
	_, back := b(to)
	u, err := url.Parse(back)
	if err != nil || u.Path != CallbackPath {
		d.t.Fatalf("the provider sends back to %q", back)
	}
	status, _ = b("/callback?from=192.0.2.1&" + u.RawQuery)
	return status
}

func newProviderDesk(t *testing.T) (*desk, *idp) {
	t.Helper()
	var p *idp
	d := newDesk(t, func(o *Options) {
		p = newIDP(t, o.Clock)
		o.OIDC = OIDC{Issuer: p.server.URL, ClientID: "heli", ClientSecret: "secret"}
	})
	return d, p
}

func TestAnAccountSignsInOnceItIsLinked(t *testing.T) {
	t.Parallel()
	d, _ := newProviderDesk(t)
	if got := account(d, d.browser()); got != wrong {
		t.Errorf("an account of nobody: %d", got)
	}
	invited := d.browser()
	walk(t, invited, step{"/link?secret=right", ok, ""})
	if got := account(d, invited); got != ok {
		t.Errorf("linking while enrolling: %d", got)
	}
	walk(t, invited, step{"/console", sent, "/stage/enrol"}) // it opens nothing by itself
	b := d.browser()
	if got := account(d, b); got != ok {
		t.Errorf("signing in: %d", got)
	}
	walk(t, b, step{"/console", sent, "/stage/code"}, step{"/code?code=123456", ok, ""}, step{"/console", in, ""})
}

func TestLinkingAsksForAFreshProofAndALiveSession(t *testing.T) {
	t.Parallel()
	d, _ := newProviderDesk(t)
	first, second := d.browser(), d.browser()
	for _, b := range []func(string) (int, string){first, second} {
		walk(t, b, step{"/password?name=zhang&password=right", ok, ""}, step{"/code?code=123456", ok, ""})
	}
	walk(t, first, step{"/others", ok, ""})
	if got := account(d, second); got != wrong {
		t.Errorf("linking in a session that was ended: %d", got)
	}
	d.clock.Advance(freshFor)
	if got := account(d, first); got != wrong {
		t.Errorf("linking without a fresh proof: %d", got)
	}
	if n := len(d.staff.linked); n > 0 {
		t.Fatalf("%d accounts were linked", n)
	}
	walk(t, first, step{"/prove?code=123456", ok, ""})
	if got := account(d, first); got != ok || len(d.staff.linked) != 1 {
		t.Errorf("linking after a proof: %d", got)
	}
}

func TestAnswersThatDoNotHold(t *testing.T) {
	t.Parallel()
	d, p := newProviderDesk(t)
	invited := d.browser()
	walk(t, invited, step{"/link?secret=right", ok, ""})
	if got := account(d, invited); got != ok {
		t.Fatalf("linking: %d", got)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, how := range map[string]func(){
		"another issuer":   func() { p.spoil = func(c map[string]any) { c["iss"] = "https://evil.example" } },
		"another audience": func() { p.spoil = func(c map[string]any) { c["aud"] = "another" } },
		"expired":          func() { p.spoil = func(c map[string]any) { c["exp"] = p.now().Add(-time.Hour).Unix() } },
		"another nonce":    func() { p.spoil = func(c map[string]any) { c["nonce"] = "another" } },
		"another subject":  func() { p.spoil = func(c map[string]any) { c["sub"] = "43" } },
		"no subject":       func() { p.spoil = func(c map[string]any) { c["sub"] = "" } },
		"another key":      func() { p.signer = other },
	} {
		p.mu.Lock()
		how()
		p.mu.Unlock()
		if got := account(d, d.browser()); got != wrong {
			t.Errorf("%s: %d", name, got)
		}
		p.mu.Lock()
		p.spoil, p.signer = nil, nil
		p.mu.Unlock()
	}
	b := d.browser()
	walk(t, b, step{"/callback?code=x&state=x", wrong, ""}, step{"/callback", wrong, ""})
	_, to := b("/account")
	_, back := b(to)
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	walk(t, d.browser(), step{"/callback?" + u.RawQuery, wrong, ""}) // somebody else's way back
	walk(t, b, step{"/callback?" + u.RawQuery, ok, ""}, step{"/callback?" + u.RawQuery, wrong, ""})
}

func TestAProviderThatIsAwayKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	d, p := newProviderDesk(t)
	p.server.Close()
	b := d.browser()
	walk(t, b, step{"/account", http.StatusTeapot, ""}, step{"/password?name=zhang&password=right", ok, ""},
		step{"/code?code=123456", ok, ""}, step{"/console", in, ""})
}
