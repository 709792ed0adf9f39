package page_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/services/web/page"
	"heli/services/web/templates"
)

var now = time.Date(2026, 11, 24, 6, 5, 0, 0, time.UTC)

func site(t *testing.T, change func(*page.Options)) *page.Site {
	t.Helper()
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	options := page.Options{
		Catalogue: catalogue, Zone: time.UTC, Clock: func() time.Time { return now },
		Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&options)
	}
	s, err := page.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve sends one request through all middleware to the handler.
func serve(s *page.Site, handler http.HandlerFunc, r *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	s.Headers(s.SameOrigin(s.Locale(handler))).ServeHTTP(recorder, r)
	return recorder.Result()
}

func request(t *testing.T, method, target string, header map[string]string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func home(s *page.Site) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.Render(w, r, http.StatusOK, templates.Home(s.Of(r)))
	}
}

func TestLanguageIsChosenAndRemembered(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	for _, tt := range []struct {
		name, target, cookie, accept string
		want, remembered             string
	}{
		{"nothing known", "/", "", "", "en", ""},
		{"by the browser", "/", "", "zh-TW", "zh-Hant", ""},
		{"by cookie", "/", "heli_lang=zh-Hans", "en", "zh-Hans", ""},
		{"by hand", "/?lang=zh-Hant", "heli_lang=zh-Hans", "en", "zh-Hant", "zh-Hant"},
		{"unknown by hand", "/?lang=xx", "heli_lang=zh-Hans", "en", "zh-Hans", ""},
		{"unknown cookie", "/", "heli_lang=../x", "zh-CN", "zh-Hans", ""},
	} {
		response := serve(s, home(s), request(t, http.MethodGet, tt.target, map[string]string{"Cookie": tt.cookie, "Accept-Language": tt.accept}))
		if text := body(t, response); !strings.Contains(text, `<html lang="`+tt.want+`"`) {
			t.Errorf("%s: the page is not in %s", tt.name, tt.want)
		}
		remembered := ""
		for _, cookie := range response.Cookies() {
			remembered = cookie.Value
		}
		if remembered != tt.remembered {
			t.Errorf("%s: remembers %q, want %q", tt.name, remembered, tt.remembered)
		}
	}
}

func TestTheSwitchKeepsTheAddress(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	response := serve(s, home(s), request(t, http.MethodGet, "/board?category=psych&lang=en", nil))
	if text := body(t, response); !strings.Contains(text, `href="/board?category=psych&amp;lang=zh-Hans"`) {
		t.Errorf("no link to the same page in Chinese:\n%s", text)
	}
}

