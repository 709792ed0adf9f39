package matcher

import (
	"context"
	"math/bits"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

// Move makes one move of a match's life cycle. An illegal move is a conflict.
// Ending a match, or fulfilling less than was matched, frees the rest on both
// sides in the same transaction. Repeating it with its key gives the first answer.
func (s *Service) Move(ctx context.Context, q contract.Move) (contract.Match, error) {
	actor := contract.ActorFrom(ctx)
	before, err := s.visibleMatch(ctx, contract.MatchID(q.ID))
	if err != nil {
		return contract.Match{}, err
	}
	party, err := partyOf(actor, q, before)
	if err != nil {
		return contract.Match{}, err
	}
	if q.Move == moveHandOn {
		return s.handOn(ctx, q, before, party, actor)
	}
	hash, err := idempotency.Hash(q)
	if err != nil {
		return contract.Match{}, err
	}
	command := idempotency.Command{Key: q.Key, BodyHash: hash, Now: s.clock()}
	var after matchRow
	answer, repeated, err := idempotency.Once(ctx, s.db, command, func(tx *sqlx.Tx) (_ contract.Match, err error) {
		if after, err = s.moveLocked(ctx, tx, q, before, party, actor); err != nil {
			return contract.Match{}, err
		}
		return viewOf(after, actor), s.followAppointment(ctx, tx, q.Move, after)
	})
	if err != nil || repeated {
		return answer, err
	}
	return answer, s.afterMatch(ctx, after)
}

// moveLocked makes the move on the row as it is once it is locked. The ids that
// the locks are taken by never change, the period may: then the move starts over.
func (s *Service) moveLocked(
	ctx context.Context, tx *sqlx.Tx, q contract.Move, before matchRow, party party, actor contract.Actor,
) (matchRow, error) {
	if err := s.store.lockReservation(ctx, tx, before); err != nil {
		return matchRow{}, err
	}
	m, err := s.store.lockMatch(ctx, tx, before.ID)
	if err != nil {
		return matchRow{}, err
	}
	if q.Version != nil && *q.Version != m.Version {
		return matchRow{}, fault.NewConflict("stale_version", "the match changed meanwhile")
	}
	if !m.PeriodStart.Equal(before.PeriodStart) {
		return matchRow{}, fault.NewConflict("stale_version", "the match was moved to another time meanwhile")
	}
	to, err := Moves.Apply(q.Move, m.State, party.role, q.Reason)
	if err != nil {
		return matchRow{}, err
	}
	after, err := s.moved(m, q, to)
	if err != nil {
		return matchRow{}, err
	}
	if err := s.settle(ctx, tx, m, after); err != nil {
		return matchRow{}, err
	}
	if q.Move == "reschedule" {
		if _, err := s.requireHours(ctx, tx, after); err != nil {
			return matchRow{}, err
		}
	}
	if err := s.store.updateMatch(ctx, tx, after); err != nil {
		return matchRow{}, err
	}
	h := historyRow{Move: q.Move, From: m.State, To: after.State, OnBehalfOf: party.onBehalfOf, Reason: q.Reason}
	return after, s.record(ctx, tx, after, h, actor)
}

// party is in whose part somebody acts on a match.
type party struct {
	role       contract.Role
	onBehalfOf string // "helper" or "requester" when staff record a side's answer
}

// sideOf says whose answer a move is.
var sideOf = map[string]string{
	"accept": "helper", "decline": "helper", moveNotNow: "helper", moveHandOn: "helper", "start": "helper", "report": "helper", "withdraw": "helper",
	"confirm": "requester",
}

// partyOf returns in whose part the actor makes the move. Staff record the
// answer of a side only if they see that side's owner.
func partyOf(actor contract.Actor, q contract.Move, m matchRow) (party, error) {
	if !actor.Staff() {
		return party{role: actor.Role}, nil
	}
	side := q.OnBehalfOf
	if side == "" {
		side = sideOf[q.Move]
	}
	switch side {
	case "":
		return party{role: actor.Role}, nil
	case "helper":
		return recording(actor, m.OfferPath, contract.RoleAnswerer, q, side)
	case "requester":
		return recording(actor, m.RequestPath, contract.RoleRequester, q, side)
	default:
		return party{}, fault.NewInvalid(fault.Field{Location: "on_behalf_of", Code: "unknown"})
	}
}

// recording checks that the actor may record a side's answer. Without an
// explicit on_behalf_of the move is still the staff's own by the table.
func recording(actor contract.Actor, owner string, role contract.Role, q contract.Move, side string) (party, error) {
	if !actor.Sees(owner) || !slices.Contains(staff, actor.Role) {
		return party{}, fault.NewForbidden(q.Move)
	}
	if q.OnBehalfOf == "" {
		role = actor.Role
	}
	return party{role: role, onBehalfOf: side}, nil
}

// moved returns the row after a move: state, amounts, deadlines.
func (s *Service) moved(m matchRow, q contract.Move, to State) (matchRow, error) {
	given, err := answers{m.Reported, m.Confirmed}.give(q.Move, q.Quantity, m.Quantity)
	if err != nil {
		return m, err
	}
	after := m
	after.Version, after.UpdatedAt = m.Version+1, s.clock()
	after.Reported, after.Confirmed = given.reported, given.confirmed
	after.State, after.Quantity = given.outcome(q.Move, to, m.Quantity)
	after.OfferQuantity = share(m.OfferQuantity, after.Quantity, m.Quantity)
	if !after.State.Holds() || after.State == Disputed {
		after.Reason = q.Reason
	}
	if q.Move == moveNotNow {
		after.Reason = moveNotNow // not this time, and no word against the next
	}
	if q.Move == moveHandOn {
		after.Reason = reasonHandedOn
	}
	switch q.Move {
	case "accept":
		after.StartBy = new(s.spanEnd(m))
	case "report":
		after.Took, err = tookOf(m, q)
		return after, err
	case "release_contact":
		return after, s.requireVerified(m)
	case "reschedule":
		after.Minutes = minutesOf(m, q)
		return s.rescheduled(after, q.At)
	}
	return after, nil
}

// spanEnd returns the end of the span that a hold would have from now on.
func (s *Service) spanEnd(m matchRow) time.Time {
	return holdUntil(s.clock(), s.policyFor(m.RequestPath, m.Category).Hold(m.Urgency), m.Urgency, s.zoneOf(m.OfferLineID))
}

// zoneOf returns the time zone of an offer line; UTC when the offer has ended.
func (s *Service) zoneOf(id contract.OfferLineID) *time.Location {
	line, held := s.board.index.Offer(id)
	if !held {
		return time.UTC
	}
	return line.Schedule.Zone()
}

// share returns the part of whole that part is of all, rounded up: what a
// smaller amount takes of the offer's unit.
func share(whole, part, all int64) int64 {
	if part == all {
		return whole
	}
	hi, lo := bits.Mul64(uint64(whole), uint64(part))
	lo, carry := bits.Add64(lo, uint64(all-1), 0)
	quotient, _ := bits.Div64(hi+carry, lo, uint64(all))
	return max(int64(quotient), 1)
}

// requireVerified refuses to release contacts that nobody has verified: Heli
// would deliver harassment.
func (s *Service) requireVerified(m matchRow) error {
	request, knowsRequest := s.board.request(m.RequestID)
	offer, knowsOffer := s.board.offer(m.OfferID)
	if knowsRequest && knowsOffer && request.PhoneVerified && offer.phoneVerified {
		return nil
	}
	return fault.NewConflict("phone_unverified", "both phones must be verified before contacts are released")
}

func (s *Service) rescheduled(m matchRow, at *time.Time) (matchRow, error) {
	if at == nil || at.Before(s.clock()) {
		return m, fault.NewInvalid(fault.Field{Location: "at", Code: "out_of_range"})
	}
	line, ok := s.board.index.Offer(m.OfferLineID)
	if !ok {
		return m, fault.NewConflict("offer_not_available", "the offer has ended")
	}
	m.At = at
	m.PeriodStart = periodStart(line.Per, *at, line.Schedule.Zone())
	return m, nil
}

// settle makes the reservation follow a move: ends free all, less fulfilled
// frees the rest, another period moves it.
func (s *Service) settle(ctx context.Context, tx *sqlx.Tx, before, after matchRow) error {
	switch {
	case !after.State.Holds():
		if err := s.store.free(ctx, tx, before, before.Quantity, before.OfferQuantity); err != nil {
			return err
		}
		if after.State == Declined {
			return s.store.refuse(ctx, tx, after, after.UpdatedAt)
		}
		return nil
	case !after.PeriodStart.Equal(before.PeriodStart):
		if err := s.store.reserveCapacity(ctx, tx, after.OfferLineID, after.PeriodStart, after.OfferQuantity); err != nil {
			return err
		}
		return s.store.free(ctx, tx, before, 0, before.OfferQuantity)
	default:
		return s.store.free(ctx, tx, before, before.Quantity-after.Quantity, before.OfferQuantity-after.OfferQuantity)
	}
}

// moveBySystem makes a move on the service's own account. A match that moved on
// meanwhile is left alone.
func (s *Service) moveBySystem(ctx context.Context, id contract.MatchID, move, reason string) error {
	ctx = contract.WithActor(ctx, contract.System())
	_, err := s.Move(ctx, contract.Move{ID: string(id), Move: move, Reason: reason})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// endMatches cancels the matches of a request or an offer that ended, as far as
// their help has not begun; where begun is set those that are under way too.
func (s *Service) endMatches(ctx context.Context, request contract.RequestID, offer contract.OfferID, reason string, begun bool) error {
	ids, err := s.worker.matchesToEnd(ctx, request, offer, begun)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.moveBySystem(ctx, id, "cancel", reason); err != nil {
			return err
		}
	}
	return nil
}

// freeExcess frees the newest holds of an offer whose capacity shrank below
// what is reserved, and warns: what was accepted or begun before stays.
func (s *Service) freeExcess(ctx context.Context, id contract.OfferID) error {
	periods, err := s.worker.listExcess(ctx, id)
	if err != nil || len(periods) == 0 {
		return err
	}
	for _, p := range periods {
		s.log.WarnContext(ctx, "capacity shrank below what is reserved", "offer", id, "line", p.OfferLineID, "excess", p.Excess)
		if err := s.freePeriod(ctx, p); err != nil {
			return err
		}
	}
	return s.worker.settleCapacity(ctx, s.worker.db, []contract.OfferID{id})
}

func (s *Service) freePeriod(ctx context.Context, p excess) error {
	ids, err := s.worker.overbooked(ctx, p.OfferLineID, p.PeriodStart)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if p.Excess <= 0 {
			return nil
		}
		m, err := s.worker.getMatch(ctx, s.worker.db, id)
		if err != nil {
			return err
		}
		if err := s.moveBySystem(ctx, id, "cancel", "capacity_shrank"); err != nil {
			return err
		}
		p.Excess -= m.OfferQuantity
	}
	return nil
}
