package api

import (
	"net/http"
	"strings"

	"heli/pkg/access"
	"heli/pkg/contract"
)

// errScope is what a key gets that was narrowed to other actions.
var errScope = newProblem(http.StatusForbidden, "scope", "this key was made for other actions")

// needed returns the action that a key with a scope needs for a call; empty for
// what anybody may read.
func (o operation) needed() access.Action {
	if action, ok := singles()[o.id]; ok {
		return action
	}
	for _, group := range []struct {
		prefix string
		action access.Action
	}{
		{"/requests/", access.MoveRequests}, {"/offers/", access.MoveOffers}, {"/matches/", access.MoveMatches},
		{"/webhooks", access.ManageWebhooks}, {"/people", access.ManagePeople}, {"/keys", access.ManageKeys},
	} {
		if strings.HasPrefix(o.path, group.prefix) {
			return group.action
		}
	}
	return ""
}

// singles are the calls that need another action than their neighbours.
func singles() map[string]access.Action {
	return map[string]access.Action{
		"submit_request": access.SubmitRequest, "list_requests": access.ReadRequests, "get_request": access.ReadRequests,
		"suggest": access.Suggest, "verdict": access.Suggest, "requests_verify_phone": access.VerifyPhone,
		"submit_offer": access.SubmitOffer, "list_offers": access.ReadOffers, "get_offer": access.ReadOffers,
		"verify_credential": access.VerifyCredential, "offers_verify_phone": access.VerifyPhone,
		"propose_match": access.Propose, "list_matches": access.ReadMatches, "get_match": access.ReadMatches,
		"plan": access.Propose, "confirm_plan": access.Propose, "pull_events": access.PullEvents,
		"get_policy": access.ReadPolicy, "list_policies": access.ReadPolicy, "set_policy": access.ManagePolicies,
		"list_organisations": access.ReadOrganisations,
	}
}

// inScope reports whether the actor's key may send the call.
func (o operation) inScope(actor contract.Actor) bool {
	needed := o.needed()
	return needed == "" || actor.InScope(string(needed))
}
