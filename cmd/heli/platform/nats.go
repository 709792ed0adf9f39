package platform

import (
	"context"
	"path/filepath"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/embedded"
)

// openNATS starts the server, on a port that commands beside it use, or takes
// the given one.
func (p *Platform) openNATS(ctx context.Context) error {
	p.natsURL = p.options.NATSURL
	if p.natsURL != "" {
		return nil
	}
	users, err := embedded.ServiceUsers(p.Keys.NKeySeed)
	if err != nil {
		return err
	}
	server, err := embedded.StartNATS(ctx, embedded.NATSOptions{Dir: filepath.Join(p.Root, "nats"), Users: users, Log: p.log})
	if err != nil {
		return err
	}
	p.onClose(server.Stop)
	p.nats, p.natsURL = server, server.URL()
	return nil
}

// seed returns the nkey seed of a user; empty where NATS asks for none.
func (p *Platform) seed(name string) string {
	if p.nats == nil && !p.options.NATSKeys {
		return ""
	}
	return p.Keys.NKeySeed(name)
}

// openStream connects the administrator, who keeps the stream. On the embedded
// server it is made before the services look for it.
func (p *Platform) openStream(ctx context.Context) error {
	options := bus.Options{
		URL: p.natsURL, Name: embedded.Administrator, Seed: p.seed(embedded.Administrator),
		Log: p.log.With("service", embedded.Administrator), Observe: p.telemetry.Observe(embedded.Administrator), Traces: p.telemetry.Traces,
	}
	if p.nats != nil {
		options.InProcess = p.nats
	}
	b, err := bus.Connect(ctx, options)
	if err != nil {
		return err
	}
	p.Bus = b
	p.onClose(func() error { b.Close(); return nil })
	if p.nats != nil {
		if err := bus.EnsureStream(ctx, b.Conn()); err != nil {
			return err
		}
	}
	return nil
}

// keepStream is the task that makes the stream again when it is lost.
func (p *Platform) keepStream() app.Task { return app.Task{Name: "stream", Run: p.Bus.KeepStream} }
