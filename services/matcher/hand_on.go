package matcher

import (
	"context"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/idempotency"
)

// handOn ends a proposal and makes the same one to a colleague of the helper's
// organisation: the one whose offer is named, else the one that fits best. Both are
// one transaction, so that the place is never free between, and is with nobody
// twice. A Conflict says that no colleague fits. Repeating it with its key gives the
// first answer.
func (s *Service) handOn(ctx context.Context, q contract.Move, before matchRow, party party, actor contract.Actor) (contract.Match, error) {
	hash, err := idempotency.Hash(q)
	if err != nil {
		return contract.Match{}, err
	}
	next, none := s.colleagueOf(ctx, before, contract.OfferID(q.To)) // a repeat needs none
	command := idempotency.Command{Key: q.Key, BodyHash: hash, Now: s.clock()}
	var after matchRow
	// Who holds the token of one match sees no other's offer: what a colleague's place
	// takes is the service's own work.
	answer, repeated, err := idempotency.Once(ctx, s.worker.db, command, func(tx *sqlx.Tx) (_ contract.Match, err error) {
		if none != nil {
			return contract.Match{}, none
		}
		after, err = s.handOnLocked(ctx, tx, q, before, next, party, actor)
		return viewOf(after, actor), err
	})
	if err != nil {
		return contract.Match{}, toHelper(err, actor)
	}
	if repeated {
		return answer, nil
	}
	if err := s.afterMatch(ctx, after); err != nil {
		return answer, err
	}
	return answer, s.afterMatch(ctx, next)
}

// handOnLocked frees the place and reserves it for the colleague.
func (s *Service) handOnLocked(
	ctx context.Context, tx *sqlx.Tx, q contract.Move, before, next matchRow, party party, actor contract.Actor,
) (matchRow, error) {
	if err := s.store.requireOpen(ctx, tx, before.RequestID); err != nil {
		return matchRow{}, err
	}
	if err := s.store.requireAvailable(ctx, tx, next.OfferID); err != nil {
		return matchRow{}, err
	}
	after, err := s.moveLocked(ctx, tx, q, before, party, actor)
	if err != nil {
		return after, err
	}
	if err := s.followAppointment(ctx, tx, q.Move, after); err != nil {
		return after, err
	}
	return after, s.reserve(ctx, tx, next, contract.System())
}

// colleagueOf returns the proposal to a colleague before anything is reserved for it:
// of the same organisation, another helper, and no pair that was refused.
func (s *Service) colleagueOf(ctx context.Context, m matchRow, named contract.OfferID) (matchRow, error) {
	need, held := s.board.index.Need(m.NeedLineID)
	request, known := s.board.request(m.RequestID)
	if !held || !known {
		return matchRow{}, errAskOver
	}
	at, err := s.moment(s.policyFor(request.Path, need.Category), request.Path, s.board.refusalOf(m.RequestID))
	if err != nil {
		return matchRow{}, err
	}
	need.Remaining = new(m.Quantity) // what this one holds
	for _, found := range s.board.index.Top(need, at, widest) {
		line, there := s.board.index.Offer(found.Line)
		another := helperOf(string(line.Helper), found.Offer) != helperOf(m.HelperKey, m.OfferID)
		if !there || line.Path != m.OfferPath || !another || named != "" && found.Offer != named {
			continue
		}
		q := contract.Propose{
			ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), NeedLineID: m.NeedLineID, OfferLineID: found.Line,
			Quantity: new(min(found.Quantity, m.Quantity)), At: m.At,
		}
		pair, err := s.findPair(contract.WithActor(ctx, contract.System()), q)
		if err != nil {
			return matchRow{}, err
		}
		return s.draft(q, pair, contract.System())
	}
	return matchRow{}, errNoColleague
}
