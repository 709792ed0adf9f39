package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	adminHeaderTimeout = 5 * time.Second
	adminStopTime      = 2 * time.Second
)

// AdminServer serves operators alone: /healthz, /readyz, /metrics and
// /debug/pprof/. Its listener must not be public.
type AdminServer struct {
	listener net.Listener
	server   *http.Server
}

// NewAdminServer listens at once, so that a port in use is known before
// anything else starts. Run or Close must follow.
func NewAdminServer(ctx context.Context, listen string, health *Health, metrics prometheus.Gatherer, log *slog.Logger) (*AdminServer, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen for operators: %w: end the program that uses %s, or choose another address with --admin-listen", err, listen)
	}
	return &AdminServer{listener: listener, server: &http.Server{
		Handler:           adminRoutes(health, metrics),
		ReadHeaderTimeout: adminHeaderTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}, nil
}

func adminRoutes(health *Health, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", health.ServeAlive)
	mux.HandleFunc("GET /readyz", health.ServeReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// Address returns where it listens, as HOST:PORT.
func (a *AdminServer) Address() string { return a.listener.Addr().String() }

// Run serves until ctx ends, then lets requests under way finish for a moment.
func (a *AdminServer) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- a.server.Serve(a.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve operators: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), adminStopTime)
	defer cancel()
	err := a.server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = a.server.Close() // a profile being taken may be cut short
	}
	<-served //nolint:errcheck // what ended the serving was returned above
	return err
}

// Close stops listening, for one that never ran.
func (a *AdminServer) Close() error { return a.listener.Close() }
