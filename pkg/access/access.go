// Package access owns who may do what, and where: one matrix of roles, actions and
// scopes, and what every call, page and route asks for. What a role may do to a
// request, offer or match that moves is in the tables of the life cycles; whether
// a thing is in scope follows from organisation paths (see contract.Actor.Sees).
// It stores nothing and knows no thing by id.
package access

import (
	"fmt"
	"maps"
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
	ListRequests      Action = "list_requests"
	ExportRequests    Action = "export_requests" // a whole list as a file
	ReadOffers        Action = "read_offers"
	ListOffers        Action = "list_offers"
	ReadMatches       Action = "read_matches"
	SubmitRequest     Action = "submit_request"
	SubmitOffer       Action = "submit_offer"
	OpenAtOnce        Action = "open_at_once" // submit with state open or available
	Vouch             Action = "vouch"
	MoveRequests      Action = "move_requests" // which moves: the life cycle says
	MoveOffers        Action = "move_offers"
	MoveMatches       Action = "move_matches"
	CorrectRequests   Action = "correct_requests"
	CorrectOffers     Action = "correct_offers"
	WriteNotes        Action = "write_notes"
	VerifyPhone       Action = "verify_phone"
	VerifyCredential  Action = "verify_credential"
	ReadContact       Action = "read_contact"
	Erase             Action = "erase"
	ExportOwn         Action = "export_own" // all that is held of whom the token is
	ReadAlerts        Action = "read_alerts"
	ReadReleased      Action = "read_released_contact" // one's own, and that of the other side of a match
	RecordSessions    Action = "record_sessions"
	ReadSessions      Action = "read_sessions"
	Suggest           Action = "suggest"
	Propose           Action = "propose"
	ReadHonours       Action = "read_honours" // the honour roll
	ReadBoard         Action = "read_board"   // what is published
	Publish           Action = "publish"      // on the board, and take off it
	ReadOrganisations Action = "read_organisations"
	Register          Action = "register_organisation"
	ManageCampaigns   Action = "manage_campaigns"
	ManagePeople      Action = "manage_people"
	ManageKeys        Action = "manage_keys"
	ManageWebhooks    Action = "manage_webhooks"
	ManageForms       Action = "manage_forms" // of other programs, that post here
	PullEvents        Action = "pull_events"
	ReadPolicy        Action = "read_policy"
	ManagePolicies    Action = "manage_policies"
	TryPolicies       Action = "try_policies" // on the past; changes nothing
	ReplayDeadLetters Action = "replay_dead_letters"
	ManageCategories  Action = "manage_categories"
	ReadAudit         Action = "read_audit"
	ExportAudit       Action = "export_audit"
	ReadFigures       Action = "read_figures"     // dashboards and maps: counts, nobody's data
	LeadPool          Action = "lead_pool"        // an agency's own offers and helpers
	SetHelperTerms    Action = "set_helper_terms" // how much may be asked of one helper
	ReadReference     Action = "read_reference"
	SignIn            Action = "sign_in"
	UseCodes          Action = "use_codes"   // find what a code names, to prove a token
	Record            Action = "record"      // in the audit chain, by a service for whoever acts
	UseAccount        Action = "use_account" // one's own
	ReadProjections   Action = "read_projections"
	ReachPeople       Action = "reach_people"  // learn where a message goes
	ReadMessages      Action = "read_messages" // the log: kinds, codes and times
	FollowErasures    Action = "follow_erasures"
	MakeFirst         Action = "make_first_administrator"
	Complain          Action = "complain"
	HandleComplaints  Action = "handle_complaints"
	NameSafeguard     Action = "name_safeguard"
	SuspendHelpers    Action = "suspend_helpers"
	ReadAsks          Action = "read_asks"
	AnswerAsks        Action = "answer_asks"
)

// Scope is where a role may do an action.
type Scope string

