package bus_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/trace"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

type question struct {
	Text string `json:"text"`
	Tell string `json:"tell,omitempty"`
}

type answer struct {
	Text  string `json:"text"`
	Actor contract.Actor
	Trace string
}

var echo = contract.Endpoint[question, answer]{Subject: "svc.echo.say"}

func TestCallCarriesActorAndTrace(t *testing.T) {
	t.Parallel()
	b := startNATS(t).connect(t, "echo")
	handle(t, serve(t, b, "echo"), echo, func(ctx context.Context, q question) (answer, error) {
		return answer{Text: q.Text, Actor: contract.ActorFrom(ctx), Trace: trace.SpanContextFromContext(ctx).TraceID().String()}, nil
	})
	actor := contract.Actor{Role: contract.RoleCoordinator, Name: "王 \"W\"\n", Path: "root/shaanxi/"}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2}, SpanID: trace.SpanID{3}, TraceFlags: trace.FlagsSampled})
	ctx := trace.ContextWithSpanContext(contract.WithActor(t.Context(), actor), span)

	got, err := bus.Call(ctx, b, echo, question{Text: "口罩"})
	if err != nil {
		t.Fatal(err)
	}
	want := answer{Text: "口罩", Actor: actor, Trace: span.TraceID().String()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	got, err = bus.Call(t.Context(), b, echo, question{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Actor != (contract.Actor{Role: contract.RolePublic}) {
		t.Errorf("without an actor the handler saw %+v", got.Actor)
	}
}

func TestFaultsCross(t *testing.T) {
	t.Parallel()
	invalid := fault.NewInvalid(fault.Field{Location: "need_lines[0].unit", Code: "too_long", Args: map[string]any{"max": 3.0}})
	cases := map[string]struct {
		err    error
		panics any
		want   *fault.Error
		logged bool
	}{
		"invalid":         {err: invalid, want: invalid},
		"wrapped":         {err: errors.Join(errors.New("insert request"), fault.NewConflict("taken", "it is taken")), want: fault.NewConflict("taken", "it is taken")},
		"not found":       {err: fault.NewNotFound("request"), want: fault.NewNotFound("request")},
		"forbidden":       {err: fault.NewForbidden("open a request"), want: fault.NewForbidden("open a request")},
		"unavailable":     {err: fault.NewUnavailable(errors.New("secret cause")), want: fault.New(fault.Unavailable, "unavailable", "try again in a moment"), logged: true},
		"context":         {err: context.DeadlineExceeded, want: fault.New(fault.Unavailable, "unavailable", "try again in a moment"), logged: true},
		"anything else":   {err: errors.New("secret cause"), want: fault.As(errors.New("secret cause")), logged: true},
		"panic":           {panics: "secret cause", want: fault.As(errors.New("secret cause")), logged: true},
		"panic by a nil":  {panics: error(nil), want: fault.As(errors.New("nil")), logged: true},
		"answer too long": {want: fault.As(errors.New("too large")), logged: true},
	}
	server := startNATS(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log syncBuffer
			b := server.connect(t, "echo", func(o *bus.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			endpoint := contract.Endpoint[question, answer]{Subject: "svc.echo." + strings.ReplaceAll(name, " ", "_")}
			handle(t, serve(t, b, "echo"), endpoint, func(context.Context, question) (answer, error) {
				if strings.HasPrefix(name, "panic") {
					panic(c.panics)
				}
				return answer{Text: strings.Repeat("x", bus.MaxPayloadBytes)}, c.err
			})
			_, err := bus.Call(t.Context(), b, endpoint, question{Text: "private words"})
			crossed, ok := errors.AsType[*fault.Error](err)
			if !ok {
				t.Fatalf("got %v, want a fault", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the cause crossed: %v", err)
			}
			if diff := cmp.Diff(c.want, crossed, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".cause" }, cmp.Ignore())); diff != "" {
				t.Error(diff)
			}
			if logged := strings.Count(log.String(), "a call failed"); logged > 1 || (logged == 1) != c.logged {
				t.Errorf("logged %d times:\n%s", logged, log.String())
			}
			if strings.Contains(log.String(), "private words") {
				t.Errorf("the question was logged:\n%s", log.String())
			}
		})
	}
}

func TestHandleRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	b := startNATS(t).connect(t, "echo")
	handle(t, serve(t, b, "echo"), echo, func(context.Context, question) (answer, error) { return answer{}, nil })
	actor := `{"role":"public"}`
	cases := map[string]struct {
		data, actor string
		kind        fault.Kind
		location    string
	}{
		"fine":          {`{"text":"a"}`, actor, "", ""},
		"no actor":      {`{"text":"a"}`, "", "", ""},
		"unknown key":   {`{"txt":"a"}`, actor, fault.Invalid, ""},
		"wrong type":    {`{"text":1}`, actor, fault.Invalid, "text"},
		"no JSON":       {`text`, actor, fault.Invalid, ""},
		"nothing":       {``, actor, fault.Invalid, ""},
		"two documents": {`{} {}`, actor, fault.Invalid, ""},
		"actor broken":  {`{"text":"a"}`, `{"role"`, fault.Forbidden, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patienceOfTests)
			defer cancel()
			msg := &nats.Msg{Subject: echo.Subject, Data: []byte(c.data), Header: nats.Header{"Heli-Actor": {c.actor}}}
			reply, err := b.Conn().RequestMsgWithContext(ctx, msg)
			if err != nil {
				t.Fatal(err)
			}
			if kind := fault.Kind(reply.Header.Get("Nats-Service-Error-Code")); kind != c.kind {
				t.Errorf("kind %q, want %q (%s)", kind, c.kind, reply.Data)
			}
			if !strings.Contains(string(reply.Data), `"location":"`+c.location+`"`) && c.kind == fault.Invalid {
				t.Errorf("location %q is not in %s", c.location, reply.Data)
			}
		})
	}
}

