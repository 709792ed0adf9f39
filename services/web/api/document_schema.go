package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

func sortedPaths(document *huma.OpenAPI) []string { return slices.Sorted(maps.Keys(document.Paths)) }

// operationsOf returns the calls of a path in the order of a thing's life.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{item.Post, item.Get, item.Patch, item.Put, item.Delete}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

// credentialsOf names what may be sent as Authorization; "" stands for nothing.
func credentialsOf(op *huma.Operation) []string {
	var names []string
	for _, scheme := range op.Security {
		if len(scheme) == 0 {
			names = append(names, "")
		}
		names = append(names, slices.Sorted(maps.Keys(scheme))...)
	}
	return names
}

// resolve follows references to the schema itself.
func resolve(registry huma.Registry, s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	return s
}

// fieldsOf unfolds a document into its properties, each with its whole path,
// such as need_lines[].unit.
func fieldsOf(registry huma.Registry, s *huma.Schema, prefix string, depth int) []docField {
	s = resolve(registry, s)
	if s == nil || depth > maxDocDepth {
		return nil
	}
	if s.Type == huma.TypeArray {
		return fieldsOf(registry, s.Items, prefix+"[]", depth)
	}
	var fields []docField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		path := strings.TrimPrefix(prefix+"."+name, ".")
		fields = append(fields, docField{
			Name: path, Type: typeOf(registry, property), Description: property.Description,
			Required: slices.Contains(s.Required, name),
		})
		fields = append(fields, fieldsOf(registry, property, path, depth+1)...)
	}
	return fields
}

// typeOf says in a few words what a value is.
func typeOf(registry huma.Registry, s *huma.Schema) string {
	s = resolve(registry, s)
	if s == nil {
		return "any"
	}
	text := s.Type
	switch {
	case s.Type == huma.TypeArray:
		return "list of " + typeOf(registry, s.Items)
	case s.Type == "":
		text = "any"
	case len(s.Enum) > 0:
		text = "one of " + strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Enum), "[]"), " ", " · ")
	case s.Format == "date-time":
		text = "time"
	}
	if s.MaxLength != nil {
		text += fmt.Sprintf(" ≤ %d", *s.MaxLength)
	}
	if s.Minimum != nil && s.Maximum != nil {
		text += fmt.Sprintf(" %.0f–%.0f", *s.Minimum, *s.Maximum)
	}
	if s.Nullable {
		text += " or null"
	}
	return text
}
