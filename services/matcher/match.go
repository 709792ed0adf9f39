// Package matcher owns matches and reservations, its projections of needs and
// offers, and the index over them. It is the only authority over what is
// reserved. It never stores a contact or a readable text of a need.
package matcher

import (
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/lifecycle"
	"heli/services/matcher/rank"
)

// State is where a match stands.
type State string

// The states. A suggestion is computed when looked at and has none.
const (
	Proposed        State = "proposed"
	Accepted        State = "accepted"
	ContactReleased State = "contact_released"
	InProgress      State = "in_progress"
	ReportedDone    State = "reported_done"
	Confirmed       State = "confirmed"
	Declined        State = "declined"
	HoldExpired     State = "hold_expired"
	Withdrawn       State = "withdrawn"
	NoShow          State = "no_show"
	Failed          State = "failed"
	Disputed        State = "disputed"
	Cancelled       State = "cancelled"
)

// Holds reports whether a match in this state reserves its amount.
func (s State) Holds() bool {
	switch s {
	case Proposed, Accepted, ContactReleased, InProgress, ReportedDone, Confirmed, Disputed:
		return true
	default:
		return false
	}
}

// Live reports whether the match is still under way: at most one such match
// joins a request and an offer.
func (s State) Live() bool { return s.Holds() && s != Confirmed }

var (
	helperSide    = []contract.Role{contract.RoleAnswerer, contract.RoleOfferer}
	requesterSide = []contract.Role{contract.RoleRequester}
	staff         = []contract.Role{contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleAgencyLead}
	dispatchers   = []contract.Role{contract.RoleAdministrator, contract.RoleCoordinator}
	system        = []contract.Role{contract.RoleSystem}
)

// moveUnschedule calls the appointment of a match off; the match stays, with the time
// at which it uses capacity.
const moveUnschedule = "unschedule"

// Moves is the life cycle of a match. The requester's confirmation may come
// before the helper's report: it is kept, and the state moves with the report.
var Moves = lifecycle.Table[State]{
	{Name: "accept", From: []State{Proposed}, To: Accepted, Who: slices.Concat(helperSide, staff)},
	{Name: "decline", From: []State{Proposed}, To: Declined, Who: slices.Concat(helperSide, staff), Reason: true},
	{Name: "expire", From: []State{Proposed}, To: HoldExpired, Who: system},
	{Name: moveNotNow, From: []State{Proposed}, To: HoldExpired, Who: slices.Concat(helperSide, staff)},
	{Name: moveHandOn, From: []State{Proposed}, To: HoldExpired, Who: slices.Concat(helperSide, staff)},
	{Name: "release_contact", From: []State{Accepted}, To: ContactReleased, Who: staff},
	{Name: "start", From: []State{Accepted, ContactReleased}, To: InProgress, Who: slices.Concat(helperSide, staff)},
	{Name: "report", From: []State{Accepted, ContactReleased, InProgress}, To: ReportedDone, Who: slices.Concat(helperSide, staff)},
	{Name: "confirm", From: []State{ReportedDone}, To: Confirmed, Who: slices.Concat(requesterSide, staff)},
	{Name: "confirm", From: []State{Accepted}, To: Accepted, Who: slices.Concat(requesterSide, staff)},
	{Name: "confirm", From: []State{ContactReleased}, To: ContactReleased, Who: slices.Concat(requesterSide, staff)},
	{Name: "confirm", From: []State{InProgress}, To: InProgress, Who: slices.Concat(requesterSide, staff)},
	{
		Name: "dispute", From: []State{Accepted, ContactReleased, InProgress, ReportedDone, Confirmed}, To: Disputed,
		Who: slices.Concat(requesterSide, helperSide, staff, system), Reason: true,
	},
	{Name: "resolve", From: []State{Disputed}, To: Confirmed, Who: dispatchers, Reason: true},
	{Name: "no_show", From: []State{Accepted, ContactReleased, InProgress}, To: NoShow, Who: slices.Concat(requesterSide, staff)},
	{
		Name: "fail", From: []State{Accepted, ContactReleased, InProgress, ReportedDone, Disputed}, To: Failed,
		Who: staff, Reason: true,
	},
	{Name: "withdraw", From: []State{Accepted, ContactReleased, InProgress}, To: Withdrawn, Who: slices.Concat(helperSide, staff)},
	{
		Name: "cancel", From: []State{Proposed, Accepted, ContactReleased, InProgress, Disputed}, To: Cancelled,
		Who: slices.Concat(requesterSide, dispatchers, system), Reason: true,
	},
	{Name: "reschedule", From: []State{Proposed}, To: Proposed, Who: slices.Concat(helperSide, staff)},
	{Name: "reschedule", From: []State{Accepted}, To: Accepted, Who: slices.Concat(helperSide, staff)},
	{Name: "reschedule", From: []State{ContactReleased}, To: ContactReleased, Who: slices.Concat(helperSide, staff)},
	{Name: moveUnschedule, From: []State{Proposed}, To: Proposed, Who: slices.Concat(helperSide, staff)},
	{Name: moveUnschedule, From: []State{Accepted}, To: Accepted, Who: slices.Concat(helperSide, staff)},
	{Name: moveUnschedule, From: []State{ContactReleased}, To: ContactReleased, Who: slices.Concat(helperSide, staff)},
}

