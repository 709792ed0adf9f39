package testkit

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"heli/pkg/app"
	"heli/pkg/reference"
	"heli/pkg/seal"
)

// World is what the services of one test share.
type World struct {
	Server    *Server
	Database  *Database
	Keys      *seal.Keys
	Clock     *Clock
	Reference *app.Reference
}

// NewWorld makes a NATS server, a database with the schemas of the services,
// keys, a clock at a fixed moment and the reference data of Reference. All ends
// with the test.
func NewWorld(t testing.TB, services ...string) *World {
	t.Helper()
	server := NATS(t)
	return &World{
		Server:    server,
		Database:  NewDatabase(t, services...),
		Keys:      server.Keys(),
		Clock:     NewClock(time.Time{}),
		Reference: app.FixedReference(reference.NewSnapshot(Reference())),
	}
}

// Deps returns what a service is handed, over connections of its own with its
// own limited rights. Called twice, it stands for two processes of the service.
func (w *World) Deps(t testing.TB, service string) app.Deps {
	t.Helper()
	health := app.NewHealth()
	return app.Deps{
		Name:      service,
		DB:        w.Database.OpenActing(t, service),
		Worker:    w.Database.Open(t, service),
		Bus:       Bus(t, w.Server, service),
		Keys:      w.Keys,
		Reference: w.Reference,
		Clock:     w.Clock.Now,
		Log:       Log(t),
		Registry:  prometheus.NewRegistry(),
		Traces:    noop.NewTracerProvider(),
		Health:    health,
		Ready:     health.Expect(service),
	}
}

// Deps returns what a service is handed in a world of its own, for tests that
// need nothing else of that world.
func Deps(t testing.TB, service string) app.Deps {
	t.Helper()
	return NewWorld(t, service).Deps(t, service)
}