func TestCallRefusesTooMuch(t *testing.T) {
	t.Parallel()
	b := startNATS(t).connect(t, "web")
	_, err := bus.Call(t.Context(), b, echo, question{Text: strings.Repeat("x", bus.MaxPayloadBytes)})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want invalid", err)
	}
	small := startNATS(t, func(o *server.Options) { o.MaxPayload = 1024 }).connect(t, "web")
	_, err = bus.Call(t.Context(), small, echo, question{Text: strings.Repeat("x", 2048)})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a server with a smaller limit: got %v, want invalid", err)
	}
}

func TestCallUnavailable(t *testing.T) {
	t.Parallel()
	server := startNATS(t)
	b := server.connect(t, "web")
	if _, err := bus.Call(t.Context(), b, echo, question{}); !fault.Is(err, fault.Unavailable) || !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("nobody answers: got %v", err)
	}

	reached, release := make(chan struct{}, 1), make(chan struct{})
	handle(t, serve(t, b, "echo"), echo, func(ctx context.Context, _ question) (answer, error) {
		select {
		case reached <- struct{}{}:
		default:
		}
		<-release
		return answer{}, nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	context.AfterFunc(t.Context(), cancel)
	go func() {
		<-reached
		cancel()
	}()
	if _, err := bus.Call(ctx, b, echo, question{}); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the caller left: got %v", err)
	}

	failed := make(chan error, 1)
	long, done := context.WithTimeout(t.Context(), time.Hour)
	defer done()
	go func() {
		_, err := bus.Call(long, b, echo, question{})
		failed <- err
	}()
	receive(t, reached, "the call to arrive")
	server.stop()
	if err := receive(t, failed, "the call under way to end with its connection"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("connection lost: got %v", err)
	}
	eventually(t, "the bus knows it is cut off", func() bool { return !b.Connected() })
	if _, err := bus.Call(long, b, echo, question{}); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("while cut off: got %v", err)
	}
	close(release)
	server.start(t)
	eventually(t, "calls work again", func() bool {
		_, err := bus.Call(long, b, echo, question{})
		return err == nil
	})
}

