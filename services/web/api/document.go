package api

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"heli/pkg/fault"
	"heli/services/web/page"
)

// docsPath is where the readable pages begin.
const docsPath = Prefix + "/docs"

// addDocument serves the description of the interface, for programs and for
// people. It is called last: the description is whole then.
func (a *api) addDocument(r chi.Router) {
	document := sync.OnceValues(func() ([]byte, error) { return json.MarshalIndent(a.huma.OpenAPI(), "", " ") })
	r.Get("/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		text, err := document()
		if err != nil {
			write(w, a.problemOf(r.Context(), operation{id: "openapi"}, err))
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		w.Header().Set("Cache-Control", publicCache)
		_, _ = w.Write(text) // a caller who left is no news
	})
	a.addPages(r.With(page.Packed))
}

// addPages serves the description as pages: all calls by their subjects, and one for
// each call.
func (a *api) addPages(r chi.Router) {
	groups := sync.OnceValue(func() []docGroup { return docGroups(a.huma.OpenAPI()) })
	r.Get("/docs", func(w http.ResponseWriter, r *http.Request) {
		a.Pages.Render(w, r, http.StatusOK, docsPage(a.Pages.Of(r), a.huma.OpenAPI().Info, groups()))
	})
	r.Get("/docs/{operation}", a.Pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
		call, ok := callOf(groups(), chi.URLParam(r, "operation"))
		if !ok {
			return fault.NewNotFound("call")
		}
		a.Pages.Render(w, r, http.StatusOK, docsCall(a.Pages.Of(r), call))
		return nil
	}))
}

func callOf(groups []docGroup, id string) (docCall, bool) {
	for _, group := range groups {
		for _, call := range group.Calls {
			if call.ID == id {
				return call, true
			}
		}
	}
	return docCall{}, false
}

// docGroup is the calls under one tag.
type docGroup struct {
	Name, Description string
	Calls             []docCall
}

// docCall is one call as its page shows it.
type docCall struct {
	ID, Method, Path, Summary, Description string
	Credentials                            []string
	Parameters, Body, Answer               []docField
	Status                                 string
	BodyOptional                           bool
}

// docField is a parameter, or a property at its place in a document.
type docField struct {
	Name, Type, Description string
	Required                bool
}

// maxDocDepth bounds how deep nested documents are unfolded.
const maxDocDepth = 4

func docGroups(document *huma.OpenAPI) []docGroup {
	groups := make([]docGroup, len(document.Tags))
	place := map[string]int{}
	for i, tag := range document.Tags {
		groups[i] = docGroup{Name: tag.Name, Description: tag.Description}
		place[tag.Name] = i
	}
	for _, path := range sortedPaths(document) {
		for _, op := range operationsOf(document.Paths[path]) {
			i := place[op.Tags[0]]
			groups[i].Calls = append(groups[i].Calls, docCallOf(document.Components.Schemas, op))
		}
	}
	return groups
}

func docCallOf(registry huma.Registry, op *huma.Operation) docCall {
	c := docCall{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Credentials: credentialsOf(op),
	}
	for _, p := range op.Parameters {
		c.Parameters = append(c.Parameters, docField{
			Name: p.Name, Type: typeOf(registry, p.Schema) + ", " + p.In, Description: p.Description, Required: p.Required,
		})
	}
	if op.RequestBody != nil {
		c.Body = fieldsOf(registry, op.RequestBody.Content["application/json"].Schema, "", 0)
		c.BodyOptional = !op.RequestBody.Required
	}
	for _, status := range []string{"200", "201", "204"} {
		response, ok := op.Responses[status]
		if !ok {
			continue
		}
		c.Status = status
		if content := response.Content["application/json"]; content != nil {
			c.Answer = fieldsOf(registry, content.Schema, "", 0)
		}
	}
	return c
}
