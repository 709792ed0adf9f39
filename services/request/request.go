// Package request owns requests: their need lines, notes, files, links, history
// and the requesters' contacts, which nobody else stores. It answers calls about them,
// says what became of them, and follows what the matcher says of their matches.
//
// It never picks an offer, and no contact or text of a need leaves it in a
// fact, a log or an error.
package request

import (
	"slices"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/lifecycle"
)

// Stage is what people command: the stored part of a request's state.
type Stage string

// The stages.
const (
	Submitted Stage = "submitted"
	NeedsInfo Stage = "needs_info" // waits for the requester's answer
	Triaged   Stage = "triaged"
	Open      Stage = "open" // reservations are allowed
	OnHold    Stage = "on_hold"
	Referred  Stage = "referred" // handed to another organisation, which triages anew
	Reopened  Stage = "reopened" // passed through on the way from closed to open
	Closed    Stage = "closed"
)

// State is what is shown: the stage and the totals of the lines together.
type State string

// The states that follow from matches; the others are named as the stages.
const (
	PartiallyMatched  State = "partially_matched"
	Matched           State = "matched"
	InProgress        State = "in_progress"
	ReportedFulfilled State = "reported_fulfilled"
	Confirmed         State = "confirmed"
	Disputed          State = "disputed"
)

// States lists every state that can be shown.
func States() []string {
	states := []string{string(PartiallyMatched), string(Matched), string(InProgress), string(ReportedFulfilled),
		string(Confirmed), string(Disputed)}
	for _, stage := range append(slices.Clone(live), Reopened, Closed) {
		states = append(states, string(stage))
	}
	return states
}

// Reason is why a request was closed.
type Reason string

// The reasons that a move gives by itself; Reasons lists all.
const (
	ReasonConfirmed Reason = "confirmed"
	ReasonWithdrawn Reason = "withdrawn"
	// ReasonUnconfirmed: all was reported, and the requester never said a word.
	ReasonUnconfirmed Reason = "reported_unconfirmed"
)

// Reasons lists the reasons for closing.
func Reasons() []Reason {
	return []Reason{ReasonConfirmed, ReasonUnconfirmed, "done_by_others", "no_longer_needed", "unreachable",
		"out_of_scope", "unfulfillable", "expired", "rejected", ReasonWithdrawn}
}

// Names of moves that the program itself makes or treats apart.
const (
	moveSubmit      = "submit"
	moveTriage      = "triage"
	moveOpen        = "open"
	moveRefer       = "refer"
	moveClose       = "close"
	moveWithdraw    = "withdraw"
	moveReopen      = "reopen"
	moveErase       = "erase" // changes no stage: what is live was withdrawn before
	moveComplete    = "complete"
	moveLapse       = "lapse"     // nobody said whether help came
	moveFollowUp    = "follow_up" // changes no stage: a date to look again
	moveVerifyPhone = "verify_phone"
	moveCorrect     = "correct"
	moveClaim       = "claim"
	moveUnclaim     = "unclaim"
	moveMatch       = "match" // the matches moved the state
)

var (
	live     = []Stage{Submitted, NeedsInfo, Triaged, Open, OnHold, Referred}
	staff    = []contract.Role{contract.RoleCoordinator, contract.RoleAdministrator}
	openers  = []contract.Role{contract.RoleCoordinator, contract.RoleAdministrator, contract.RoleAgencyLead, contract.RoleIntegrator}
	asker    = []contract.Role{contract.RoleRequester}
	answerer = []contract.Role{contract.RoleRequester, contract.RoleCoordinator, contract.RoleAdministrator}
	system   = []contract.Role{contract.RoleSystem}
)

// Moves is the life cycle of a request. Staff who record a requester's own
// decision (on_behalf_of) make the requester's moves.
var Moves = lifecycle.Table[Stage]{
	{Name: moveTriage, From: []Stage{Submitted, NeedsInfo, Referred}, To: Triaged, Who: openers},
	{Name: "ask_info", From: []Stage{Submitted, Triaged, Open, OnHold, Referred}, To: NeedsInfo, Who: staff, Reason: true},
	{Name: "answer_info", From: []Stage{NeedsInfo}, To: Submitted, Who: answerer},
	{Name: moveOpen, From: []Stage{Triaged, Reopened}, To: Open, Who: openers},
	{Name: "hold", From: []Stage{Triaged, Open}, To: OnHold, Who: staff, Reason: true},
	{Name: "resume", From: []Stage{OnHold}, To: Open, Who: staff},
	{Name: moveRefer, From: live, To: Referred, Who: staff, Reason: true},
	{Name: moveClose, From: live, To: Closed, Who: staff, Reason: true},
	{Name: moveWithdraw, From: live, To: Closed, Who: asker},
	{Name: moveComplete, From: live, To: Closed, Who: system},
	{Name: moveLapse, From: []Stage{Open}, To: Closed, Who: system},
	{Name: moveReopen, From: []Stage{Closed}, To: Reopened, Who: staff, Reason: true},
}

// Steps returns the moves of the table that a commanded move is made of.
func Steps(move string) []string {
	if move == moveReopen {
		return []string{moveReopen, moveOpen}
	}
	return []string{move}
}