func TestConnectBeforeTheServer(t *testing.T) {
	t.Parallel()
	server := startNATS(t)
	server.stop()
	b := server.connect(t, "echo")
	handle(t, serve(t, b, "echo"), echo, func(context.Context, question) (answer, error) { return answer{Text: "here"}, nil })
	if _, err := bus.Call(t.Context(), b, echo, question{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("before the server: got %v", err)
	}
	server.start(t)
	eventually(t, "the endpoint answers", func() bool {
		got, err := bus.Call(t.Context(), b, echo, question{})
		return err == nil && got.Text == "here"
	})
}

func TestConnectRefusesABadSeed(t *testing.T) {
	t.Parallel()
	if _, err := bus.Connect(t.Context(), bus.Options{URL: "nats://127.0.0.1:1", Name: "web", Seed: "SUnonsense"}); err == nil {
		t.Error("a seed that is none was taken")
	}
}

func TestHandlersRunAtOnce(t *testing.T) {
	t.Parallel()
	const callers = 16
	b := startNATS(t).connect(t, "echo")
	var together sync.WaitGroup
	together.Add(callers)
	handle(t, serve(t, b, "echo"), echo, func(context.Context, question) (answer, error) {
		together.Done()
		together.Wait() // returns only when all run at the same time
		return answer{}, nil
	})
	var calls sync.WaitGroup
	for range callers {
		calls.Go(func() {
			if _, err := bus.Call(t.Context(), b, echo, question{}); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

func TestStopWaitsForHandlers(t *testing.T) {
	t.Parallel()
	b := startNATS(t).connect(t, "echo")
	server, err := bus.NewServer(b, "echo")
	if err != nil {
		t.Fatal(err)
	}
	server.LetEverybody()
	reached, release := make(chan struct{}), make(chan struct{})
	handle(t, server, echo, func(context.Context, question) (answer, error) {
		close(reached)
		<-release
		return answer{Text: "done"}, nil
	})
	answered := make(chan answer, 1)
	go func() {
		got, err := bus.Call(t.Context(), b, echo, question{})
		if err != nil {
			t.Error(err)
		}
		answered <- got
	}()
	receive(t, reached, "the handler to begin")
	var stopped atomic.Bool
	stop := make(chan struct{})
	go func() {
		server.Stop()
		stopped.Store(true)
		close(stop)
	}()
	eventually(t, "no new question is taken", func() bool {
		_, err := bus.Call(t.Context(), b, echo, question{})
		return errors.Is(err, nats.ErrNoResponders)
	})
	if stopped.Load() {
		t.Error("stop did not wait")
	}
	close(release)
	if got := receive(t, answered, "the answer"); got.Text != "done" {
		t.Errorf("got %+v", got)
	}
	receive(t, stop, "the end of the stop")
	server.Stop()
}

func TestObservations(t *testing.T) {
	t.Parallel()
	seen := make(chan bus.Observation, 8)
	b := startNATS(t).connect(t, "echo", func(o *bus.Options) { o.Observe = func(x bus.Observation) { seen <- x } })
	handle(t, serve(t, b, "echo"), echo, func(context.Context, question) (answer, error) {
		return answer{}, fault.NewNotFound("word")
	})
	if _, err := bus.Call(t.Context(), b, echo, question{}); !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	sides := map[string]bool{}
	for range 2 {
		x := receive(t, seen, "an observation")
		sides[x.Side] = x.Subject == echo.Subject && x.Kind == fault.NotFound && x.Seconds > 0
	}
	if !sides["call"] || !sides["handle"] {
		t.Errorf("observed %v", sides)
	}
}

// syncBuffer is a log that a test reads while others write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
