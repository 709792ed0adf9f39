package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"go.opentelemetry.io/otel/trace"
)

// panicError is a panic caught at the border of a handler.
type panicError struct {
	text  string
	stack []byte
}

// newPanic describes a panic. Only texts that come from the program itself are
// kept: any other value may hold what a message held.
func newPanic(value any) *panicError {
	text := fmt.Sprintf("%T", value)
	switch v := value.(type) {
	case runtime.Error:
		text = v.Error()
	case string:
		text = v
	}
	return &panicError{text: text, stack: debug.Stack()}
}

// Error returns what was panicked with.
func (p *panicError) Error() string { return "panic: " + p.text }

func isContextEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// failureAttrs are the log attributes of a failure: never a payload.
func failureAttrs(ctx context.Context, subject string, err error) []any {
	attrs := []any{"subject", subject, "error", err}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		attrs = append(attrs, "trace_id", span.TraceID().String())
	}
	if p, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, "stack", string(p.stack))
	}
	return attrs
}
