// Package access owns who may do what: one matrix of roles and actions. What a
// role may do to a request, offer or match that moves is in the tables of the
// life cycles; where it may do so follows from organisation paths (see
// contract.Actor.Sees). It stores nothing and knows no thing by id.
package access

import (
	"fmt"
	"slices"
	"strings"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Action is something that a role may be allowed to do.
type Action string

// The actions.
const (
	ReadRequests      Action = "read_requests"
	ReadOffers        Action = "read_offers"
	ReadMatches       Action = "read_matches"
	SubmitRequest     Action = "submit_request"
	SubmitOffer       Action = "submit_offer"
	OpenAtOnce        Action = "open_at_once" // submit with state open or available
	Vouch             Action = "vouch"
	WriteNotes        Action = "write_notes"
	VerifyPhone       Action = "verify_phone"
	VerifyCredential  Action = "verify_credential"
	ReadContact       Action = "read_contact"
	Erase             Action = "erase"
	ReadAlerts        Action = "read_alerts"
	Suggest           Action = "suggest"
	Propose           Action = "propose"
	ReadHonours       Action = "read_honours" // the honour roll
	ReadOrganisations Action = "read_organisations"
	Register          Action = "register_organisation"
	ManageCampaigns   Action = "manage_campaigns"
	ManagePeople      Action = "manage_people"
	ManageKeys        Action = "manage_keys"
	ManageWebhooks    Action = "manage_webhooks"
	PullEvents        Action = "pull_events"
	ReadPolicy        Action = "read_policy"
	ManagePolicies    Action = "manage_policies"
	TryPolicies       Action = "try_policies" // on the past; changes nothing
	ReplayDeadLetters Action = "replay_dead_letters"
	// MoveRequests, MoveOffers and MoveMatches are any move at all; which ones a
	// role may make is in the tables of the life cycles.
	MoveRequests Action = "move_requests"
	MoveOffers   Action = "move_offers"
	MoveMatches  Action = "move_matches"
)

const (
	admin = contract.RoleAdministrator
	coord = contract.RoleCoordinator
	lead  = contract.RoleAgencyLead
	help  = contract.RoleHelper
	audit = contract.RoleAuditor
	integ = contract.RoleIntegrator
	pub   = contract.RolePublic
	reqr  = contract.RoleRequester
	offr  = contract.RoleOfferer
	answ  = contract.RoleAnswerer
)

// matrix is the only place that says which role may do what. The system may
// do everything.
var matrix = map[Action][]contract.Role{
	ReadRequests:      {admin, coord, audit, integ, reqr},
	ReadOffers:        {admin, coord, lead, audit, integ, offr},
	ReadMatches:       {admin, coord, lead, audit, integ, reqr, offr, answ},
	SubmitRequest:     {pub, admin, coord, lead, integ},
	SubmitOffer:       {pub, admin, coord, lead, integ},
	OpenAtOnce:        {admin, coord, lead, integ},
	Vouch:             {admin, coord},
	WriteNotes:        {admin, coord, lead},
	VerifyPhone:       {admin, coord, lead},
	VerifyCredential:  {admin, coord},
	ReadContact:       {admin, coord, lead},
	Erase:             {admin, coord, reqr, offr},
	ReadAlerts:        {admin, audit},
	Suggest:           {admin, coord, lead, integ},
	Propose:           {admin, coord, lead},
	ReadHonours:       {pub, admin, coord, lead, help, audit, integ},
	ReadOrganisations: {admin, coord, lead, help, audit, integ},
	Register:          {admin},
	ManageCampaigns:   {admin},
	ManagePeople:      {admin, lead},
	ManageKeys:        {admin},
	ManageWebhooks:    {admin, integ, coord},
	PullEvents:        {admin, coord, integ},
	ReadPolicy:        {admin, coord, audit, integ},
	ManagePolicies:    {admin},
	TryPolicies:       {admin, coord, audit},
	ReplayDeadLetters: {admin},
	MoveRequests:      {admin, coord, lead, integ, reqr},
	MoveOffers:        {admin, coord, lead, integ, offr},
	MoveMatches:       {admin, coord, lead, reqr, offr, answ},
}

// May reports whether the role may do the action.
func May(role contract.Role, action Action) bool {
	return role == contract.RoleSystem || slices.Contains(matrix[action], role)
}

// Require returns a Forbidden fault when the actor's role may not do the action,
// or the key's scope does not hold it.
func Require(a contract.Actor, action Action) error {
	if May(a.Role, action) && a.InScope(string(action)) {
		return nil
	}
	return fault.NewForbidden(string(action))
}

// Markdown renders the matrix for the docs.
func Markdown() string {
	roles := []contract.Role{admin, coord, lead, help, audit, integ, reqr, offr, answ, pub}
	var b strings.Builder
	b.WriteString("| action |")
	for _, r := range roles {
		fmt.Fprintf(&b, " %s |", r)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(roles)) + "\n")
	for _, action := range Actions() {
		fmt.Fprintf(&b, "| %s |", action)
		for _, r := range roles {
			b.WriteString(map[bool]string{true: " yes |", false: " – |"}[May(r, action)])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Actions returns every action of the matrix, sorted.
func Actions() []Action {
	actions := make([]Action, 0, len(matrix))
	for a := range matrix {
		actions = append(actions, a)
	}
	slices.Sort(actions)
	return actions
}
