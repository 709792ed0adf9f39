package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/services/web/page"
)

const problemType = "application/problem+json"

// retryAfterS is what a 503 or 429 asks the caller to wait, in seconds.
const retryAfterS = 5

// Problem is an error as the API tells it (RFC 9457). It holds nothing that was
// sent and nothing from inside the process.
type Problem struct {
	Type   string         `json:"type" doc:"Always about:blank: status and code say what it is"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty" doc:"What went wrong, in English"`
	Code   string         `json:"code" doc:"A stable name of the reason, such as capacity_gone"`
	Errors []ProblemField `json:"errors,omitempty" doc:"Every wrong place in what was sent"`
}

// ProblemField is one wrong place.
type ProblemField struct {
	Location string `json:"location" example:"body.need_lines[0].unit"`
	Code     string `json:"code" example:"unknown"`
	Message  string `json:"message"`
}

func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// Error makes a problem an error that huma tells as it is.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of a problem.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders returns what goes with the status.
func (p *Problem) GetHeaders() http.Header {
	header := http.Header{}
	switch p.Status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Bearer realm="heli"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		header.Set("Retry-After", strconv.Itoa(retryAfterS))
	}
	return header
}

// write tells a problem where huma does not.
func write(w http.ResponseWriter, p *Problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a caller who left is no news
}

// problemOf turns an error into a problem and logs it when it is ours.
func (a *api) problemOf(ctx context.Context, o operation, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	f, status := fault.As(err), page.StatusOf(err)
	switch {
	case ctx.Err() != nil: // the caller left
	case status == http.StatusServiceUnavailable:
		a.Log.WarnContext(ctx, "serve call", "operation", o.id, "error", err)
	case status == http.StatusInternalServerError:
		a.Log.ErrorContext(ctx, "serve call", "operation", o.id, "error", err)
	}
	p := newProblem(status, f.Code, f.Detail)
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, fieldOf(callFrom(ctx).printer, o.place(field.Location), field))
	}
	return p
}

// place returns where the caller wrote what a service calls by its own name.
func (o operation) place(location string) string {
	switch {
	case strings.Contains(o.path, "{"+location+"}"):
		return "path." + location
	case o.method == http.MethodGet:
		return "query." + location
	default:
		return "body." + location
	}
}

func fieldOf(p *locale.Printer, location string, f fault.Field) ProblemField {
	return ProblemField{Location: location, Code: f.Code, Message: p.Invalid(f)}
}

// ErrorDetail carries a wrong place through huma, with its code.
func (f ProblemField) ErrorDetail() *huma.ErrorDetail {
	return &huma.ErrorDetail{Location: f.Location, Message: f.Message, Value: fieldCode(f.Code)}
}

// Error makes a wrong place an error that huma collects.
func (f ProblemField) Error() string { return f.Location + ": " + f.Code }

type fieldCode string

// problems is the transformer that turns huma's own errors into problems: the
// values that were sent are left out.
func problems(_ huma.Context, _ string, body any) (any, error) {
	e, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	p := newProblem(e.Status, "invalid", "the input has wrong fields")
	switch e.Status {
	case http.StatusUnprocessableEntity:
	case http.StatusBadRequest:
		p.Code, p.Detail = "malformed", e.Detail
	case http.StatusUnsupportedMediaType:
		p.Code, p.Detail = "media_type", "send application/json"
	default:
		p.Code, p.Detail = "internal", "something went wrong on our side"
		return p, nil
	}
	for _, detail := range e.Errors {
		p.Errors = append(p.Errors, fieldFrom(detail))
	}
	return p, nil
}

// phrases of huma's messages, with the code that each means.
var phrases = []struct{ begins, code string }{
	{missingPhrase, "required"},
	{"required ", "required"},
	{"unexpected property", "unknown_key"},
	{"expected value to be one of", "unknown"},
	{"expected length <=", "too_long"},
	{"expected length >=", "too_short"},
	{"expected array length <=", "too_many"},
	{"expected array length >=", "too_few"},
	{"expected number <=", "out_of_range"},
	{"expected number >=", "out_of_range"},
}

const missingPhrase = "expected required property "

// fieldFrom turns huma's detail into a wrong place. A missing property is named
// where it should be, not where it is missing from.
func fieldFrom(d *huma.ErrorDetail) ProblemField {
	f := ProblemField{Location: d.Location, Code: "malformed", Message: d.Message}
	if code, ok := d.Value.(fieldCode); ok {
		f.Code = string(code)
		return f
	}
	for _, phrase := range phrases {
		if strings.HasPrefix(d.Message, phrase.begins) {
			f.Code = phrase.code
			break
		}
	}
	if name, ok := strings.CutPrefix(d.Message, missingPhrase); ok {
		name, _, _ = strings.Cut(name, " ")
		f.Location += "." + name
	}
	if f.Code == "malformed" && !strings.HasPrefix(d.Message, "expected ") {
		f.Message = "expected another form" // what encoding/json says names Go types
	}
	return f
}

// problemResponses describes the errors that every call may have.
func problemResponses(registry huma.Registry) map[string]*huma.Response {
	schema := registry.Schema(reflect.TypeFor[Problem](), true, "")
	responses := map[string]*huma.Response{}
	for _, status := range []int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusServiceUnavailable,
	} {
		responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return responses
}
