package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Submission is a body that is decoded once, strictly, since submissions come
// in thousands: what its service checks is not checked here before. Only one
// that does not decode is looked at in full, for an answer with every wrong
// place: of the form by the schema, of the content by the service's rules.
type Submission[T any] struct {
	Value T
	raw   []byte
	wrong bool
}

// Schema returns the schema of the value.
func (Submission[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// UnmarshalJSON decodes the value. It fails on nothing: whether the form was
// right is told by examine.
func (s *Submission[T]) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s.Value); err != nil || data[0] != '{' {
		s.raw, s.wrong = bytes.Clone(data), true
	}
	return nil
}

// submissionInput is what a call that submits takes.
type submissionInput[T any] struct {
	KeyInput
	Body Submission[T]
}

// examine returns the problem with every wrong place of a submission whose form
// is wrong, or nil. Check finds what is wrong with the content.
func examine[T any](ctx context.Context, a *api, s *Submission[T], check func(T) error) error {
	if !s.wrong {
		return nil
	}
	var document any
	if err := json.Unmarshal(s.raw, &document); err != nil {
		return newProblem(http.StatusBadRequest, "malformed", "the body is not JSON")
	}
	registry := a.huma.OpenAPI().Components.Schemas
	result := &huma.ValidateResult{}
	path := huma.NewPathBuffer(make([]byte, 0, 128), 0)
	path.Push("body")
	huma.Validate(registry, s.Schema(registry), path, huma.ModeWriteToServer, document, result)
	p := newProblem(http.StatusUnprocessableEntity, "invalid", "the input has wrong fields")
	for _, err := range result.Errors {
		if detail, ok := err.(huma.ErrorDetailer); ok { //nolint:errorlint // huma collects them unwrapped
			p.Errors = append(p.Errors, fieldFrom(detail.ErrorDetail()))
		}
	}
	for _, field := range contentFaults(document, p.Errors, check) {
		p.Errors = append(p.Errors, fieldOf(callFrom(ctx).printer, "body."+field.Location, field))
	}
	if len(p.Errors) == 0 { // the schema is laxer than the decoder
		p.Errors = []ProblemField{{Location: "body", Code: "malformed", Message: "expected another form"}}
	}
	return p
}

// contentFaults returns what is wrong with the content, where the form is right:
// it checks the document without the values whose form is wrong.
func contentFaults[T any](document any, form []ProblemField, check func(T) error) []fault.Field {
	for _, field := range form {
		document = without(document, steps(field.Location))
	}
	var value T
	rest, err := json.Marshal(document)
	if err != nil || json.Unmarshal(rest, &value) != nil {
		return nil
	}
	f := fault.As(check(value))
	if f == nil {
		return nil
	}
	var faults []fault.Field
	for _, field := range f.Fields {
		if !covered("body."+field.Location, form) {
			faults = append(faults, field)
		}
	}
	return faults
}

// covered reports whether a location, or what it lies in, is told already.
func covered(location string, told []ProblemField) bool {
	for _, field := range told {
		rest, below := strings.CutPrefix(location, field.Location)
		if below && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// steps splits a location such as "body.need_lines[0].unit" into the keys and
// indexes below the body.
func steps(location string) []string {
	location = strings.NewReplacer("[", ".", "]", "").Replace(location)
	return strings.Split(location, ".")[1:]
}

// without returns the document with null in place of the value that the steps
// lead to: null decodes into everything and keeps the indexes of lists.
func without(document any, steps []string) any {
	if len(steps) == 0 {
		return nil
	}
	switch at := document.(type) {
	case map[string]any:
		if _, ok := at[steps[0]]; ok {
			at[steps[0]] = without(at[steps[0]], steps[1:])
		}
	case []any:
		if i, err := strconv.Atoi(steps[0]); err == nil && i >= 0 && i < len(at) {
			at[i] = without(at[i], steps[1:])
		}
	}
	return document
}

// slowDown holds a public submission back whose phone has come very often.
func (a *api) slowDown(ctx context.Context, c *ContactInput) error {
	if contract.ActorFrom(ctx).Role != contract.RolePublic {
		return nil
	}
	return a.Guard.SlowPhone(ctx, c.contact().Phone)
}
