// Package fault owns the kinds of error that cross Heli's borders.
//
// A fault says what went wrong in a way that a caller can act on, and carries
// no internal text: the wrapped cause stays in the process that met it. The
// package never logs and never decides how a fault is shown.
package fault

import (
	"errors"
	"fmt"
)

// Kind classifies an error for the one who called.
type Kind string

// The kinds. Everything that is not one of the first five is Internal.
const (
	Invalid     Kind = "invalid"     // the input is wrong; Fields say where
	NotFound    Kind = "not_found"   // unknown, or not visible to the caller
	Conflict    Kind = "conflict"    // lost a race, illegal move, guard refused
	Forbidden   Kind = "forbidden"   // visible, but not allowed to this role
	Unavailable Kind = "unavailable" // try again later; nothing was decided
	Internal    Kind = "internal"    // a defect or an unforeseen failure
)

// Field is one wrong place in the input.
type Field struct {
	// Location is the path of the field in the caller's document, such as
	// "need_lines[0].unit".
	Location string `json:"location"`
	// Code names the reason and is a key below "invalid." in the catalogues,
	// such as "required" or "too_long".
	Code string `json:"code"`
	// Args fill the sentence of the catalogue, such as {"max": 200}.
	Args map[string]any `json:"args,omitempty"`
}

// Error is a fault. Code is a key below "fault." in the catalogues; Detail is
// an English sentence for integrators and holds no personal data.
type Error struct {
	Kind   Kind    `json:"kind"`
	Code   string  `json:"code"`
	Detail string  `json:"detail"`
	Fields []Field `json:"fields,omitempty"`
	cause  error
}

// Error returns the code, the detail and the cause, for logs.
func (e *Error) Error() string {
	text := string(e.Kind) + ": " + e.Code
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if len(e.Fields) > 0 {
		text += fmt.Sprintf(": %v", e.Fields)
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause, which never leaves the process.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of the fault with its cause attached.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// New returns a fault of a kind with a catalogue code and an English detail.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// NewInvalid returns an Invalid fault that lists every wrong field.
func NewInvalid(fields ...Field) *Error {
	return &Error{Kind: Invalid, Code: "invalid", Detail: "the input has wrong fields", Fields: fields}
}

// NewNotFound returns a NotFound fault for a thing such as "request". Unknown
// and not visible look alike on purpose.
func NewNotFound(thing string) *Error {
	return New(NotFound, "not_found", "there is no such "+thing)
}

// NewConflict returns a Conflict fault.
func NewConflict(code, detail string) *Error { return New(Conflict, code, detail) }

// NewForbidden returns a Forbidden fault for an action.
func NewForbidden(action string) *Error {
	return New(Forbidden, "forbidden", "this role may not "+action)
}

// NewUnavailable returns an Unavailable fault caused by err.
func NewUnavailable(err error) *Error {
	return New(Unavailable, "unavailable", "try again in a moment").Because(err)
}

// As returns the fault in err's chain, or an Internal one that wraps err. It
// returns nil for nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return New(Internal, "internal", "something went wrong on our side").Because(err)
}

// KindOf returns the kind of err; the empty kind for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return As(err).Kind
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
