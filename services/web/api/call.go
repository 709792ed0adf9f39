package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"

	"heli/pkg/contract"
	"heli/pkg/locale"
	"heli/services/web/explain"
)

// call is what is known of one call while it is served, by one goroutine.
type call struct {
	printer    *locale.Printer
	operation  string
	credential string // scope of idempotency keys; names no secret
	body       []byte
}

type callKey struct{}

// callFrom returns the call being served. Every handler stands below enter.
func callFrom(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) } //nolint:errcheck // enter has set it

// enter is the middleware that begins a call. Answers are for the caller alone
// unless a handler says otherwise.
func (a *api) enter(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		c := &call{printer: a.Pages.Printer(r)}
		ctx := locale.WithPrinter(r.Context(), c.printer)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, callKey{}, c)))
	})
}

// rescue is the middleware that turns a defect into a problem.
func (a *api) rescue(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) //nolint:forbidigo // net/http ends the connection by it
			}
			a.Log.ErrorContext(r.Context(), "panic in a call", "operation", callFrom(r.Context()).operation,
				"panic", p, "stack", string(debug.Stack()))
			write(w, newProblem(http.StatusInternalServerError, "internal", "something went wrong on our side"))
		}()
		next.ServeHTTP(w, r)
	})
}

// readBody is the middleware that reads the whole body, so that its size is
// known before anything else looks at it.
func (a *api) readBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, a.MaxBodyBytes+1))
		_, cut := errors.AsType[*http.MaxBytesError](err)
		switch {
		case cut || int64(len(body)) > a.MaxBodyBytes:
			w.Header().Set("Connection", "close") // the rest is not read
			write(w, newProblem(http.StatusRequestEntityTooLarge, "too_large", "the body is too large"))
		case err != nil:
			write(w, newProblem(http.StatusBadRequest, "malformed", "the body could not be read"))
		case len(body) > 0 && !json.Valid(body):
			p := newProblem(http.StatusBadRequest, "malformed", "the body is not JSON")
			p.Errors = []ProblemField{{Location: "body", Code: "malformed", Message: "expected JSON"}}
			write(w, p)
		default:
			callFrom(r.Context()).body = body
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
}

// bodyHash is what a repeat under the same Idempotency-Key is compared by.
func (c *call) bodyHash() string {
	sum := sha256.Sum256(c.body)
	return hex.EncodeToString(sum[:])
}

// explain returns the sentences of the matcher's reasons for the caller.
func (a *api) explain(ctx context.Context) explain.Reader {
	ref, err := a.Reference.Get()
	if err != nil {
		ref = nil // codes stay codes until the reference data is here
	}
	return explain.For(callFrom(ctx).printer, ref)
}

// answer is an answer with a body alone.
type answer[T any] struct{ Body T }

// created is an answer with a status that the handler chooses.
type created[T any] struct {
	Status int
	Body   T
}

// List is a part of a list. NextCursor is empty on the last page.
type List[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor" doc:"Goes into cursor for the next page; empty on the last one"`
}

func listOf[T any](l contract.Listing[T]) *answer[List[T]] {
	if l.Items == nil {
		l.Items = []T{}
	}
	return &answer[List[T]]{List[T]{l.Items, l.NextCursor}}
}

// PageInput is what every list takes. Like the other parts of inputs it is
// exported since huma reads no parameters from others.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at most"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"next_cursor of the page before"`
}

func (p PageInput) page() contract.Page { return contract.Page{Limit: p.Limit, Cursor: p.Cursor} }

// IDInput names the thing that a call is about.
type IDInput struct {
	ID string `path:"id" maxLength:"64" doc:"The thing's id"`
}

// operation is what the document and the gate need to know of a call.
type operation struct {
	method, path string
	id           string
	tag          string
	summary      string
	description  string
	status       int // of success; 0 means 200
	audience     audience
	// unchecked leaves the body to the handler: see Submission.
	unchecked bool
}

// add registers a call. The handler's error is told as a problem.
func add[I, O any](a *api, o operation, handler func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Description: o.description,
		Tags: []string{o.tag}, DefaultStatus: o.status, Security: o.audience.security(),
		Responses:   problemResponses(a.huma.OpenAPI().Components.Schemas),
		Middlewares: huma.Middlewares{a.admit(o)},
		// The body was read already; huma shall neither bound it nor time it.
		MaxBodyBytes: a.MaxBodyBytes + 1, BodyReadTimeout: -1,
		SkipValidateBody: o.unchecked,
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.problemOf(ctx, o, err)
		}
		return out, nil
	})
}
