package app_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/fault"
)

// metrics returns the values of a metric by one of its labels; of a histogram
// the number of observations.
func metrics(t *testing.T, registry prometheus.Gatherer, name, label string) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == label {
					values[l.GetValue()] = m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
				}
			}
		}
	}
	return values
}

func TestCallMetrics(t *testing.T) {
	t.Parallel()
	telemetry, err := app.NewTelemetry(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	observe := telemetry.Observe("web")
	observe(bus.Observation{Side: "call", Subject: "svc.request.submit", Seconds: 0.002})
	observe(bus.Observation{Side: "call", Subject: "svc.request.submit", Kind: fault.Conflict, Seconds: 0.002})
	want := map[string]float64{"ok": 1, "conflict": 1}
	if diff := cmp.Diff(want, metrics(t, telemetry.Registry, "heli_bus_seconds", "kind")); diff != "" {
		t.Error(diff)
	}
}

func TestWatchOutbox(t *testing.T) {
	t.Parallel()
	telemetry, err := app.NewTelemetry(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	var broken error
	lag := func(context.Context) (int64, time.Duration, error) { return 3, 90 * time.Second, broken }
	for _, service := range []string{"request", "offer"} { // two services of one process do not collide
		if err := app.WatchOutbox(telemetry.For(service), lag); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.WatchOutbox(telemetry.For("offer"), lag); err == nil {
		t.Error("one outbox is watched twice")
	}
	for name, want := range map[string]float64{"heli_outbox_unpublished": 3, "heli_outbox_oldest_seconds": 90} {
		got := metrics(t, telemetry.Registry, name, "service")
		if diff := cmp.Diff(map[string]float64{"request": want, "offer": want}, got); diff != "" {
			t.Error(name, diff)
		}
	}
	broken = errors.New("no database")
	if got := metrics(t, telemetry.Registry, "heli_outbox_unpublished", "service"); len(got) != 0 {
		t.Errorf("without a database: %v", got)
	}
}

func TestTracesGoOut(t *testing.T) {
	received := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { received <- r.URL.Path }))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	telemetry, err := app.NewTelemetry(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	_, span := telemetry.Traces.Tracer("test").Start(t.Context(), "work")
	span.End()
	if err := telemetry.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(received) == 0 || <-received != "/v1/traces" {
		t.Error("no trace went out")
	}
}
