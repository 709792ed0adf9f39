// Package lifecycle owns the shape of a life cycle: a table of from · move · to
// · who may. Each service owns its own table; this package walks it, refuses
// what is illegal and renders it for the docs. It stores nothing.
package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Move is one row of a table: a named move from any of some states to one state.
type Move[S ~string] struct {
	Name string
	From []S
	To   S
	Who  []contract.Role
	// Reason says that the move must give one.
	Reason bool
}

// Table is the life cycle of one kind of thing.
type Table[S ~string] []Move[S]

// Apply returns the state that the move leads to from a state. It returns an
// Invalid fault for an unknown move or a missing reason, Forbidden for a role
// that never may, Conflict for a move that the state does not allow.
func (t Table[S]) Apply(move string, from S, role contract.Role, reason string) (S, error) {
	known, allowed := false, false
	for _, m := range t {
		if m.Name != move {
			continue
		}
		known = true
		if !slices.Contains(m.Who, role) {
			continue
		}
		allowed = true
		if !slices.Contains(m.From, from) {
			continue
		}
		if m.Reason && strings.TrimSpace(reason) == "" {
			return "", fault.NewInvalid(fault.Field{Location: "reason", Code: "required"})
		}
		return m.To, nil
	}
	switch {
	case !known:
		return "", fault.NewInvalid(fault.Field{Location: "move", Code: "unknown"})
	case !allowed:
		return "", fault.NewForbidden(move)
	default:
		return "", fault.NewConflict("illegal_move", fmt.Sprintf("cannot %s while %s", move, from))
	}
}

// Available returns the moves that the role may make from a state, in table order.
func (t Table[S]) Available(from S, role contract.Role) []string {
	names := []string{}
	for _, m := range t {
		if slices.Contains(m.From, from) && slices.Contains(m.Who, role) && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// Has reports whether the table knows a move of the name.
func (t Table[S]) Has(move string) bool {
	return slices.ContainsFunc(t, func(m Move[S]) bool { return m.Name == move })
}

// States returns every state that the table names, in the order of their first mention.
func (t Table[S]) States() []S {
	var states []S
	add := func(s S) {
		if !slices.Contains(states, s) {
			states = append(states, s)
		}
	}
	for _, m := range t {
		for _, s := range m.From {
			add(s)
		}
		add(m.To)
	}
	return states
}

// Markdown renders the table for the docs.
func (t Table[S]) Markdown() string {
	var b strings.Builder
	b.WriteString("| from | move | to | who may |\n|---|---|---|---|\n")
	for _, m := range t {
		name := m.Name
		if m.Reason {
			name += " (with a reason)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", join(m.From), name, m.To, join(m.Who))
	}
	return b.String()
}

func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
