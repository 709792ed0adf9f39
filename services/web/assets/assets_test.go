package assets_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"heli/services/web/assets"
)

func get(t *testing.T, target string, header map[string]string) *http.Response {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	assets.Handler().ServeHTTP(recorder, request)
	return recorder.Result()
}

func body(t *testing.T, reader io.Reader) string {
	t.Helper()
	raw, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestServesWithTypeAndLongCache(t *testing.T) {
	t.Parallel()
	for name, mediaType := range map[string]string{
		"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8",
		"favicon.svg": "image/svg+xml", "share-en.png": "image/png", "vendor/htmx.min.js": "text/javascript; charset=utf-8",
	} {
		response := get(t, assets.URL(name), nil)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != mediaType {
			t.Errorf("%s: %d %s", name, response.StatusCode, response.Header.Get("Content-Type"))
		}
		if cache := response.Header.Get("Cache-Control"); !strings.Contains(cache, "immutable") {
			t.Errorf("%s: Cache-Control is %q", name, cache)
		}
	}
}

func TestAnAddressWithoutItsHashIsNotKept(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/assets/app.css", "/assets/app.css?v=older"} {
		if cache := get(t, target, nil).Header.Get("Cache-Control"); cache != "no-cache" {
			t.Errorf("%s: Cache-Control is %q", target, cache)
		}
	}
}

func TestPacksForThoseWhoUnpack(t *testing.T) {
	t.Parallel()
	plain := body(t, get(t, assets.URL("app.js"), nil).Body)
	response := get(t, assets.URL("app.js"), map[string]string{"Accept-Encoding": "gzip, br"})
	unpacked, err := gzip.NewReader(response.Body)
	if err != nil {
		t.Fatalf("the answer is not gzip: %v", err)
	}
	if body(t, unpacked) != plain {
		t.Error("the packed form differs from the plain one")
	}
}

func TestKnownContentIsNotSentAgain(t *testing.T) {
	t.Parallel()
	first := get(t, assets.URL("app.css"), nil)
	again := get(t, assets.URL("app.css"), map[string]string{"If-None-Match": first.Header.Get("Etag")})
	if again.StatusCode != http.StatusNotModified || body(t, again.Body) != "" {
		t.Errorf("status %d for a known content", again.StatusCode)
	}
}

func TestNothingElseIsServed(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/assets/", "/assets/vendor", "/assets/assets.go", "/assets/../page/render.go", "/assets/src/package.json"} {
		if response := get(t, target, nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", target, response.StatusCode)
		}
	}
}
