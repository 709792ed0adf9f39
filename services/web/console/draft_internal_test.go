package console

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestPlacesStayInTheConsole are where somebody is led after signing in: nowhere
// that a link from elsewhere could choose.
func TestPlacesStayInTheConsole(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/console":                           "/console",
		"/console/requests/1?offer=A#x":      "/console/requests/1?offer=A",
		"/console/login":                     "",
		"/console/login/code":                "",
		"/console/enrol":                     "",
		"/consolex":                          "",
		"/request":                           "",
		"//evil.example/console/":            "",
		"https://evil.example/console/":      "",
		`/\evil.example/console`:             "",
		"/console/../request":                "/console/../request", // the browser and the router make one page of it
		"/console/%0d%0aSet-Cookie:%20a=b":   "/console/%0d%0aSet-Cookie:%20a=b",
		"javascript:alert(1)//console/login": "",
	} {
		if got := innerPlace(address); got != want {
			t.Errorf("%s leads to %q, want %q", address, got, want)
		}
	}
}

func TestADraftIsTakenUnlessItIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method, sending string
		status          int
		taken           string
	}{
		{http.MethodPost, "ab1", http.StatusSeeOther, "ab1"},
		{http.MethodPost, "ab1", http.StatusOK, "ab1"},
		{http.MethodPost, "ab1", http.StatusUnprocessableEntity, ""},
		{http.MethodPost, "ab1", http.StatusServiceUnavailable, ""},
		{http.MethodPost, "a b", http.StatusOK, ""},
		{http.MethodPost, "", http.StatusOK, ""},
		{http.MethodGet, "ab1", http.StatusOK, ""},
	} {
		serve := console{}.drafts(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if test.status != http.StatusOK {
				w.WriteHeader(test.status)
			}
			if _, err := w.Write([]byte("x")); err != nil {
				t.Error(err)
			}
		}))
		r := httptest.NewRequestWithContext(t.Context(), test.method, "/console/requests/1/notes", nil)
		if test.sending != "" {
			r.AddCookie(&http.Cookie{Name: sendingCookie, Value: test.sending}) //nolint:gosec // a request's
		}
		w := httptest.NewRecorder()
		serve.ServeHTTP(w, r)
		got := ""
		for _, cookie := range w.Result().Cookies() {
			if cookie.Name == takenCookie {
				got = cookie.Value
			}
		}
		if got != test.taken {
			t.Errorf("%+v: taken is %q", test, got)
		}
	}
}
