package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"go.opentelemetry.io/otel/trace"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

const (
	// maxRunning bounds the handlers of one endpoint that run at once, and
	// maxQueued those that run or wait: beyond it a caller hears at once that
	// the service is busy, instead of waiting for a time-out.
	maxRunning = 128
	maxQueued  = 1024
	// maxHandleTime bounds a handler, whatever its caller would wait.
	maxHandleTime = 30 * time.Second
	stopGrace     = 10 * time.Second
	flushTimeout  = 2 * time.Second
)

var (
	errBusy     = fault.New(fault.Unavailable, "busy", "too many calls at once; try again in a moment")
	errStopping = fault.New(fault.Unavailable, "stopping", "this instance is stopping; try again")
)

// Server answers the endpoints of one service through the NATS service API:
// instances share the work as a queue group, and are found and counted by the
// usual NATS tools.
type Server struct {
	bus     *Bus
	service micro.Service
	log     *slog.Logger
	ctx     context.Context // of every handler; ends when Stop loses patience
	cancel  context.CancelFunc
	stop    sync.Once
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	rules   func(subject string) (access.Rule, bool)
}

// NewServer registers a service, such as "request", without any endpoint yet.
// The caller stops it.
func NewServer(b *Bus, name string) (*Server, error) {
	service, err := micro.AddService(b.nc, micro.Config{Name: name, Version: "1.0.0", Description: "Heli " + name})
	if err != nil {
		return nil, fmt.Errorf("register service %s: %w", name, err)
	}
	s := &Server{bus: b, service: service, log: b.log, rules: access.OfEndpoint}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Handle answers an endpoint with a function until the server stops. On return
// the server knows the subscription, unless it cannot be reached; then it will
// once it can.
//
// Only an endpoint with a row in pkg/access is answered, and only to whoever may
// do what the row asks for. The handler's context carries the caller's actor, trace and patience. Unknown
// keys in a question are Invalid. An error crosses as its fault without the
// cause; Internal ones, panics among them, are logged here, once.
func Handle[Q, R any](s *Server, e contract.Endpoint[Q, R], handler func(context.Context, Q) (R, error)) error {
	rule, ok := s.rules(e.Subject)
	if !ok {
		return fmt.Errorf("register endpoint %s: pkg/access does not say who may call it", e.Subject)
	}
	return s.handle(e.Subject, func(ctx context.Context, data []byte) ([]byte, error) {
		if err := rule.Permit(contract.ActorFrom(ctx)); err != nil {
			return nil, err
		}
		var question Q
		if err := decodeQuestion(data, &question); err != nil {
			return nil, err
		}
		answer, err := handler(ctx, question)
		if err != nil {
			return nil, err
		}
		return encodeAnswer(answer)
	})
}

// encodeAnswer makes an answer that is too large a defect of the answerer, not
// of the question.
func encodeAnswer(answer any) ([]byte, error) {
	data, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	if len(data) > MaxPayloadBytes {
		return nil, fmt.Errorf("encode answer: %d bytes are too large for the bus", len(data))
	}
	return data, nil
}

func (s *Server) handle(subject string, run func(context.Context, []byte) ([]byte, error)) error {
	e := &endpoint{
		server: s, subject: subject, run: run,
		queue: make(chan struct{}, maxQueued), slots: make(chan struct{}, maxRunning),
	}
	name := strings.ReplaceAll(strings.TrimPrefix(subject, "svc."), ".", "-")
	if err := s.service.AddEndpoint(name, micro.HandlerFunc(e.dispatch), micro.WithEndpointSubject(subject)); err != nil {
		return fmt.Errorf("register endpoint %s: %w", subject, err)
	}
	// Without the flush a caller that hears of this service may still find nobody.
	if err := s.bus.nc.FlushTimeout(flushTimeout); err != nil && s.bus.nc.IsConnected() {
		return fmt.Errorf("register endpoint %s: %w", subject, err)
	}
	return nil
}

// Stop takes no new question, waits for the handlers that run, and after 10 s
// cancels and awaits the rest. It is safe to call twice.
func (s *Server) Stop() { s.stop.Do(s.shutDown) }

func (s *Server) shutDown() {
	defer s.cancel()
	if err := s.service.Stop(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		s.log.Warn("could not unsubscribe a service", "error", err)
	}
	if s.bus.nc.IsConnected() {
		// What the server sent before it heard of the stop arrives with the flush.
		if err := s.bus.nc.FlushTimeout(flushTimeout); err != nil {
			s.log.Warn("could not flush while stopping", "error", err)
		}
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	impatience := time.AfterFunc(stopGrace, s.cancel)
	defer impatience.Stop()
	s.running.Wait()
}

// enter counts a handler in, unless the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

// endpoint is one subject that a server answers.
type endpoint struct {
	server  *Server
	subject string
	run     func(context.Context, []byte) ([]byte, error)
	queue   chan struct{} // holds those that wait or run
	slots   chan struct{} // holds those that run
}

// dispatch is called by one goroutine per endpoint, one question after another,
// so it must never wait.
func (e *endpoint) dispatch(question micro.Request) {
	select {
	case e.queue <- struct{}{}:
	default:
		e.turnAway(question, errBusy)
		return
	}
	if !e.server.enter() {
		<-e.queue
		e.turnAway(question, errStopping)
		return
	}
	go func() {
		defer e.server.running.Done()
		defer func() { <-e.queue }()
		e.serve(question)
	}()
}

// turnAway answers a question that no handler will see.
func (e *endpoint) turnAway(question micro.Request, f *fault.Error) {
	e.refuse(question, f)
	e.server.bus.observe(Observation{Side: "handle", Subject: e.subject, Kind: f.Kind})
}

func (e *endpoint) serve(question micro.Request) {
	start := time.Now()
	header := nats.Header(question.Headers())
	ctx, cancel := context.WithTimeout(e.server.ctx, patience(header))
	defer cancel()
	ctx, actorErr := incoming(ctx, header)
	ctx, span := e.server.bus.tracer.Start(ctx, "handle "+e.subject, trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	answer, err := []byte(nil), actorErr
	if err == nil {
		answer, err = e.perform(ctx, question.Data())
	}
	e.respond(ctx, question, answer, err)
	e.server.bus.finish(span, "handle", e.subject, start, err)
}

// perform waits for a slot and runs the handler; a caller that gives up in the
// meantime costs nothing more.
func (e *endpoint) perform(ctx context.Context, data []byte) (answer []byte, err error) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return nil, errBusy
	}
	defer func() {
		if p := recover(); p != nil {
			err = newPanic(p)
		}
	}()
	answer, err = e.run(ctx, data)
	if isContextEnd(err) {
		err = fault.NewUnavailable(err)
	}
	return answer, err
}

func (e *endpoint) respond(ctx context.Context, question micro.Request, answer []byte, err error) {
	if err != nil {
		f := fault.As(err)
		e.logFault(ctx, f, err)
		e.refuse(question, f)
		return
	}
	e.send(question, &nats.Msg{Data: answer})
}

// logFault is the edge at which a failure of this service is logged, once. What
// the caller did wrong is the caller's to log.
func (e *endpoint) logFault(ctx context.Context, f *fault.Error, err error) {
	level := slog.LevelError
	switch {
	case f.Kind == fault.Internal:
	case f.Kind == fault.Unavailable && f.Unwrap() != nil:
		level = slog.LevelWarn
	default:
		return
	}
	e.server.log.Log(ctx, level, "a call failed", failureAttrs(ctx, e.subject, err)...)
}

func (e *endpoint) refuse(question micro.Request, f *fault.Error) {
	msg, err := faultMessage(f)
	if err != nil {
		e.server.log.Error("could not encode a fault", "subject", e.subject, "error", err)
		return
	}
	e.send(question, msg)
}

// send answers past micro's own Respond, which notes errors in the request
// without a lock and so may only be used inside dispatch.
func (e *endpoint) send(question micro.Request, msg *nats.Msg) {
	if question.Reply() == "" {
		return
	}
	msg.Subject = question.Reply()
	if err := e.server.bus.nc.PublishMsg(msg); err != nil {
		e.server.log.Warn("could not send an answer", "subject", e.subject, "error", err)
	}
}
