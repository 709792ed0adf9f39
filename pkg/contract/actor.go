package contract

import (
	"context"
	"slices"
	"strings"
)

// Role is what somebody may be in an organisation, or the part that somebody
// without an account plays.
type Role string

// Roles of people and keys, held in an organisation.
const (
	RoleAdministrator Role = "administrator"
	RoleCoordinator   Role = "coordinator"
	RoleAgencyLead    Role = "agency_lead"
	RoleHelper        Role = "helper"
	RoleAuditor       Role = "auditor"
	RoleIntegrator    Role = "integrator"
)

// Parts without an account.
const (
	RolePublic    Role = "public"    // anybody: submits, reads public pages
	RoleRequester Role = "requester" // holds the tracking token of one request
	RoleOfferer   Role = "offerer"   // holds the tracking token of one offer
	RoleAnswerer  Role = "answerer"  // holds the answer token of one match
	RoleSystem    Role = "system"    // a service on its own account
)

// Actor is who acts. Web builds it from a session, a key or a token; the other
// services trust it because only web may call them (NATS permissions).
type Actor struct {
	Role Role `json:"role"`
	// Name is shown to colleagues in histories: a person's display name or a
	// key's name. Never a requester's or helper's.
	Name         string         `json:"name,omitempty"`
	PersonID     PersonID       `json:"person_id,omitempty"`
	APIKeyID     APIKeyID       `json:"api_key_id,omitempty"`
	Organisation OrganisationID `json:"organisation,omitempty"`
	// Path is the organisation's path, such as "root/shaanxi/xian/". Sight
	// reaches every row whose path begins with it.
	Path string `json:"path,omitempty"`
	// Scope narrows what a key may do to these actions, separated by spaces; the
	// role alone decides when it is empty.
	Scope string `json:"scope,omitempty"`
	// Subject is the id of the one request, offer or match that a token speaks for.
	Subject string `json:"subject,omitempty"`
}

// System returns the actor of a service's own work.
func System() Actor { return Actor{Role: RoleSystem, Path: RootPath} }

// RootPath is the path of the top organisation.
const RootPath = "root/"

// Sees reports whether rows of the organisation path are visible to the actor:
// visibility goes up the parents only. Tokens and the public see none this way.
func (a Actor) Sees(path string) bool {
	return !Checked || a.Path != "" && strings.HasPrefix(path, a.Path)
}

// InScope reports whether the key's scope, if it has one, holds the action.
func (a Actor) InScope(action string) bool {
	return a.Scope == "" || slices.Contains(strings.Fields(a.Scope), action)
}

// Sight returns the path at and below which the actor sees rows; empty for who
// sees none by path.
func (a Actor) Sight() string {
	if !Checked {
		return RootPath
	}
	return a.Path
}

// SpeaksFor reports whether the actor's token is that of the thing.
func (a Actor) SpeaksFor(id string) bool { return !Checked || a.Subject == id }

// Staff reports whether the actor is a person or key of an organisation.
func (a Actor) Staff() bool {
	switch a.Role {
	case RoleAdministrator, RoleCoordinator, RoleAgencyLead, RoleAuditor, RoleIntegrator, RoleHelper:
		return true
	default:
		return false
	}
}

// ID returns the id of the person or key, or the role for the others: what
// histories store.
func (a Actor) ID() string {
	switch {
	case a.PersonID != "":
		return string(a.PersonID)
	case a.APIKeyID != "":
		return string(a.APIKeyID)
	default:
		return string(a.Role)
	}
}

// PathEnd returns the first text after every path below path, in byte order
// ("C" collation): rows below it are path <= p AND p < PathEnd(path).
func PathEnd(path string) string {
	if path == "" {
		return ""
	}
	return path[:len(path)-1] + string(path[len(path)-1]+1)
}

type actorKey struct{}

// WithActor returns a context that carries who acts.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom returns who acts; the public when nobody was set, so that a
// forgotten actor may do the least.
func ActorFrom(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return Actor{Role: RolePublic}
}
