// Package offer owns offers: their lines and total capacity, credentials,
// helpers, notes, history and the contacts of those who give help, which nobody
// else stores. It answers calls about them, says what became of them, and
// follows what the matcher says of their matches.
//
// It never knows who needs what it has, never reserves anything, and no contact
// or text of an offer leaves it in a fact, a log or an error.
package offer

import (
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/lifecycle"
)

// Stage is what people command: the stored part of an offer's state.
type Stage string

// The stages. The last three are ends.
const (
	Submitted Stage = "submitted"
	Vetting   Stage = "vetting"
	Available Stage = "available" // reservations are allowed
	Paused    Stage = "paused"
	Expired   Stage = "expired"
	Withdrawn Stage = "withdrawn"
	Blocked   Stage = "blocked"
)

// State is what is shown: the stage and the totals of the lines together.
type State string

// Exhausted is the state that follows from matches; the others are named as the
// stages.
const Exhausted State = "exhausted"

// States lists the shown states.
func States() []string {
	var states []string
	for _, stage := range slices.Concat(live, ends) {
		states = append(states, string(stage))
	}
	return append(states, string(Exhausted))
}

// Names of moves that the program itself makes or treats apart.
const (
	moveSubmit           = "submit"
	moveVet              = "vet"
	moveApprove          = "approve"
	moveReject           = "reject"
	moveRecheck          = "recheck"
	movePause            = "pause"
	moveKeep             = "keep" // it still stands: changes no stage
	moveExpire           = "expire"
	moveWithdraw         = "withdraw"
	moveVerifyPhone      = "verify_phone"
	moveVerifyCredential = "verify_credential"
	moveCorrect          = "correct"
	moveMatch            = "match"
	moveSuspend          = "suspend" // like the next, changes no stage
	moveReinstate        = "reinstate"
	moveErase            = "erase" // changes no stage: what is live was withdrawn before
)

var (
	live    = []Stage{Submitted, Vetting, Available, Paused}
	ends    = []Stage{Expired, Withdrawn, Blocked}
	staff   = []contract.Role{contract.RoleCoordinator, contract.RoleAdministrator}
	vetters = []contract.Role{contract.RoleCoordinator, contract.RoleAdministrator, contract.RoleAgencyLead, contract.RoleIntegrator}
	givers  = []contract.Role{contract.RoleOfferer, contract.RoleCoordinator, contract.RoleAdministrator, contract.RoleAgencyLead, contract.RoleIntegrator}
	system  = []contract.Role{contract.RoleSystem}
)

// Moves is the life cycle of an offer. Staff who record the helper's own
// decision (on_behalf_of) make the offerer's moves; an integrator makes those of
// offers that came in by a key. A changed phone sends an offer back to vetting.
var Moves = lifecycle.Table[Stage]{
	{Name: moveVet, From: []Stage{Submitted}, To: Vetting, Who: vetters},
	{Name: moveApprove, From: []Stage{Vetting}, To: Available, Who: vetters},
	{Name: moveReject, From: []Stage{Submitted, Vetting}, To: Blocked, Who: staff, Reason: true},
	{Name: movePause, From: []Stage{Available}, To: Paused, Who: slices.Concat(givers, system)},
	{Name: moveKeep, From: []Stage{Available}, To: Available, Who: givers},
	{Name: "resume", From: []Stage{Paused}, To: Available, Who: givers},
	{Name: moveRecheck, From: []Stage{Available, Paused}, To: Vetting, Who: system},
	{Name: moveWithdraw, From: live, To: Withdrawn, Who: givers},
	{Name: "block", From: []Stage{Available, Paused}, To: Blocked, Who: staff, Reason: true},
	{Name: "unblock", From: []Stage{Blocked}, To: Vetting, Who: staff, Reason: true},
	{Name: moveExpire, From: live, To: Expired, Who: system},
}

// Totals are the amounts of one offer line and of its matches, in its unit.
type Totals struct {
	Capacity *int64 // nil: not stated, so never used up
	Per      contract.Period
	Reserved int64 // held by live matches and by those done
	Used     int64 // really delivered
}

// exhausted reports that nothing can be taken from the line any more. What
// renews by day or week never is.
func (t Totals) exhausted() bool {
	return t.Per == contract.PerTotal && t.Capacity != nil && t.Reserved >= *t.Capacity
}