// The scopes. A token's is the one thing that it speaks for, whatever the scope.
const (
	Below    Scope = "below"    // what the actor's organisation and those below it own
	Shared   Scope = "shared"   // below, and what others share with the network
	Around   Scope = "around"   // below, and what the organisations above decided
	Anywhere Scope = "anywhere" // belongs to no organisation
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

// grant says where which roles may do an action.
type grant struct {
	scope Scope
	roles []contract.Role
}

// everybody has no limit by role.
var everybody = []contract.Role{admin, coord, lead, help, audit, integ, reqr, offr, answ, pub}

// matrix is the only place that says which role may do what, and where. The
// system may do everything.
var matrix = map[Action]grant{
	ReadRequests:      {Below, []contract.Role{admin, coord, audit, integ, reqr}},
	ListRequests:      {Below, []contract.Role{admin, coord, audit, integ}},
	ExportRequests:    {Below, []contract.Role{admin, coord}},
	ListOffers:        {Below, []contract.Role{admin, coord, lead, audit, integ}},
	ReadOffers:        {Below, []contract.Role{admin, coord, lead, audit, integ, offr}},
	ReadMatches:       {Below, []contract.Role{admin, coord, lead, audit, integ, reqr, offr, answ}},
	SubmitRequest:     {Below, []contract.Role{pub, admin, coord, lead, integ}},
	SubmitOffer:       {Below, []contract.Role{pub, admin, coord, lead, integ}},
	OpenAtOnce:        {Below, []contract.Role{admin, coord, lead, integ}},
	Vouch:             {Below, []contract.Role{admin, coord}},
	MoveRequests:      {Below, []contract.Role{admin, coord, lead, integ, reqr}},
	MoveOffers:        {Below, []contract.Role{admin, coord, lead, integ, offr}},
	MoveMatches:       {Below, []contract.Role{admin, coord, lead, reqr, offr, answ}},
	CorrectRequests:   {Below, []contract.Role{admin, coord, lead, reqr}},
	CorrectOffers:     {Below, []contract.Role{admin, coord, lead, offr}},
	WriteNotes:        {Below, []contract.Role{admin, coord, lead}},
	VerifyPhone:       {Below, []contract.Role{admin, coord, lead}},
	VerifyCredential:  {Below, []contract.Role{admin, coord}},
	ReadContact:       {Below, []contract.Role{admin, coord, lead}},
	Erase:             {Below, []contract.Role{admin, coord, reqr, offr}},
	ExportOwn:         {Below, []contract.Role{reqr, offr}},
	ReadAlerts:        {Below, []contract.Role{admin, audit}},
	ReadReleased:      {Below, []contract.Role{reqr, offr, answ}},
	RecordSessions:    {Below, []contract.Role{admin, coord, lead, integ}},
	ReadSessions:      {Below, []contract.Role{admin, coord, lead, audit, integ}},
	Suggest:           {Shared, []contract.Role{admin, coord, lead, integ}},
	Propose:           {Shared, []contract.Role{admin, coord, lead}},
	ReadHonours:       {Anywhere, []contract.Role{pub, admin, coord, lead, help, audit, integ}},
	ReadBoard:         {Anywhere, everybody},
	Publish:           {Below, []contract.Role{admin, coord}},
	ReadOrganisations: {Below, []contract.Role{admin, coord, lead, help, audit, integ}},
	Register:          {Below, []contract.Role{admin}},
	ManageCampaigns:   {Below, []contract.Role{admin}},
	ManagePeople:      {Below, []contract.Role{admin, lead}},
	ManageKeys:        {Below, []contract.Role{admin}},
	ManageWebhooks:    {Below, []contract.Role{admin, integ, coord}},
	ManageForms:       {Below, []contract.Role{admin, coord, integ}},
	PullEvents:        {Below, []contract.Role{admin, coord, integ}},
	ReadPolicy:        {Around, []contract.Role{admin, coord, audit, integ}},
	ManagePolicies:    {Below, []contract.Role{admin}},
	TryPolicies:       {Below, []contract.Role{admin, coord, audit}},
	ReplayDeadLetters: {Below, []contract.Role{admin}},
	ManageCategories:  {Below, []contract.Role{admin}},
	ReadAudit:         {Below, []contract.Role{admin, audit}},
	ExportAudit:       {Below, []contract.Role{admin, audit}},
	ReadFigures:       {Below, []contract.Role{admin, coord, audit}},
	LeadPool:          {Below, []contract.Role{admin, coord, lead}},
	SetHelperTerms:    {Below, []contract.Role{admin, coord, lead, offr}},
	ReadReference:     {Anywhere, everybody},
	SignIn:            {Anywhere, everybody},
	UseCodes:          {Anywhere, everybody},
	Record:            {Anywhere, everybody},
	UseAccount:        {Anywhere, []contract.Role{admin, coord, lead, help, audit, integ}},
	ReadProjections:   {Anywhere, nil},
	ReachPeople:       {Anywhere, nil},
	ReadMessages:      {Below, []contract.Role{admin, coord, lead, audit}},
	FollowErasures:    {Anywhere, nil},
	MakeFirst:         {Anywhere, nil},
	Complain:          {Below, []contract.Role{admin, coord, lead, reqr, offr, answ}},
	HandleComplaints:  {Below, []contract.Role{admin, coord}},
	NameSafeguard:     {Below, []contract.Role{admin}},
	SuspendHelpers:    {Anywhere, nil},
	ReadAsks:          {Below, []contract.Role{admin, coord, lead, audit, integ, offr, answ}},
	AnswerAsks:        {Below, []contract.Role{admin, coord, lead, offr, answ}},
}

// May reports whether the role may do the action.
func May(role contract.Role, action Action) bool {
	return !contract.Checked || role == contract.RoleSystem || slices.Contains(matrix[action].roles, role)
}

// Require returns a Forbidden fault when the actor's role may not do the action,
// or the key's scope does not hold it.
func Require(a contract.Actor, action Action) error {
	if May(a.Role, action) && a.InScope(string(action)) {
		return nil
	}
	return fault.NewForbidden(string(action))
}

// Rule is what a call or a page asks for: that the role may do any of the actions.
type Rule []Action

// Permit returns a Forbidden fault when the actor's role may do none of the
// rule's actions; a rule without actions permits nobody.
func (r Rule) Permit(a contract.Actor) error {
	if len(r) == 0 {
		return fault.NewForbidden("unruled")
	}
	if r.May(a.Role) {
		return nil
	}
	return fault.NewForbidden(string(r[0]))
}

// May reports whether the role may do any of the rule's actions.
func (r Rule) May(role contract.Role) bool {
	return slices.ContainsFunc(r, func(action Action) bool { return May(role, action) })
}

// reads says which right to read holds the right to list.
var reads = map[Action]Action{ListRequests: ReadRequests, ListOffers: ReadOffers}

// InScope reports whether the actor's key, where it was narrowed, holds one of
// the rule's actions. What everybody may do is in every scope.
func (r Rule) InScope(a contract.Actor) bool {
	return a.Scope == "" || slices.ContainsFunc(r, func(action Action) bool {
		return len(matrix[action].roles) == len(everybody) || a.InScope(string(action)) || a.InScope(string(reads[action]))
	})
}

// Markdown renders the matrix and the tables of calls and pages for the docs.
func Markdown() string {
	roles := everybody
	var b strings.Builder
	b.WriteString("| action | scope |")
	for _, r := range roles {
		fmt.Fprintf(&b, " %s |", r)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(roles)) + "\n")
	for _, action := range Actions() {
		fmt.Fprintf(&b, "| %s | %s |", action, matrix[action].scope)
		for _, r := range roles {
			b.WriteString(map[bool]string{true: " yes |", false: " – |"}[May(r, action)])
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n## Calls between services\n\n" + table("endpoint", endpoints))
	b.WriteString("\n## Pages and routes\n\n" + table("route", routes))
	return b.String()
}

// table renders rules by what they stand for.
func table(heading string, rules map[string]Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | any of |\n|---|---|\n", heading)
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		actions := make([]string, len(rules[name]))
		for i, action := range rules[name] {
			actions[i] = string(action)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, strings.Join(actions, ", "))
	}
	return b.String()
}

// Roles returns every role but the system's, which may do everything.
func Roles() []contract.Role { return slices.Clone(everybody) }

// Actions returns every action of the matrix, sorted.
func Actions() []Action {
	actions := make([]Action, 0, len(matrix))
	for a := range matrix {
		actions = append(actions, a)
	}
	slices.Sort(actions)
	return actions
}
