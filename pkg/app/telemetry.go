package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"heli/pkg/bus"
)

// Telemetry holds the metrics and traces of a process.
type Telemetry struct {
	Registry *prometheus.Registry
	Traces   trace.TracerProvider
	calls    *prometheus.HistogramVec
	shutdown func(context.Context) error
}

// NewTelemetry returns metrics of the Go runtime, the process and the bus, and
// traces that go out by OTLP over HTTP when OTEL_EXPORTER_OTLP_ENDPOINT is set;
// the other OTEL_ variables work as OpenTelemetry says. The caller closes it.
func NewTelemetry(ctx context.Context, name string) (*Telemetry, error) {
	t := &Telemetry{
		Registry: prometheus.NewRegistry(),
		Traces:   noop.NewTracerProvider(),
		shutdown: func(context.Context) error { return nil },
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "heli_bus_seconds",
			Help:    "Duration of calls made, calls answered and facts consumed, by outcome.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"service", "side", "subject", "kind"}),
	}
	t.Registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), t.calls)
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		return t, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	about, err := resource.Merge(resource.Default(), resource.NewSchemaless(attribute.String("service.name", name)))
	if err != nil {
		return nil, fmt.Errorf("describe this process in traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	t.Traces, t.shutdown = provider, provider.Shutdown
	return t, nil
}

// Close sends the last traces; ctx bounds it.
func (t *Telemetry) Close(ctx context.Context) error {
	if err := t.shutdown(ctx); err != nil {
		return fmt.Errorf("send the last traces: %w", err)
	}
	return nil
}

// For returns a registerer that labels every metric with the service.
func (t *Telemetry) For(service string) prometheus.Registerer {
	return prometheus.WrapRegistererWith(prometheus.Labels{"service": service}, t.Registry)
}

// Observe returns what counts a service's calls, answers and deliveries. The
// kind is "ok" for success.
func (t *Telemetry) Observe(service string) func(bus.Observation) {
	return func(o bus.Observation) {
		kind := string(o.Kind)
		if kind == "" {
			kind = "ok"
		}
		t.calls.WithLabelValues(service, o.Side, o.Subject, kind).Observe(o.Seconds)
	}
}

// lagTime bounds the look at the outbox of one scrape.
const lagTime = 2 * time.Second

// WatchOutbox publishes how many events wait in an outbox and how old the
// oldest is, as given by lag, such as outbox.Relay.Lag. When lag fails, the
// scrape lacks both.
func WatchOutbox(registry prometheus.Registerer, lag func(context.Context) (count int64, oldest time.Duration, err error)) error {
	err := registry.Register(lagCollector{
		lag:    lag,
		count:  prometheus.NewDesc("heli_outbox_unpublished", "Events that wait to be published.", nil, nil),
		oldest: prometheus.NewDesc("heli_outbox_oldest_seconds", "Age of the oldest event that waits to be published.", nil, nil),
	})
	if err != nil {
		return fmt.Errorf("watch outbox: %w", err)
	}
	return nil
}

type lagCollector struct {
	lag           func(context.Context) (int64, time.Duration, error)
	count, oldest *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c lagCollector) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- c.count
	descriptions <- c.oldest
}

// Collect implements prometheus.Collector.
func (c lagCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTime)
	defer cancel()
	count, oldest, err := c.lag(ctx)
	if err != nil {
		return
	}
	metrics <- prometheus.MustNewConstMetric(c.count, prometheus.GaugeValue, float64(count))
	metrics <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, oldest.Seconds())
}
