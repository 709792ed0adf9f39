package testkit

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"heli/pkg/bus"
	"heli/pkg/embedded"
	"heli/pkg/seal"
)

// Server is the NATS server of one test, with JetStream, every service's user
// and rights, the stream and its consumers.
type Server struct {
	dir   string
	users []embedded.NATSUser
	keys  *seal.Keys
	port  int
	*embedded.NATS
}

// NATS starts a server with a folder of its own on a free port of 127.0.0.1 and
// stops it after the test.
func NATS(t testing.TB) *Server {
	t.Helper()
	keys, err := seal.New()
	must(t, "make keys", err)
	users, err := embedded.ServiceUsers(keys.NKeySeed)
	must(t, "make NATS users", err)
	s := &Server{dir: t.TempDir(), users: users, keys: keys}
	s.Start(t)
	t.Cleanup(func() { s.Stop(t) })
	s.Provision(t)
	return s
}

// Start starts the server again after Stop, at the same address.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	server, err := embedded.StartNATS(ctx, embedded.NATSOptions{Dir: s.dir, Port: s.port, Users: s.users, Log: Log(t)})
	must(t, "start NATS", err)
	s.NATS, s.port = server, server.Port()
}

// Stop stops the server, so that tests see it fail; it may be called again.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	must(t, "stop NATS", s.NATS.Stop())
}

// Wipe stops the server and deletes everything that JetStream stored.
func (s *Server) Wipe(t testing.TB) {
	t.Helper()
	s.Stop(t)
	must(t, "delete JetStream data", os.RemoveAll(filepath.Join(s.dir, "jetstream")))
}

// Provision makes the stream and its consumers, as an administrator does.
func (s *Server) Provision(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	must(t, "make stream", bus.EnsureStream(ctx, s.Conn(t, embedded.Administrator)))
}

// Seed returns the nkey seed of a service or of the administrator.
func (s *Server) Seed(name string) string { return s.keys.NKeySeed(name) }

// Keys returns the secrets that the users' seeds come from.
func (s *Server) Keys() *seal.Keys { return s.keys }

// Conn connects as a service or the administrator until the test ends, below
// pkg/bus: for tests of rights and of broken messages.
func (s *Server) Conn(t testing.TB, name string, options ...nats.Option) *nats.Conn {
	t.Helper()
	pair, err := nkeys.FromSeed([]byte(s.Seed(name)))
	must(t, "read nkey seed", err)
	public, err := pair.PublicKey()
	must(t, "read nkey seed", err)
	options = append([]nats.Option{
		nats.Name(name), nats.CustomInboxPrefix("_INBOX_" + name), nats.Nkey(public, pair.Sign), nats.MaxReconnects(-1),
	}, options...)
	nc, err := nats.Connect(s.URL(), options...)
	must(t, "connect to NATS", err)
	t.Cleanup(nc.Close)
	return nc
}

// Bus connects as a service until the test ends.
func Bus(t testing.TB, s *Server, service string) *bus.Bus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	b, err := bus.Connect(ctx, bus.Options{URL: s.URL(), Name: service, Seed: s.Seed(service), Log: Log(t)})
	must(t, "connect to NATS", err)
	t.Cleanup(b.Close)
	return b
}