// Totals are the amounts of one need line and of its matches.
type Totals struct {
	Wanted     int64 // 1 where the quantity is not stated
	Proposed   int64
	Matched    int64
	InProgress int64
	Reported   int64
	Confirmed  int64
	Disputed   int64 // matches in dispute
}

// Situation is all that the shown state follows from.
type Situation struct {
	Stage  Stage
	Reason Reason // of closing
	Lines  []Totals
}

// State returns the shown state.
func (s Situation) State() State {
	switch {
	case s.Stage == Closed && s.Reason == ReasonConfirmed:
		return Confirmed
	case s.Stage == Closed, s.Stage == Reopened:
		return State(s.Stage)
	case s.any(func(t Totals) bool { return t.Disputed > 0 }):
		return Disputed
	case s.Stage == Open:
		return s.openState()
	default:
		return State(s.Stage)
	}
}

// openState shows an open request by its least advanced line, since that line
// is what still has to be worked on; work that has begun shows once every line
// has its matches.
func (s Situation) openState() State {
	switch {
	case s.Fulfilled():
		return Confirmed
	case s.all(func(t Totals) bool { return max(t.Reported, t.Confirmed) >= t.Wanted }):
		return ReportedFulfilled
	case s.all(func(t Totals) bool { return t.Matched >= t.Wanted }):
		if s.any(func(t Totals) bool { return t.InProgress > 0 }) {
			return InProgress
		}
		return Matched
	case s.any(func(t Totals) bool { return t.Matched > 0 }):
		return PartiallyMatched
	default:
		return State(Open)
	}
}

// Fulfilled reports that every line is confirmed in full, nothing is disputed
// and the request is still live: then the system completes it.
func (s Situation) Fulfilled() bool {
	return slices.Contains(live, s.Stage) && !s.any(func(t Totals) bool { return t.Disputed > 0 }) &&
		s.covered()
}

// covered reports that nothing of what is asked for is left to do.
func (s Situation) covered() bool {
	return s.all(func(t Totals) bool { return t.Confirmed >= t.Wanted })
}

// ConfirmedLate reports that the request was closed without the requester's word,
// and that the word came since: every line is confirmed in full.
func (s Situation) ConfirmedLate() bool {
	return s.Stage == Closed && s.Reason == ReasonUnconfirmed && !s.any(func(t Totals) bool { return t.Disputed > 0 }) &&
		s.covered()
}

// Correctable reports that the requester may still change what is asked for.
func (s Situation) Correctable() bool {
	return slices.Contains(live, s.Stage) && !s.any(func(t Totals) bool { return t.Matched > 0 })
}

// all is false without lines, which would otherwise be done before they exist.
func (s Situation) all(is func(Totals) bool) bool {
	return len(s.Lines) > 0 && !s.any(func(t Totals) bool { return !is(t) })
}

func (s Situation) any(is func(Totals) bool) bool { return slices.ContainsFunc(s.Lines, is) }

// Make returns the situation after one move of the table, or the fault that
// says why it cannot be made: see lifecycle.Table.Apply. Closing by staff takes
// one of Reasons.
func (s Situation) Make(move string, role contract.Role, reason string) (Situation, error) {
	to, err := Moves.Apply(move, s.Stage, role, reason)
	if err != nil {
		return s, err
	}
	s.Stage, s.Reason = to, ""
	switch move {
	case moveWithdraw:
		s.Reason = ReasonWithdrawn
	case moveComplete:
		s.Reason = ReasonConfirmed
	case moveLapse:
		s.Reason = ReasonUnconfirmed
	case moveClose:
		s.Reason = Reason(reason)
		if !slices.Contains(Reasons(), s.Reason) {
			return s, fault.NewInvalid(fault.Field{Location: "reason", Code: "unknown"})
		}
	}
	return s, nil
}

// States of a match that count; every other one is an end that frees the line.
const (
	matchProposed        = "proposed"
	matchAccepted        = "accepted"
	matchContactReleased = "contact_released"
	matchInProgress      = "in_progress"
	matchReportedDone    = "reported_done"
	matchConfirmed       = "confirmed"
	matchDisputed        = "disputed"
)

// MatchView is what a request knows of one of its matches.
type MatchView struct {
	State     string
	Quantity  *int64 // nil counts 1
	Fulfilled *int64 // once reported; frees the rest
}

// TotalsOf returns the totals of a line that wants a quantity (nil counts 1)
// and has these matches. Their order does not matter.
func TotalsOf(wanted *int64, matches []MatchView) Totals {
	t := Totals{Wanted: orOne(wanted)}
	for _, m := range matches {
		t.add(m)
	}
	return t
}

func (t *Totals) add(m MatchView) {
	held := orOne(m.Quantity)
	done := held
	if m.Fulfilled != nil {
		done = *m.Fulfilled
	}
	switch m.State {
	case matchProposed:
		t.Proposed += held
	case matchAccepted, matchContactReleased:
		t.Matched += held
	case matchInProgress:
		t.Matched, t.InProgress = t.Matched+held, t.InProgress+held
	case matchReportedDone, matchConfirmed, matchDisputed:
		t.Matched, t.InProgress, t.Reported = t.Matched+done, t.InProgress+done, t.Reported+done
		if m.State == matchConfirmed {
			t.Confirmed += done
		}
		if m.State == matchDisputed {
			t.Disputed++
		}
	}
}

func orOne(n *int64) int64 {
	if n == nil {
		return 1
	}
	return *n
}
