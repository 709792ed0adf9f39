// Package web owns the way in: public pages, console, REST API, sessions and
// the spool. It turns people's input into calls and answers into pages, and
// decides nothing about requests, offers or matches. It never opens another
// service's table.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"heli/pkg/app"
	"heli/pkg/locale"
	"heli/services/web/guard"
	"heli/services/web/inbound"
	"heli/services/web/intake"
	"heli/services/web/live"
	"heli/services/web/page"
	"heli/services/web/public"
	"heli/services/web/session"
	"heli/services/web/site"
	"heli/services/web/upload"
)

// Limits of the server. Pages are small; the live stream sets its own deadline.
const (
	headerTime    = 5 * time.Second
	readTime      = 15 * time.Second
	writeTime     = 30 * time.Second
	idleTime      = 90 * time.Second
	stopTime      = 10 * time.Second
	maxHeader     = 32 << 10
	maxBody       = 256 << 10 // two fields of 10,000 Chinese characters, to be shown again
	purgeInterval = time.Hour
)

// defaultZone is the zone of readers whose own is not known.
const defaultZone = "Asia/Shanghai"

// Server serves web. New and then Run; Close for one that never ran.
type Server struct {
	deps     site.Deps
	listener net.Listener
	server   *http.Server
}

// Run serves web until ctx ends. It needs NATS for nothing at its start.
func Run(ctx context.Context, d app.Deps, c Config) error {
	s, err := New(ctx, d, c)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// New listens at once, so that a port in use is known before anything else
// happens, and assembles the pages.
func New(ctx context.Context, d app.Deps, c Config) (*Server, error) {
	if err := errors.Join(c.checkProxies(), c.checkSecurityContacts()); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; is another program using it? choose another address with --listen", c.Listen, err)
	}
	deps, err := assemble(d, c, listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	handler := router(deps, c)
	return &Server{deps, listener, &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(d.Log.Handler(), slog.LevelWarn),
	}}, nil
}

// assemble builds what the parts of web share.
func assemble(d app.Deps, c Config, listening string) (site.Deps, error) {
	address, https, err := c.public(listening)
	if err != nil {
		return site.Deps{}, err
	}
	provider, err := c.oidc()
	if err != nil {
		return site.Deps{}, err
	}
	secret, err := c.bounceSecret()
	if err != nil {
		return site.Deps{}, err
	}
	catalogue, err := locale.New()
	if err != nil {
		return site.Deps{}, fmt.Errorf("read catalogues: %w", err)
	}
	zone, _ := catalogue.Zone(defaultZone)
	pages, err := page.New(page.Options{
		Catalogue: catalogue, Zone: zone, HTTPS: https, Origins: []string{address}, PublicURL: address, Foreign: []string{"POST /inbound/{id}"}, Clock: d.Clock, Log: d.Log,
	})
	if err != nil {
		return site.Deps{}, fmt.Errorf("prepare pages: %w", err)
	}
	identities := session.NewIdentities(d.Bus, d.Clock)
	// What web keeps belongs to no organisation and is found by a secret alone,
	// before anybody is known: so it is read as the service's own work.
	passing := intake.New(d)
	s := site.Deps{
		Deps: d, Pages: pages, Identities: identities, Intake: passing, Live: live.New(d.Clock), Uploads: upload.New(d, passing),
		Forms:     inbound.New(d, passing),
		Guard:     guard.New(d, guard.Options{WritesPerMinute: c.WritesPerMinute, TooMany: tooMany(pages)}),
		PublicURL: address, HTTPS: https, MaxBodyBytes: maxBody, BounceSecret: secret,
		Sessions: session.New(session.Options{
			DB: d.Worker, Bus: d.Bus, Keys: d.Keys, Identities: identities, PublicURL: address, HTTPS: https, OIDC: provider,
			Clock: d.Clock, Fail: pages.Fail,
		}),
	}
	return s, watch(s)
}

// watch publishes how many submissions wait in the spool.
func watch(d site.Deps) error {
	gauge := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "heli_spool_waiting", Help: "Submissions that wait for their service.",
	}, func() float64 { return float64(d.Intake.Waiting()) })
	if err := d.Registry.Register(gauge); err != nil {
		return fmt.Errorf("register metric: %w", err)
	}
	return nil
}

// Address returns where the server listens, as HOST:PORT.
func (s *Server) Address() string { return s.listener.Addr().String() }

// PublicURL returns where readers reach the pages.
func (s *Server) PublicURL() string { return s.deps.PublicURL }

// Close stops listening, for a server that never ran.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends, then lets requests under way finish.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.serve(ctx) })
	group.Go(func() error { return s.deps.Live.Run(ctx, s.deps.Bus) })
	group.Go(func() error { return s.deps.Identities.Run(ctx) })
	group.Go(func() error { return s.deps.Intake.Run(ctx) })
	group.Go(func() error { return s.deps.Uploads.Run(ctx) })
	group.Go(func() error { return s.deps.Forms.Run(ctx) })
	group.Go(func() error { return s.purge(ctx) })
	return group.Wait()
}

func (s *Server) serve(ctx context.Context) error {
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		stopped <- s.server.Shutdown(end)
	})()
	s.deps.Log.InfoContext(ctx, "serving pages", "address", s.Address(), "public", s.deps.PublicURL)
	s.deps.Ready()
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve pages: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("stop serving: %w", errors.Join(err, s.server.Close()))
	}
	return nil
}

// purge deletes what is over, once an hour.
func (s *Server) purge(ctx context.Context) error {
	ticker := time.NewTicker(purgeInterval)
	defer ticker.Stop()
	for {
		for _, purge := range []func(context.Context) error{
			s.deps.Sessions.Purge, s.deps.Intake.Purge, s.deps.Guard.Purge, s.deps.Uploads.Purge, s.deps.Forms.Purge,
			func(ctx context.Context) error { return public.PurgeTries(ctx, s.deps.Worker, s.deps.Clock()) },
		} {
			if err := purge(ctx); err != nil && ctx.Err() == nil {
				s.deps.Log.WarnContext(ctx, "could not purge, trying again in an hour", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
