package app_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"heli/pkg/app"
)

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	h := app.NewHealth()
	look := func() (int, string) {
		w := httptest.NewRecorder()
		h.ServeReady(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	expect := func(status int, body string) {
		t.Helper()
		if code, got := look(); code != status || got != body {
			t.Errorf("%d %s, want %d %s", code, got, status, body)
		}
	}
	expect(200, `{"ready":true}`)
	down := errors.New("secret reason")
	h.Check("request/nats", func(context.Context) error { return down })
	ready := h.Expect("request")
	expect(503, `{"missing":["request","request/nats"],"ready":false}`)
	ready()
	ready()
	expect(503, `{"missing":["request/nats"],"ready":false}`)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Await(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("awaited %v", err)
	}
	down = nil
	if err := h.Await(t.Context()); err != nil {
		t.Errorf("awaited %v", err)
	}
	expect(200, `{"ready":true}`)
	h.Stop()
	expect(503, `{"missing":["stopping"],"ready":false}`)
	w := httptest.NewRecorder()
	h.ServeAlive(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil))
	if w.Code != 200 {
		t.Errorf("a stopping process looks dead: %d", w.Code)
	}
}

func TestAdminServer(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	telemetry, err := app.NewTelemetry(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := app.NewAdminServer(t.Context(), "127.0.0.1:0", app.NewHealth(), telemetry.Registry, quiet)
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.NewAdminServer(t.Context(), admin.Address(), app.NewHealth(), telemetry.Registry, quiet)
	if err == nil || !strings.Contains(err.Error(), "--admin-listen") {
		t.Errorf("a port in use: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- admin.Run(ctx) }()
	for path, want := range map[string]string{
		"/healthz": `"alive":true`, "/readyz": `"ready":true`, "/metrics": "go_goroutines", "/debug/pprof/": "goroutine",
	} {
		if status, body := get(t, "http://"+admin.Address()+path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
