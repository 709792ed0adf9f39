// Package bus owns how Heli's services talk over NATS: typed calls, facts in
// JetStream, durable consumers and best-effort broadcasts. It restores who acts
// and the trace on the other side, and turns every failure into a fault.
//
// It never decides what a message means, never logs or records a payload, and
// never holds a truth: PostgreSQL does, so whatever is lost here is sent again.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"heli/pkg/fault"
)

// MaxPayloadBytes is the largest question, answer or fact that crosses the bus.
const MaxPayloadBytes = 8 << 20

const (
	reconnectWait   = 250 * time.Millisecond
	reconnectJitter = 250 * time.Millisecond
	pingInterval    = 3 * time.Second // a silent peer is given up after two pings
	maxPingsOut     = 2
	drainTimeout    = 5 * time.Second
	publishTimeout  = 5 * time.Second
)

// Options say where NATS is and as whom to connect.
type Options struct {
	// URL is ignored when InProcess is set. It must be encrypted (tls://) unless
	// it leads to this machine or ends with ?tls=disable.
	URL string
	// Name is the service: it names the connection and its inboxes.
	Name string
	// Seed is the service's nkey seed; empty when the server asks for none or
	// the URL carries the credentials.
	Seed string
	// CAFile holds the certificates that may have signed the server's; empty
	// means the system's.
	CAFile string
	// InProcess connects to an embedded server without a socket.
	InProcess nats.InProcessConnProvider
	Log       *slog.Logger
	// Observe, when set, is told of every call, answer and delivery.
	Observe func(Observation)
	// Traces, when set, receives a span for every call, answer and delivery.
	Traces trace.TracerProvider
}

// Observation is one finished call, answer or delivery, for metrics.
type Observation struct {
	// Side is "call", "handle" or "consume".
	Side string
	// Subject is the endpoint's subject, or the durable's name for "consume".
	Subject string
	// Kind is empty for success.
	Kind    fault.Kind
	Seconds float64
}

// Bus is one service's connection to NATS, safe for concurrent use.
type Bus struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	log     *slog.Logger
	observe func(Observation)
	tracer  trace.Tracer
	link    *link
	admin   *adminRight
	closed  chan struct{}
}

// Connect returns a bus that is connected or, when the server cannot be reached
// yet, goes on trying for ever; Connected tells which. It fails only when the
// options cannot work. The caller closes the bus.
func Connect(ctx context.Context, o Options) (*Bus, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	b := newBus(o)
	options, err := b.natsOptions(o)
	if err != nil {
		return nil, err
	}
	if o.InProcess == nil {
		if o.URL, err = secure(o.URL); err != nil {
			return nil, err
		}
	}
	if b.nc, err = nats.Connect(o.URL, options...); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	if b.js, err = jetstream.New(b.nc, jetstream.WithPublishAsyncTimeout(publishTimeout)); err != nil {
		b.nc.Close()
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return b, nil
}

func newBus(o Options) *Bus {
	b := &Bus{log: o.Log, observe: o.Observe, link: newLink(), admin: newAdminRight(), closed: make(chan struct{})}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.observe == nil {
		b.observe = func(Observation) {}
	}
	if o.Traces == nil {
		o.Traces = noop.NewTracerProvider()
	}
	b.tracer = o.Traces.Tracer("heli/pkg/bus")
	return b
}

func (b *Bus) natsOptions(o Options) ([]nats.Option, error) {
	options := []nats.Option{
		nats.Name("heli-" + o.Name),
		nats.CustomInboxPrefix("_INBOX_" + o.Name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		// A changed key is repaired on the server's side, so a refusal is waited out too.
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		// No buffer: what cannot be sent now must fail now, so that web can spool.
		nats.ReconnectBufSize(-1),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(maxPingsOut),
		nats.DrainTimeout(drainTimeout),
		nats.ConnectHandler(func(*nats.Conn) { b.log.Info("connected to NATS") }),
		nats.ReconnectHandler(b.reconnected),
		nats.DisconnectErrHandler(b.disconnected),
		nats.ErrorHandler(b.asyncError),
		nats.ClosedHandler(func(*nats.Conn) { close(b.closed) }),
	}
	if o.InProcess != nil {
		options = append(options, nats.InProcessServer(o.InProcess))
	}
	if o.CAFile != "" {
		options = append(options, nats.RootCAs(o.CAFile))
	}
	if o.Seed == "" {
		return options, nil
	}
	identity, err := seedOption(o.Seed)
	return append(options, identity), err
}

// seedOption signs the server's nonce with the service's nkey.
func seedOption(seed string) (nats.Option, error) {
	pair, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return nil, fmt.Errorf("read the NATS seed: %w", err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("read the NATS seed: %w", err)
	}
	return nats.Nkey(public, pair.Sign), nil
}

// Conn returns the connection, for an administrator's work such as EnsureStream.
func (b *Bus) Conn() *nats.Conn { return b.nc }

// Connected reports whether the server can be reached now.
func (b *Bus) Connected() bool { return b.nc.IsConnected() }

// Close lets running subscriptions finish, waits a few seconds at most and
// closes the connection. It is safe to call twice.
func (b *Bus) Close() {
	if err := b.nc.Drain(); err != nil {
		b.nc.Close()
	}
	select {
	case <-b.closed:
	case <-time.After(drainTimeout + time.Second):
		b.nc.Close()
	}
	b.link.broke()
}

func (b *Bus) reconnected(*nats.Conn) {
	b.admin.forget()
	b.log.Info("connected to NATS again")
}

func (b *Bus) disconnected(nc *nats.Conn, err error) {
	b.link.broke()
	if nc.IsClosed() || nc.IsDraining() || err == nil {
		return
	}
	b.log.Warn("lost NATS, trying again", "error", err)
}

// asyncError hears what has no caller to return to. A denied publish shows here
// and nowhere else, and the caller only times out, so it is logged loudly.
func (b *Bus) asyncError(_ *nats.Conn, sub *nats.Subscription, err error) {
	attrs := []any{"error", err}
	if sub != nil {
		attrs = append(attrs, "subject", sub.Subject)
	}
	switch {
	case errors.Is(err, nats.ErrPermissionViolation) && b.admin.violated(err.Error()):
		b.log.Debug("somebody else administers JetStream")
	case errors.Is(err, nats.ErrPermissionViolation):
		b.log.Error("NATS refused: this service's key lacks a permission", attrs...)
	default:
		b.log.Warn("NATS reported an error", attrs...)
	}
}
