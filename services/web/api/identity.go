package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

const (
	tagPeople = "people"
	tagKeys   = "keys"
)

func (a *api) addPeople() {
	add(a, operation{
		method: http.MethodGet, path: "/people", id: "list_people", tag: tagPeople,
		summary: "List the people of your organisation and those below it",
	}, a.listPeople)
	add(a, operation{
		method: http.MethodPost, path: "/people", id: "invite_person", tag: tagPeople, status: http.StatusCreated,
		summary:     "Invite somebody in a role",
		description: "The link is shown once and good for three days: hand it over. Nobody gives a role beyond what they may, or above their own organisation.",
	}, a.invitePerson)
	add(a, operation{method: http.MethodGet, path: "/people/{id}", id: "get_person", tag: tagPeople, summary: "Read a person"}, a.getPerson)
	add(a, operation{
		method: http.MethodDelete, path: "/people/{id}", id: "revoke_person", tag: tagPeople, status: http.StatusNoContent,
		summary: "End a person's access, at once and for good",
	}, a.revokePerson)
	add(a, operation{
		method: http.MethodGet, path: "/people/{id}/history", id: "person_history", tag: tagPeople, summary: "Read what the audit chain says of a person",
	}, a.personHistory)
	add(a, operation{
		method: http.MethodPost, path: "/people/{id}/link", id: "link_person", tag: tagPeople, status: http.StatusCreated,
		summary: "Make a one-time link, to enrol or for a new password",
	}, a.linkPerson)
	add(a, operation{
		method: http.MethodPost, path: "/people/{id}/roles", id: "grant_role", tag: tagPeople, status: http.StatusCreated,
		summary: "Give a role in an organisation",
	}, a.grantRole)
	add(a, operation{
		method: http.MethodDelete, path: "/people/{id}/roles/{role_id}", id: "withdraw_role", tag: tagPeople, status: http.StatusNoContent,
		summary: "Take a role away; it ends at once",
	}, a.withdrawRole)
}

func (a *api) addKeys() {
	add(a, operation{
		method: http.MethodGet, path: "/keys", id: "list_keys", tag: tagKeys, summary: "List the API keys of your organisation and those below it",
	}, a.listKeys)
	add(a, operation{
		method: http.MethodPost, path: "/keys", id: "make_key", tag: tagKeys, status: http.StatusCreated,
		summary: "Make an API key", description: "It is shown once. A repeat under the same Idempotency-Key is a conflict, since no key is shown twice.",
	}, a.makeKey)
	add(a, operation{
		method: http.MethodDelete, path: "/keys/{id}", id: "revoke_key", tag: tagKeys, status: http.StatusNoContent,
		summary: "Revoke an API key, at once and for good",
	}, a.revokeKey)
}

// idOf returns the id of what a call makes: of its Idempotency-Key, so that a
// repeat makes nothing new (a name-based UUID, RFC 9562), or a fresh one.
func idOf[T ~string](ctx context.Context, in KeyInput) T {
	key := in.key(ctx)
	if key == "" {
		return contract.NewID[T]()
	}
	return T(uuid.NewSHA1(uuid.NameSpaceURL, []byte(key)).String())
}

func (a *api) listPeople(ctx context.Context, in *PageInput) (*answer[List[contract.PersonRecord]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.DirectoryPeople, contract.ListPeople{Page: in.page()})
	return listOf(listing), err
}

// PersonInput is somebody to be invited.
type PersonInput struct {
	Name         string        `json:"name" minLength:"1" maxLength:"200" doc:"As colleagues see it"`
	Role         contract.Role `json:"role" enum:"administrator,coordinator,agency_lead,helper,auditor,integrator"`
	Organisation string        `json:"organisation" maxLength:"64" doc:"Code"`
	Language     string        `json:"language,omitempty" maxLength:"35" doc:"BCP 47, such as zh-Hans"`
}

type personInput struct {
	KeyInput
	Body PersonInput
}

