package matcher

import (
	"cmp"
	"slices"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/lifecycle"
)

// AskState is where an ask stands.
type AskState string

// The states of an ask.
const (
	AskOpen      AskState = "asked"
	AskAccepted  AskState = "accepted"
	AskDeclined  AskState = "declined"
	AskNotNow    AskState = "not_now" // counts neither for nor against the helper
	AskFilled    AskState = "filled"  // what was missing came from others
	AskExpired   AskState = "expired"
	AskWithdrawn AskState = "withdrawn"
)

const (
	moveAccept      = "accept"
	moveAcceptTime  = "accept_time"
	moveDecline     = "decline"
	moveNotNow      = "not_now"
	moveSuggestTime = "suggest_time"
	moveHandOn      = "hand_on"
	moveFill        = "fill"
	moveExpire      = "expire"
	moveWithdraw    = "withdraw"
	moveAsk         = "ask"
	// reasonHandedOn is why an ask ended that a colleague has now.
	reasonHandedOn = "handed_on"
	reasonStopped  = "stopped"
)

// AskMoves is the life cycle of an ask. A late yes is never refused: it is
// accepted while something is missing, and else kept for when a match falls away.
var AskMoves = lifecycle.Table[AskState]{
	{Name: moveAccept, From: []AskState{AskOpen, AskNotNow, AskExpired}, To: AskAccepted, Who: slices.Concat(helperSide, staff)},
	{Name: moveAccept, From: []AskState{AskFilled}, To: AskFilled, Who: slices.Concat(helperSide, staff)},
	{Name: moveDecline, From: []AskState{AskOpen, AskNotNow, AskFilled}, To: AskDeclined, Who: slices.Concat(helperSide, staff), Reason: true},
	{Name: moveNotNow, From: []AskState{AskOpen}, To: AskNotNow, Who: slices.Concat(helperSide, staff)},
	{Name: moveSuggestTime, From: []AskState{AskOpen}, To: AskOpen, Who: slices.Concat(helperSide, staff)},
	{Name: moveAcceptTime, From: []AskState{AskOpen}, To: AskAccepted, Who: dispatchers},
	{Name: moveHandOn, From: []AskState{AskOpen}, To: AskNotNow, Who: slices.Concat(helperSide, staff)},
	{Name: moveFill, From: []AskState{AskOpen}, To: AskFilled, Who: system},
	{Name: moveExpire, From: []AskState{AskOpen}, To: AskExpired, Who: system},
	{Name: moveWithdraw, From: []AskState{AskOpen}, To: AskWithdrawn, Who: slices.Concat(dispatchers, system)},
}

// yes reports whether a move is one by which a helper comes to serve the need.
func yes(move string) bool { return move == moveAccept || move == moveAcceptTime }

// moved returns the ask after a move, before anything is reserved for it; missing
// is what the need line still lacks.
func (a askRow) moved(q contract.Move, to AskState, missing int64, now time.Time) (askRow, error) {
	a.State, a.Reason, a.Version, a.UpdatedAt = to, "", a.Version+1, now
	if q.Move != moveFill && q.Move != moveExpire && q.Move != moveWithdraw && q.Move != moveAcceptTime {
		a.AnsweredAt = cmp.Or(a.AnsweredAt, &now)
	}
	switch {
	case yes(q.Move) && missing == 0:
		a.State, a.StandsBy = AskFilled, true
	case q.Move == moveDecline:
		a.StandsBy, a.Reason = false, q.Reason
		return a, checkReason(q.Reason)
	case q.Move == moveHandOn:
		a.Reason = reasonHandedOn
	case q.Move == moveWithdraw:
		a.Reason = q.Reason
	case q.Move == moveSuggestTime:
		a.OtherTime = q.At
		return a, checkOtherTime(q.At, now)
	case q.Move == moveAcceptTime && a.OtherTime == nil:
		return a, fault.NewConflict("no_other_time", "the helper has suggested no other time")
	}
	return a, nil
}

func checkReason(reason string) error {
	if slices.Contains(contract.AskReasons(), reason) {
		return nil
	}
	return fault.NewInvalid(fault.Field{Location: "reason", Code: "choose"})
}

// farthest bounds the time that a helper may suggest.
const farthest = 366 * 24 * time.Hour

func checkOtherTime(at *time.Time, now time.Time) error {
	c := check.New(nil)
	switch {
	case at == nil:
		c.Add("at", check.Required)
	case at.Before(now) || at.After(now.Add(farthest)):
		c.Add("at", check.OutOfRange)
	}
	return c.Err()
}

// askParty returns in whose part the actor moves an ask: staff record a helper's
// answer only if they see the offer's owner, and dispatch only if they see the
// request's.
func askParty(actor contract.Actor, move string, a askRow) (party, error) {
	if !actor.Staff() {
		return party{role: actor.Role}, nil
	}
	path, side := a.OfferPath, "helper"
	if move == moveAcceptTime || move == moveWithdraw {
		path, side = a.RequestPath, ""
	}
	if !actor.Sees(path) || !slices.Contains(staff, actor.Role) {
		return party{}, fault.NewForbidden(move)
	}
	return party{role: actor.Role, onBehalfOf: side}, nil
}

// askMovesFor returns the moves that a reader may make of an ask now.
func askMovesFor(actor contract.Actor, a askRow) []string {
	return slices.DeleteFunc(AskMoves.Available(a.State, actor.Role), func(move string) bool {
		_, err := askParty(actor, move, a)
		return err != nil || move == moveAcceptTime && a.OtherTime == nil
	})
}

// holdsOfAsk is how many holds long an ask waits for its answer: it keeps nothing
// from others, unlike a proposal.
const holdsOfAsk = 4

// What was agreed is worth a word to the helper once so many of what they agreed to fell
// away, and not less than a third of it.
const (
	raisedFrom  = 2
	raisedShare = 3
)

func raised(s contract.Standing) bool {
	gone := s.NoShows + s.Withdrawn
	return gone >= raisedFrom && gone*raisedShare >= s.Agreed
}