func TestTimesAreInTheReadersZone(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	show := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, s.Of(r).DateTime(now)) }
	for cookie, want := range map[string]string{
		"heli_zone=Asia/Urumqi": "24 Nov 2026, 12:05", "heli_zone=nowhere": "24 Nov 2026, 06:05", "": "24 Nov 2026, 06:05",
	} {
		if got := body(t, serve(s, show, request(t, http.MethodGet, "/", map[string]string{"Cookie": cookie}))); got != want {
			t.Errorf("with %q: %s, want %s", cookie, got, want)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	for _, tt := range []struct {
		err    error
		status int
	}{
		{fault.NewInvalid(fault.Field{Location: "title", Code: "required"}), http.StatusUnprocessableEntity},
		{fault.NewNotFound("request"), http.StatusNotFound},
		{fault.NewConflict("illegal_move", "secret"), http.StatusConflict},
		{fault.NewForbidden("secret"), http.StatusForbidden},
		{fault.NewUnavailable(errors.New("secret")), http.StatusServiceUnavailable},
		{&http.MaxBytesError{Limit: 1}, http.StatusRequestEntityTooLarge},
		{errors.New("secret"), http.StatusInternalServerError},
	} {
		response := serve(s, s.Handle(func(http.ResponseWriter, *http.Request) error { return tt.err }), request(t, http.MethodGet, "/x", nil))
		text := body(t, response)
		if response.StatusCode != tt.status || !strings.Contains(text, "<h1>") || strings.Contains(text, "error.") {
			t.Errorf("%v: status %d, page:\n%s", tt.err, response.StatusCode, text)
		}
		if strings.Contains(text, "secret") {
			t.Errorf("%v: internal text leaves the process", tt.err)
		}
		if retry := response.Header.Get("Retry-After") != ""; retry != (tt.status == http.StatusServiceUnavailable) {
			t.Errorf("%v: Retry-After is %v", tt.err, retry)
		}
	}
}

func TestFailurePagesWithoutAnError(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	for status, show := range map[int]http.HandlerFunc{
		http.StatusNotFound: s.NotFound, http.StatusMethodNotAllowed: s.NotAllowed, http.StatusTooManyRequests: s.TooMany,
	} {
		response := serve(s, show, request(t, http.MethodGet, "/x?lang=zh-Hans", nil))
		if text := body(t, response); response.StatusCode != status || strings.Contains(text, "fault.") {
			t.Errorf("%d: status %d, page:\n%s", status, response.StatusCode, text)
		}
	}
}

func TestFailureForHtmxIsAMessageAlone(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	response := serve(s, s.NotFound, request(t, http.MethodGet, "/x", map[string]string{"HX-Request": "true"}))
	if text := body(t, response); strings.Contains(text, "<html") || !strings.Contains(text, `role="alert"`) {
		t.Errorf("not a message alone: %s", text)
	}
}

func TestAFailingComponentGivesNoHalfPage(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	broken := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "half a page")
		return errors.New("secret")
	})
	response := serve(s, func(w http.ResponseWriter, r *http.Request) { s.Render(w, r, http.StatusOK, broken) }, request(t, http.MethodGet, "/", nil))
	if text := body(t, response); response.StatusCode != http.StatusInternalServerError || strings.Contains(text, "half") || strings.Contains(text, "secret") {
		t.Errorf("status %d: %s", response.StatusCode, text)
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	for _, https := range []bool{false, true} {
		s := site(t, func(o *page.Options) { o.HTTPS = https })
		response := serve(s, home(s), request(t, http.MethodGet, "/?lang=en", nil))
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=()",
		} {
			if got := response.Header.Get(name); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
				t.Errorf("%s is %q", name, got)
			}
		}
		if hsts := response.Header.Get("Strict-Transport-Security") != ""; hsts != https {
			t.Errorf("https %v: HSTS sent %v", https, hsts)
		}
		if cookie := response.Cookies()[0]; cookie.Secure != https || !cookie.HttpOnly {
			t.Errorf("https %v: cookie %v", https, cookie)
		}
	}
}

func TestPrivatePagesAreNotKept(t *testing.T) {
	t.Parallel()
	s := site(t, nil)
	recorder := httptest.NewRecorder()
	page.Private(home(s)).ServeHTTP(recorder, request(t, http.MethodGet, "/track", nil))
	if cache := recorder.Header().Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control is %q", cache)
	}
}

func TestWritesOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := site(t, func(o *page.Options) { o.Origins = []string{"https://heli.example"} })
	for _, tt := range []struct {
		name   string
		header map[string]string
		status int
	}{
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, http.StatusForbidden},
		{"another site, older browser", map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
		{"the same site", map[string]string{"Sec-Fetch-Site": "same-origin"}, http.StatusOK},
		{"the public address", map[string]string{"Origin": "https://heli.example"}, http.StatusOK},
		{"no browser", nil, http.StatusOK},
	} {
		if got := serve(s, home(s), request(t, http.MethodPost, "/request", tt.header)); got.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, got.StatusCode, tt.status)
		}
	}
}

// TestAScriptIsToldWhereAFormLeads goes on itself, and the browser as it always does.
func TestAScriptIsToldWhereAFormLeads(t *testing.T) {
	t.Parallel()
	handler := page.AnswerSent(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/track?show=new", http.StatusSeeOther)
	}))
	for _, test := range []struct {
		method, script      string
		status              int
		location, forScript string
	}{
		{http.MethodPost, "1", http.StatusNoContent, "", "/track?show=new"},
		{http.MethodPost, "", http.StatusSeeOther, "/track?show=new", ""},
		{http.MethodGet, "1", http.StatusSeeOther, "/track?show=new", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), test.method, "/request", nil)
		if test.script != "" {
			r.Header.Set("Heli-Send", test.script)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != test.status || w.Header().Get("Location") != test.location || w.Header().Get("HX-Redirect") != test.forScript {
			t.Errorf("%s with Heli-Send %q gave %d to %q, and tells the script %q",
				test.method, test.script, w.Code, w.Header().Get("Location"), w.Header().Get("HX-Redirect"))
		}
	}
}