// Situation is all that the shown state and the guards of moves follow from.
type Situation struct {
	Stage         Stage
	Phone         bool // there is one
	PhoneVerified bool
	ByStaff       bool // entered by an organisation, not by the public
	Suspended     bool // it rests while a complaint is looked into
	Lines         []Totals
}

// State returns the shown state: an available offer is exhausted once every
// line is, and paused while its helper is suspended.
func (s Situation) State() State {
	if s.Stage == Available && s.Suspended {
		return State(Paused)
	}
	if s.Stage != Available || len(s.Lines) == 0 {
		return State(s.Stage)
	}
	if slices.ContainsFunc(s.Lines, func(t Totals) bool { return !t.exhausted() }) {
		return State(Available)
	}
	return Exhausted
}

// Live reports that the offer has not ended.
func (s Situation) Live() bool { return slices.Contains(live, s.Stage) }

// Reachable reports that somebody answers for the offer: behind a verified
// phone or, where there is none, in the organisation that entered it. Else Heli
// would deliver harassment.
func (s Situation) Reachable() bool { return s.PhoneVerified || !s.Phone && s.ByStaff }

var errPhoneUnverified = fault.NewConflict("phone_unverified",
	"the phone must be verified before the offer becomes available")

// Make returns the situation after one move of the table, or the fault that
// says why it cannot be made: see lifecycle.Table.Apply. No move leads to
// available while nobody answers for the offer.
func (s Situation) Make(move string, role contract.Role, reason string) (Situation, error) {
	to, err := Moves.Apply(move, s.Stage, role, reason)
	if err != nil {
		return s, err
	}
	if to == Available && !s.Reachable() {
		return s, errPhoneUnverified
	}
	s.Stage = to
	return s, nil
}

// States of a match that hold capacity; every other one is an end that frees it.
const (
	matchProposed        = "proposed"
	matchAccepted        = "accepted"
	matchContactReleased = "contact_released"
	matchInProgress      = "in_progress"
	matchReportedDone    = "reported_done"
	matchConfirmed       = "confirmed"
	matchDisputed        = "disputed"
)

// MatchView is what an offer knows of one of its matches.
type MatchView struct {
	State     string
	Quantity  *int64 // nil counts 1
	Fulfilled *int64 // once reported; frees the rest
}

// Held returns how much of the line's capacity the match holds. What was
// delivered stays held: it is gone.
func (m MatchView) Held() int64 {
	switch m.State {
	case matchProposed, matchAccepted, matchContactReleased, matchInProgress:
		return orOne(m.Quantity)
	case matchReportedDone, matchConfirmed, matchDisputed:
		if m.Fulfilled != nil {
			return *m.Fulfilled
		}
		return orOne(m.Quantity)
	default:
		return 0
	}
}

// Used returns how much was really delivered: what the helper reported, unless
// the requester disputes it.
func (m MatchView) Used() int64 {
	if m.State == matchReportedDone || m.State == matchConfirmed {
		return m.Held()
	}
	return 0
}

// Released reports that the requester may see the contact: it was released, and
// the match has neither been given up since nor is disputed: then somebody looks
// at it who stands between the two.
func Released(everReleased bool, state string) bool {
	shown := []string{matchContactReleased, matchInProgress, matchReportedDone, matchConfirmed}
	return everReleased && slices.Contains(shown, state)
}

func orOne(n *int64) int64 {
	if n == nil {
		return 1
	}
	return *n
}

// PeriodOf returns the period of a renewing capacity that holds the moment: its
// day, or its week from Monday on, in the zone. False for a capacity in total.
func PeriodOf(per contract.Period, zone *time.Location, at time.Time) (from, to time.Time, renews bool) {
	year, month, day := at.In(zone).Date()
	days := 1
	switch per {
	case contract.PerDay:
	case contract.PerWeek:
		day -= (int(at.In(zone).Weekday()) + 6) % 7
		days = 7
	default:
		return time.Time{}, time.Time{}, false
	}
	return time.Date(year, month, day, 0, 0, 0, 0, zone), time.Date(year, month, day+days, 0, 0, 0, 0, zone), true
}