// answers are the two sides' answers of a match, each nil until given.
type answers struct {
	reported  *int64 // the helper's: delivered, in the need's unit
	confirmed *int64 // the requester's
}

// outcome applies a closing answer. It returns the state and the amount that
// stays reserved: fulfilling less frees the rest. The sides agree when the
// requester confirms at least what the helper reports.
func (a answers) outcome(move string, to State, quantity int64) (State, int64) {
	switch {
	case (move == "report" || move == "resolve") && *a.reported == 0:
		return Failed, quantity
	case to == ReportedDone && a.confirmed == nil:
		return ReportedDone, *a.reported
	case a.reported == nil || (to != ReportedDone && to != Confirmed):
		return to, quantity
	case *a.confirmed < *a.reported:
		return Disputed, *a.reported
	default:
		return Confirmed, *a.reported
	}
}

// give records an answer of one side; a nil amount means all of it.
func (a answers) give(move string, amount *int64, quantity int64) (answers, error) {
	if move != "report" && move != "confirm" && move != "resolve" {
		return a, nil
	}
	given := quantity
	if amount != nil {
		given = *amount
	}
	if given < 0 || given > quantity {
		return a, fault.NewInvalid(fault.Field{
			Location: "quantity", Code: "out_of_range", Args: map[string]any{"min": 0, "max": quantity},
		})
	}
	switch move {
	case "report":
		a.reported = &given
	case "confirm":
		a.confirmed = &given
	case "resolve": // the coordinator's word stands for both
		a.reported, a.confirmed = &given, &given
	}
	return a, nil
}

// Quiet hours in the helper's zone, during which a hold's time does not run.
const (
	quietFromHour = 22
	quietToHour   = 7
)

// holdUntil returns when a hold that begins now ends: after span, not counting
// quiet hours, which only critical needs break.
func holdUntil(now time.Time, span time.Duration, urgency contract.Urgency, zone *time.Location) time.Time {
	if urgency == contract.Critical {
		return now.Add(span)
	}
	at := wake(now.In(zone))
	for {
		bedtime := time.Date(at.Year(), at.Month(), at.Day(), quietFromHour, 0, 0, 0, zone)
		awake := bedtime.Sub(at)
		if span <= awake {
			return at.Add(span).UTC()
		}
		span -= awake
		at = wake(bedtime)
	}
}

// wake returns the end of the quiet hours that t lies in, else t.
func wake(t time.Time) time.Time {
	morning := time.Date(t.Year(), t.Month(), t.Day(), quietToHour, 0, 0, 0, t.Location())
	switch {
	case t.Before(morning):
		return morning
	case t.Hour() >= quietFromHour:
		return morning.AddDate(0, 0, 1)
	default:
		return t
	}
}

// nightfall returns when nobody is asked any more today, in t's zone, and no time
// where that is so already.
func nightfall(t time.Time) time.Time {
	if wake(t).After(t) {
		return time.Time{}
	}
	return time.Date(t.Year(), t.Month(), t.Day(), quietFromHour, 0, 0, 0, t.Location())
}

// periodStart returns the first day of the period that a time falls in, in the
// offer's zone.
func periodStart(per contract.Period, at time.Time, zone *time.Location) time.Time {
	return rank.PeriodStart(per, at, zone)
}
