package offer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// record is one stored offer with its lines, as a use case works on it: it
// makes moves, and gathers the history and the facts that follow, which the
// store writes in the same transaction.
type record struct {
	row   offerRow
	lines []lineRow
	phone bool // the contact has one

	published bool // on the public board

	history []historyRow
	events  []contract.Event
}

// hand is who acts on a record, in which role, when.
type hand struct {
	actor      contract.Actor
	role       contract.Role // the actor's, or the offerer's when recorded for them
	onBehalfOf string
	now        time.Time
}

func newHand(a contract.Actor, now time.Time) hand { return hand{actor: a, role: a.Role, now: now} }

// onBehalfHelper is how a message names the side that gives.
const onBehalfHelper = "helper"

// forOfferer returns the hand of staff who record the helper's decision.
func (h hand) forOfferer(onBehalfOf string) (hand, error) {
	switch {
	case onBehalfOf == "":
		return h, nil
	case onBehalfOf != onBehalfHelper:
		return h, fault.NewInvalid(fault.Field{Location: "on_behalf_of", Code: "unknown"})
	case !slices.Contains(staff, h.actor.Role) && h.actor.Role != contract.RoleAgencyLead:
		return h, fault.NewForbidden("record another's answer")
	}
	h.role, h.onBehalfOf = contract.RoleOfferer, onBehalfOf
	return h, nil
}

func (r *record) situation() Situation {
	s := Situation{
		Stage: r.row.Stage, Phone: r.phone, PhoneVerified: r.row.PhoneVerified,
		ByStaff: r.row.SubmittedBy != contract.RolePublic, Suspended: len(r.row.SuspendedBy) > 0,
	}
	for _, l := range r.lines {
		s.Lines = append(s.Lines, l.totals())
	}
	return s
}

// move makes one commanded move or returns the fault that says why not; the
// record is then to be thrown away.
func (r *record) move(h hand, name, reason string) error {
	next, err := r.situation().Make(name, h.role, reason)
	if err != nil {
		return err
	}
	r.row.Stage = next.Stage
	r.settle(h, name, reason)
	return nil
}

// makeAvailable makes every move from submitted to available at once. Who may
// ask for it answers for the phone.
func (r *record) makeAvailable(h hand) error {
	if err := r.move(h, moveVet, ""); err != nil {
		return err
	}
	r.verifyPhone(h, "")
	return r.move(h, moveApprove, "")
}

// verifyPhone records that somebody reached the phone. Without a phone, or
// after the first time, it does nothing.
func (r *record) verifyPhone(h hand, reason string) {
	if !r.phone || r.row.PhoneVerified {
		return
	}
	r.row.PhoneVerified = true
	r.settle(h, moveVerifyPhone, reason)
}

// verifyCredential marks the n-th credential as seen by the actor. After the
// first time it does nothing.
func (r *record) verifyCredential(h hand, n int) error {
	held := slices.Clone(r.row.Credentials.value)
	i := slices.IndexFunc(held, func(c contract.Credential) bool { return c.N == n })
	if i < 0 {
		return fault.NewNotFound("credential")
	}
	if held[i].VerifiedAt != nil {
		return nil
	}
	held[i].VerifiedAt, held[i].VerifiedBy = &h.now, cmp.Or(h.actor.Name, h.actor.ID())
	r.row.Credentials.value = held
	r.settle(h, moveVerifyCredential, strconv.Itoa(n))
	return nil
}

// correct takes over what the correction names; the contact and the capacities
// are the caller's. Who changed the phone has to be reached anew before anybody
// gets to see it.
func (r *record) correct(h hand, q contract.CorrectOffer) error {
	if q.Title != nil {
		r.row.Title = strings.TrimSpace(*q.Title)
	}
	if q.Description != nil {
		r.row.Description = strings.TrimSpace(*q.Description)
	}
	r.settle(h, moveCorrect, "")
	if r.situation().Reachable() || !slices.Contains([]Stage{Available, Paused}, r.row.Stage) {
		return nil
	}
	return r.move(newHand(contract.System(), h.now), moveRecheck, "")
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
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingOffer,
		State: string(r.row.State), AggregateID: string(r.row.ID), Version: r.row.Version, Time: now,
		Organisation: r.row.OrgCode, Paths: []string{r.row.OrgPath}, Data: r.eventData(),
	})
}

// eventData names the category of the first line; an amount only where there is
// one line, since amounts of several do not add up.
func (r *record) eventData() contract.EventData {
	d := contract.EventData{OfferID: r.row.ID, RegionCode: r.row.RegionCode}
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

// hearMatches follows a change of the totals after the matcher spoke.
func (r *record) hearMatches(h hand) {
	r.touch(h)
	if r.situation().State() != r.row.State {
		r.settle(h, moveMatch, "")
	}
}