// Link is a one-time link, shown once.
type Link struct {
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Invited is somebody invited, with the link to hand over.
type Invited struct {
	Person contract.PersonRecord `json:"person"`
	Link
}

func (a *api) linkOf(login contract.Login) Link {
	return Link{Link: a.PublicURL + "/console/login#" + login.Secret, ExpiresAt: login.ExpiresAt}
}

func (a *api) invitePerson(ctx context.Context, in *personInput) (*answer[Invited], error) {
	invited, err := bus.Call(ctx, a.Bus, contract.DirectoryInvite, contract.PersonDraft{
		ID: idOf[contract.PersonID](ctx, in.KeyInput), Name: in.Body.Name, Role: in.Body.Role,
		Organisation: in.Body.Organisation, Language: in.Body.Language,
	})
	return &answer[Invited]{Invited{invited.Person, a.linkOf(invited.Login)}}, err
}

func (a *api) getPerson(ctx context.Context, in *IDInput) (*answer[contract.PersonRecord], error) {
	person, err := bus.Call(ctx, a.Bus, contract.DirectoryPerson, contract.PersonByID{ID: contract.PersonID(in.ID)})
	return &answer[contract.PersonRecord]{person}, err
}

func (a *api) revokePerson(ctx context.Context, in *IDInput) (*struct{}, error) {
	_, err := bus.Call(ctx, a.Bus, contract.DirectoryRevoke, contract.RevokeIdentity{PersonID: contract.PersonID(in.ID)})
	return nil, err
}

func (a *api) personHistory(ctx context.Context, in *IDInput) (*answer[List[contract.IdentityEvent]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.DirectoryHistory, contract.PersonByID{ID: contract.PersonID(in.ID)})
	return listOf(listing), err
}

// LinkInput says what a link is for; the body may be left out.
type LinkInput struct {
	Resets bool `json:"resets,omitempty" doc:"Second factors were lost: the link replaces them"`
}

type linkInput struct {
	IDInput
	Body *LinkInput
}

func (a *api) linkPerson(ctx context.Context, in *linkInput) (*answer[Link], error) {
	q := contract.MakeLogin{PersonID: contract.PersonID(in.ID)}
	if in.Body != nil {
		q.Resets = in.Body.Resets
	}
	login, err := bus.Call(ctx, a.Bus, contract.DirectoryMakeLogin, q)
	return &answer[Link]{a.linkOf(login)}, err
}

// RoleInput is a role in an organisation.
type RoleInput struct {
	Role         contract.Role `json:"role" enum:"administrator,coordinator,agency_lead,helper,auditor,integrator"`
	Organisation string        `json:"organisation" maxLength:"64" doc:"Code"`
}

type roleInput struct {
	IDInput
	Body RoleInput
}

func (a *api) grantRole(ctx context.Context, in *roleInput) (*answer[contract.HeldRole], error) {
	role, err := bus.Call(ctx, a.Bus, contract.DirectoryGrant, contract.GrantRole{
		PersonID: contract.PersonID(in.ID), Role: in.Body.Role, Organisation: in.Body.Organisation,
	})
	return &answer[contract.HeldRole]{role}, err
}

type heldInput struct {
	IDInput
	RoleID string `path:"role_id" maxLength:"64" doc:"Of the role that is held"`
}

func (a *api) withdrawRole(ctx context.Context, in *heldInput) (*struct{}, error) {
	_, err := bus.Call(ctx, a.Bus, contract.DirectoryWithdraw, contract.WithdrawRole{
		PersonID: contract.PersonID(in.ID), RoleID: contract.RoleID(in.RoleID),
	})
	return nil, err
}

func (a *api) listKeys(ctx context.Context, in *PageInput) (*answer[List[contract.APIKey]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.DirectoryAPIKeys, contract.ListAPIKeys{Page: in.page()})
	return listOf(listing), err
}

// NewKeyInput is a key to be made.
type NewKeyInput struct {
	Name         string        `json:"name" minLength:"1" maxLength:"200" doc:"What it is for"`
	Role         contract.Role `json:"role" enum:"administrator,coordinator,agency_lead,helper,auditor,integrator"`
	Organisation string        `json:"organisation" maxLength:"64" doc:"Code"`
	Actions      []string      `json:"actions,omitempty" maxItems:"100" doc:"Narrows what the role may do, such as read_requests; left out means all of it"`
	ExpiresAt    *time.Time    `json:"expires_at,omitempty" doc:"At most two years from now; a year when left out"`
}

type apiKeyInput struct {
	KeyInput
	Body NewKeyInput
}

func (a *api) makeKey(ctx context.Context, in *apiKeyInput) (*answer[contract.MadeAPIKey], error) {
	made, err := bus.Call(ctx, a.Bus, contract.DirectoryMakeAPIKey, contract.MakeAPIKey{
		ID: idOf[contract.APIKeyID](ctx, in.KeyInput), Name: in.Body.Name, Role: in.Body.Role, Organisation: in.Body.Organisation,
		Actions: in.Body.Actions, ExpiresAt: in.Body.ExpiresAt,
	})
	return &answer[contract.MadeAPIKey]{made}, err
}

func (a *api) revokeKey(ctx context.Context, in *IDInput) (*struct{}, error) {
	_, err := bus.Call(ctx, a.Bus, contract.DirectoryRevoke, contract.RevokeIdentity{APIKeyID: contract.APIKeyID(in.ID)})
	return nil, err
}
