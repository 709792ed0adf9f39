package pg_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

func TestOpenFailsAtOnceOnAMistake(t *testing.T) {
	t.Parallel()
	good := testkit.AdminURL(t)
	cases := map[string]func(*url.URL){
		"password": func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wrong") },
		"database": func(u *url.URL) { u.Path = "/nowhere" },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(good)
			if err != nil {
				t.Fatal(err)
			}
			spoil(u)
			// Without an end of its own, waiting would never return.
			if _, err := pg.Open(t.Context(), u.String()); err == nil || fault.Is(err, fault.Unavailable) {
				t.Errorf("Open gave %v", err)
			}
		})
	}
}

func TestOpenNeverShowsTheURL(t *testing.T) {
	t.Parallel()
	_, err := pg.Open(t.Context(), "postgres://heli:hidden@/%zz")
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("Open gave %v", err)
	}
}

func TestOpenWaitsForTheServerUntilTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := pg.Open(ctx, "postgres://postgres@/postgres?host="+t.TempDir())
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("Open gave %v", err)
	}
}

func TestPoolIsBounded(t *testing.T) {
	t.Parallel()
	if n := connect(t).Stats().MaxOpenConnections; n != 16 {
		t.Errorf("the pool has %d connections, not 16", n)
	}
	if n := connect(t, pg.WithConnections(3)).Stats().MaxOpenConnections; n != 3 {
		t.Errorf("the pool has %d connections, not 3", n)
	}
}

func TestSpansHoldNoValue(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
	db := connect(t, pg.WithTracing(provider))
	db.MustExec(`CREATE TABLE person (phone text PRIMARY KEY)`)
	if n := len(recorder.Ended()); n != 0 {
		t.Errorf("%d spans outside a trace", n)
	}
	ctx, span := provider.Tracer("test").Start(t.Context(), "outer")
	for range 2 {
		_, err := db.ExecContext(ctx, `INSERT INTO person (phone) VALUES ($1)`, "+8613900000000")
		if err != nil && pg.Constraint(pg.Map(err)) != "person_pkey" {
			t.Fatal(err)
		}
	}
	span.End()
	status := ""
	for _, s := range recorder.Ended() {
		for _, a := range s.Attributes() {
			if strings.Contains(a.Value.String(), "13900000000") {
				t.Errorf("span %s shows a value in %s", s.Name(), a.Key)
			}
			if a.Key == "db.response.status_code" {
				status = a.Value.String()
			}
		}
		if len(s.Events()) > 0 {
			t.Errorf("span %s has an event, which may quote a value", s.Name())
		}
	}
	if status != "23505" {
		t.Errorf("no span tells the SQLSTATE of the failure, only %q", status)
	}
}
