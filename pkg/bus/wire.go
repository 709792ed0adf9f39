package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"go.opentelemetry.io/otel/propagation"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Headers of a question. The trace travels as W3C traceparent and tracestate.
const (
	headerActor = "Heli-Actor"
	// headerTimeout is how long the caller still waits, in milliseconds: a
	// span and not an instant, so that clocks need not agree.
	headerTimeout = "Heli-Timeout-Ms"
)

// Headers of an answer that is a fault: those of the NATS service API, so that
// its own tools show it. The code header holds the kind.
const (
	headerFaultKind = micro.ErrorCodeHeader
	headerFaultCode = micro.ErrorHeader
)

func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	if len(data) > MaxPayloadBytes {
		return nil, tooLarge()
	}
	return data, nil
}

func tooLarge() error {
	return fault.NewInvalid(fault.Field{Location: "", Code: "too_large", Args: map[string]any{"max": MaxPayloadBytes}})
}

// decodeQuestion refuses unknown keys: a misspelt field must not be dropped in
// silence. Answers and facts are read tolerantly, since old and new versions
// run side by side during an upgrade.
func decodeQuestion(data []byte, q any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(q)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("more than one document")
	}
	location := ""
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		location = wrongType.Field
	}
	return fault.NewInvalid(fault.Field{Location: location, Code: "malformed"}).Because(err)
}

// outgoing builds the message of a call, with who acts, the trace and how long
// the caller waits.
func outgoing(ctx context.Context, subject string, data []byte) (*nats.Msg, error) {
	actor, err := json.Marshal(contract.ActorFrom(ctx))
	if err != nil {
		return nil, fmt.Errorf("encode actor: %w", err)
	}
	msg := &nats.Msg{Subject: subject, Data: data, Header: nats.Header{headerActor: {string(actor)}}}
	if deadline, ok := ctx.Deadline(); ok {
		msg.Header[headerTimeout] = []string{strconv.FormatInt(time.Until(deadline).Milliseconds(), 10)}
	}
	injectTrace(ctx, msg.Header)
	return msg, nil
}

// incoming restores who acts and the trace. A question without an actor comes
// from the public.
func incoming(ctx context.Context, header nats.Header) (context.Context, error) {
	ctx = extractTrace(ctx, header)
	text := header.Get(headerActor)
	if text == "" {
		return ctx, nil
	}
	var actor contract.Actor
	if err := json.Unmarshal([]byte(text), &actor); err != nil {
		return ctx, fault.NewForbidden("act without a readable identity").Because(err)
	}
	return contract.WithActor(ctx, actor), nil
}

// patience returns how long the caller of a question still waits.
func patience(header nats.Header) time.Duration {
	ms, err := strconv.ParseInt(header.Get(headerTimeout), 10, 64)
	if err != nil || ms <= 0 {
		return DefaultTimeout
	}
	return min(time.Duration(ms)*time.Millisecond, maxHandleTime)
}

// faultMessage builds the answer that is a fault; the cause stays here.
func faultMessage(f *fault.Error) (*nats.Msg, error) {
	data, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode fault: %w", err)
	}
	return &nats.Msg{Data: data, Header: nats.Header{
		headerFaultKind: {string(f.Kind)},
		headerFaultCode: {f.Code},
	}}, nil
}

// answeredFault returns the fault that an answer carries, or nil. An answer
// that is a fault but cannot be read is Internal.
func answeredFault(msg *nats.Msg) error {
	kind := fault.Kind(msg.Header.Get(headerFaultKind))
	if kind == "" {
		return nil
	}
	var f fault.Error
	if err := json.Unmarshal(msg.Data, &f); err != nil || f.Kind != kind {
		return fault.As(fmt.Errorf("read the fault of an answer of kind %q: %w", kind, err))
	}
	return &f
}

// ours maps what NATS and contexts report to faults. A time-out says nothing
// about what the other side did: commands carry a key and are repeated.
func ours(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, nats.ErrMaxPayload) {
		return tooLarge()
	}
	return fault.NewUnavailable(err)
}

func injectTrace(ctx context.Context, header nats.Header) {
	propagation.TraceContext{}.Inject(ctx, carrier(header))
}

func extractTrace(ctx context.Context, header nats.Header) context.Context {
	return propagation.TraceContext{}.Extract(ctx, carrier(header))
}

// carrier lets OpenTelemetry read and write NATS headers, whose keys, unlike
// those of HTTP, are case-sensitive and sent as they are.
type carrier nats.Header

func (c carrier) Get(key string) string { return nats.Header(c).Get(key) }

func (c carrier) Set(key, value string) { nats.Header(c).Set(key, value) }

func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}
