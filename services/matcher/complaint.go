package matcher

import (
	"slices"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/lifecycle"
)

// ComplaintState is where a complaint stands.
type ComplaintState string

// The states of a complaint.
const (
	ComplaintOpen   ComplaintState = "open"
	ComplaintInHand ComplaintState = "in_hand"
	ComplaintClosed ComplaintState = "closed"
)

const (
	moveTake  = "take"
	moveClose = "close"
	// reasonComplaint is why a match ended or is disputed: it says no more to who
	// may see the match.
	reasonComplaint = "complaint"
)

// ComplaintMoves is the life cycle of a complaint. Whoever takes one that a
// colleague has in hand takes it over.
var ComplaintMoves = lifecycle.Table[ComplaintState]{
	{Name: moveTake, From: []ComplaintState{ComplaintOpen, ComplaintInHand}, To: ComplaintInHand, Who: dispatchers},
	{Name: moveClose, From: []ComplaintState{ComplaintOpen, ComplaintInHand}, To: ComplaintClosed, Who: dispatchers},
}

// about returns whom a complaint of an actor is about: each side reports the
// other, staff say whom.
func about(a contract.Actor, named contract.Side) contract.Side {
	switch a.Role {
	case contract.RoleRequester:
		return contract.SideHelper
	case contract.RoleAnswerer, contract.RoleOfferer:
		return contract.SideRequester
	default:
		return named
	}
}

// keeper returns with what the words of a complaint are kept, which decides the
// organisation that answers for it: with the thing of who complains; for staff
// with the request where they may read it, else with the offer.
func keeper(a contract.Actor, m matchRow) (contract.Thing, string) {
	switch {
	case a.Role == contract.RoleRequester, a.Staff() && access.May(a.Role, access.ReadRequests) && a.Sees(m.RequestPath):
		return contract.ThingRequest, m.RequestPath
	default:
		return contract.ThingOffer, m.OfferPath
	}
}

func checkComplaint(q contract.FileComplaint, whom contract.Side) error {
	c := check.New(nil)
	check.ID(c, "id", q.ID)
	check.OneOf(c, "kind", q.Kind, contract.ComplaintKinds())
	check.OneOf(c, "about", whom, []contract.Side{contract.SideHelper, contract.SideRequester})
	return c.Err()
}

// newComplaint returns the row of a complaint about one side of a match. What
// puts somebody in danger pauses a helper at once; nothing pauses a requester.
func newComplaint(q contract.FileComplaint, a contract.Actor, m matchRow) complaintRow {
	apart := q.Kind.Apart()
	if q.Apart != nil {
		apart = *q.Apart
	}
	whom := about(a, q.About)
	kept, path := keeper(a, m)
	return complaintRow{
		ID: q.ID, MatchID: m.ID, MatchCode: m.Code, RequestID: m.RequestID, OfferID: m.OfferID, Kind: q.Kind, By: a.Role,
		About: whom, Path: path, Keeper: kept, State: ComplaintOpen, Version: 1, Apart: apart,
		Pausing:      q.Kind == contract.ComplaintSafeguarding && whom == contract.SideHelper,
		RequesterKey: m.RequesterKey, HelperKey: m.HelperKey, Due: true,
	}
}

// decided returns the row after a move, or the fault that says why it cannot be
// made.
func (c complaintRow) decided(q contract.DecideComplaint, a contract.Actor) (complaintRow, error) {
	if q.Version != nil && *q.Version != c.Version {
		return c, fault.NewConflict("stale_version", "the complaint changed meanwhile")
	}
	to, err := ComplaintMoves.Apply(q.Move, c.State, a.Role, "")
	if err != nil {
		return c, err
	}
	c.State, c.Version, c.Due = to, c.Version+1, true
	c.HeldByID, c.HeldBy = a.ID(), a.Name
	if q.Move != moveClose {
		return c, nil
	}
	if !slices.Contains(contract.ComplaintOutcomes(), q.Outcome) {
		return c, fault.NewInvalid(fault.Field{Location: "outcome", Code: check.Required})
	}
	c.Outcome = q.Outcome
	c.Apart, c.Pausing = c.Apart && !q.Together, c.Pausing && !q.Reinstate
	return c, nil
}

// parting is the move that ends a live match of two who are kept apart: what has
// not begun is over, what has begun a coordinator has to look at. Where the
// helper is suspended nothing that was accepted ends unseen.
func parting(state State, suspended bool) string {
	if state == Proposed || !suspended && (state == Accepted || state == ContactReleased) {
		return "cancel"
	}
	return "dispute"
}
