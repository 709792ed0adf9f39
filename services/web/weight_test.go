package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"testing"
)

// What a public page may weigh over the wire with all that it loads, in bytes: a
// phone on 2G waits for it. A form is what somebody in need opens first.
const (
	formWeight = 60 << 10
	pageWeight = 100 << 10
)

var loaded = regexp.MustCompile(`(?:src|href|data-proof)="(/assets/[^"]+)"`)

// TestPublicPagesAreLight adds up what a browser gets that has nothing yet.
func TestPublicPagesAreLight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(20)
	for path, most := range map[string]int{
		"/": pageWeight, "/request": formWeight, "/offer": formWeight, "/request/print": pageWeight, "/track": pageWeight, "/answer": pageWeight,
		"/board": pageWeight, "/board/embed": pageWeight, "/honours": pageWeight,
	} {
		for _, lang := range []string{"en", "zh-Hans", "zh-Hant"} {
			page, weight := b.packed(path + "?lang=" + lang)
			if weight += b.assetsOf(page); weight > most {
				t.Errorf("%s in %s weighs %d bytes, more than %d", path, lang, weight, most)
			}
		}
	}
	r := b.reader()
	r.post("/request", requestForm(key(70))).shows(http.StatusOK)
	if weight := len(r.page) + b.assetsOf(r.page); weight > pageWeight { // it holds a secret: it goes unpacked
		t.Errorf("the tracking page weighs %d bytes", weight)
	}
}

// assetsOf is the weight of all that a page loads.
func (b *bench) assetsOf(page string) int {
	b.t.Helper()
	weight := 0
	for _, asset := range loaded.FindAllStringSubmatch(page, -1) {
		_, size := b.packed(asset[1])
		weight += size
	}
	if weight == 0 {
		b.t.Fatal("the page loads nothing")
	}
	return weight
}

// packed asks for a path as browsers do, and returns the page and its weight.
func (b *bench) packed(path string) (string, int) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.address+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip") // so that the client leaves it packed
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	raw, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: status %d: %v", path, response.StatusCode, err)
	}
	if response.Header.Get("Content-Encoding") != "gzip" {
		return string(raw), len(raw)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		b.t.Fatal(err)
	}
	page, err := io.ReadAll(unpacked)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(page), len(raw)
}
