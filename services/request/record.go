package request

import (
	"cmp"
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// record is one stored request with its lines, as a use case works on it: it
// makes moves, and gathers the history and the facts that follow, which the
// store writes in the same transaction.
type record struct {
	row   requestRow
	lines []lineRow
	// handedOver says that the row names another owner than the stored one.
	handedOver bool

	published bool // on the public board

	history []historyRow
	events  []contract.Event
}

// hand is who acts on a record, in which role, when.
type hand struct {
	actor      contract.Actor
	role       contract.Role // the actor's, or the requester's when recorded for them
	onBehalfOf string
	now        time.Time
}

func newHand(a contract.Actor, now time.Time) hand { return hand{actor: a, role: a.Role, now: now} }

// forRequester returns the hand of staff who record the requester's decision.
func (h hand) forRequester(onBehalfOf string) (hand, error) {
	switch {
	case onBehalfOf == "":
		return h, nil
	case onBehalfOf != string(contract.RoleRequester):
		return h, fault.NewInvalid(fault.Field{Location: "on_behalf_of", Code: "unknown"})
	case !slices.Contains(staff, h.actor.Role):
		return h, fault.NewForbidden("record another's answer")
	}
	h.role, h.onBehalfOf = contract.RoleRequester, onBehalfOf
	return h, nil
}

func (r *record) situation() Situation {
	s := Situation{Stage: r.row.Stage, Reason: r.row.ClosedReason}
	for _, l := range r.lines {
		s.Lines = append(s.Lines, l.totals())
	}
	return s
}

// move makes one commanded move, all its steps, or returns the fault that says
// why not; the record is then to be thrown away.
func (r *record) move(h hand, name, reason string) error {
	for _, step := range Steps(name) {
		if name == moveReopen && step == moveOpen && r.situation().covered() {
			break // all that was asked for came: somebody says first what is missing
		}
		next, err := r.situation().Make(step, h.role, reason)
		if err != nil {
			return err
		}
		if step == moveOpen && h.actor.Staff() {
			r.row.OpenedByStaff = true
		}
		r.row.Stage, r.row.ClosedReason = next.Stage, next.Reason
		if next.Stage == Closed {
			r.unclaim() // nothing is left to be responsible for
		}
		r.settle(h, step, reason)
	}
	return nil
}

// settle recomputes the shown state, counts and records the change, and says
// the state reached as a fact. Each version has its fact, and each fact its
// version: who waits for a version always hears of it.
func (r *record) settle(h hand, move, reason string) {
	before := r.row.State
	r.touch(h)
	r.row.State = r.situation().State()
	r.row.Version++
	r.note(h, move, before, reason)
	r.say(h.now)
}

func (r *record) touch(h hand) { r.row.UpdatedAt = later(h.now, r.row.UpdatedAt) }

// later keeps times growing when the clock is set back.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (r *record) note(h hand, move string, before State, reason string) {
	r.history = append(r.history, historyRow{
		SubjectID: r.row.ID, At: h.now, Move: move, From: string(before), To: string(r.row.State),
		Role: h.role, ActorID: h.actor.ID(), ActorName: h.actor.Name, OnBehalfOf: h.onBehalfOf, Reason: reason,
	})
}

func (r *record) say(now time.Time) {
	r.events = append(r.events, contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest,
		State: string(r.row.State), AggregateID: string(r.row.ID), Version: r.row.Version, Time: now,
		Organisation: r.row.OrgCode, Paths: []string{r.row.OrgPath}, Data: r.eventData(),
	})
}

// eventData names the category of the first line; an amount only where there is
// one line, since amounts of several do not add up.
func (r *record) eventData() contract.EventData {
	d := contract.EventData{
		RequestID: r.row.ID, RegionCode: r.row.RegionCode, Urgency: string(r.row.Urgency), Reason: string(r.row.ClosedReason),
	}
	if len(r.lines) == 0 {
		return d
	}
	first := slices.MinFunc(r.lines, func(a, b lineRow) int { return cmp.Compare(a.Position, b.Position) })
	d.Category = first.Category
	if len(r.lines) == 1 {
		d.Quantity, d.Unit = first.Quantity, string(first.Unit)
	}
	return d
}

// hearMatches follows a change of the totals after the matcher spoke. The system
// completes a request of which everything is confirmed.
func (r *record) hearMatches(h hand) error {
	if r.situation().Fulfilled() {
		return r.move(h, moveComplete, "")
	}
	if r.situation().ConfirmedLate() {
		// It stays closed: what is known of the end changed, not the end.
		r.row.ClosedReason = ReasonConfirmed
		r.settle(h, moveComplete, "")
		return nil
	}
	r.touch(h)
	if r.situation().State() != r.row.State {
		r.settle(h, moveMatch, "")
	}
	return nil
}
