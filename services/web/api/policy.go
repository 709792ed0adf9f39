package api

import (
	"context"
	"encoding/json"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

func (a *api) addPolicies() {
	add(a, operation{
		method: http.MethodGet, path: "/policy", id: "get_policy", tag: tagReference,
		summary: "Read the matching policy of the installation",
	}, a.getPolicy)
	add(a, operation{
		method: http.MethodGet, path: "/policies", id: "list_policies", tag: tagReference,
		summary:     "List the matching policies in force",
		description: "Those of the organisations above and below yours. The nearest organisation's decides, there the nearest category's.",
	}, a.listPolicies)
	add(a, operation{
		method: http.MethodPost, path: "/policies", id: "set_policy", tag: tagReference, status: http.StatusCreated,
		summary: "Put a matching policy in force",
		description: "For the whole installation, an organisation, a category, or a category of an organisation. " +
			"A document that is not sound is refused with every reason, and the old one stays; null makes the scope follow what is above it.",
	}, a.setPolicy)
}

func (a *api) getPolicy(ctx context.Context, _ *struct{}) (*answer[contract.Policy], error) {
	policy, err := bus.Call(ctx, a.Bus, contract.MatcherPolicy, contract.Empty{})
	return &answer[contract.Policy]{policy}, err
}

func (a *api) listPolicies(ctx context.Context, _ *struct{}) (*answer[List[contract.Policy]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.MatcherPolicies, contract.Empty{})
	return listOf(listing), err
}

// PolicyInput is a policy and where it is to be in force.
type PolicyInput struct {
	Organisation string          `json:"organisation,omitempty" maxLength:"64" doc:"Code; left out means the whole installation"`
	Category     string          `json:"category,omitempty" maxLength:"64" doc:"Code; left out means all"`
	Document     json.RawMessage `json:"document" doc:"As GET /policy shows it, or null"`
	Reason       string          `json:"reason" minLength:"1" maxLength:"500" doc:"For the audit chain"`
}

type policyInput struct {
	KeyInput
	Body PolicyInput
}

func (a *api) setPolicy(ctx context.Context, in *policyInput) (*answer[contract.Policy], error) {
	policy, err := bus.Call(ctx, a.Bus, contract.MatcherSetPolicy, contract.SetPolicy{
		Organisation: in.Body.Organisation, Category: in.Body.Category, Document: in.Body.Document, Reason: in.Body.Reason,
		Key: in.key(ctx), BodyHash: callFrom(ctx).bodyHash(),
	})
	return &answer[contract.Policy]{policy}, err
}
