package matcher

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

// MoveAsk makes one move of an ask's life cycle. A yes while something is missing
// proposes and accepts a match in the same transaction; a yes after that is kept
// for when a match falls away, and is no error. Of two answers at once one wins,
// the other is a conflict. Repeating it with its key gives the first answer.
func (s *Service) MoveAsk(ctx context.Context, q contract.Move) (contract.Ask, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.AnswerAsks); err != nil {
		return contract.Ask{}, err
	}
	before, err := s.visibleAsk(ctx, contract.AskID(q.ID))
	if err != nil {
		return contract.Ask{}, err
	}
	party, err := askParty(actor, q.Move, before)
	if err != nil {
		return contract.Ask{}, err
	}
	answer, unready := s.prepareAnswer(ctx, before, q) // a repeat needs nothing of it
	hash, err := idempotency.Hash(q)
	if err != nil {
		return contract.Ask{}, err
	}
	command := idempotency.Command{Key: q.Key, BodyHash: hash, Now: s.clock()}
	// Who holds a token of one ask sees neither needs nor capacities: what a yes
	// reserves is the service's own work.
	view, _, err := idempotency.Once(ctx, s.worker.db, command, func(tx *sqlx.Tx) (contract.Ask, error) {
		if unready != nil {
			return contract.Ask{}, unready
		}
		err := s.answerLocked(ctx, tx, &answer, q, party, actor)
		return s.viewOfAsk(answer.ask, actor), err
	})
	if err != nil {
		return contract.Ask{}, toHelper(err, actor)
	}
	s.afterAsks(ctx, answer.changed)
	if answer.match.ID != "" {
		return view, s.afterMatch(ctx, answer.match)
	}
	return view, nil
}

// askAnswer is a move of an ask under way.
type askAnswer struct {
	ask       askRow
	pair      candidatePair // of a yes
	colleague *askRow       // to whom it is handed
	match     matchRow      // that was made
	changed   []askRow      // all asks that reached a state
}

// prepareAnswer looks up before the transaction what a move needs from memory.
func (s *Service) prepareAnswer(ctx context.Context, a askRow, q contract.Move) (askAnswer, error) {
	answer := askAnswer{ask: a}
	var err error
	switch {
	case yes(q.Move):
		answer.pair, err = s.findPair(contract.WithActor(ctx, contract.System()), contract.Propose{NeedLineID: a.NeedLineID, OfferLineID: a.OfferLineID})
		if fault.Is(err, fault.NotFound) {
			err = errAskOver
		}
	case q.Move == moveHandOn:
		answer.colleague, err = s.colleagueFor(ctx, a, contract.OfferID(q.To))
	}
	return answer, err
}

var (
	errAskOver     = fault.NewConflict("ask_over", "the request or the offer has ended meanwhile")
	errAskRests    = fault.NewConflict("ask_rests", "nothing is being arranged for the request at the moment")
	errOwnPaused   = fault.NewConflict("own_offer_paused", "the helper's own offer is not available")
	errOwnTaken    = fault.NewConflict("own_capacity_gone", "the helper is taken by other help meanwhile")
	errNoColleague = fault.NewConflict("no_colleague", "no colleague of the organisation fits who may be asked")
)

// colleagueFor returns the ask of an offer of the same organisation: the one named,
// else the one that fits best.
func (s *Service) colleagueFor(ctx context.Context, a askRow, named contract.OfferID) (*askRow, error) {
	g, err := s.glance(ctx, s.worker, s.worker.db, a.NeedLineID)
	if fault.Is(err, fault.NotFound) {
		return nil, errAskOver
	}
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Concat(g.backups, g.others) {
		fits := c.line.Path == a.OfferPath && c.Helper != a.helper() && c.Left > 0
		if !fits || named != "" && c.found.Offer != named {
			continue
		}
		fresh := s.newAsk(g, c)
		fresh.Wave = a.Wave
		return &fresh, nil
	}
	return nil, errNoColleague
}

// answerLocked makes the move on the rows as they are once they are locked, in the
// order of a reservation: request, offer, need line, ask, capacity, match.
func (s *Service) answerLocked(ctx context.Context, tx *sqlx.Tx, answer *askAnswer, q contract.Move, party party, actor contract.Actor) error {
	if err := s.lockAnswer(ctx, tx, answer, q); err != nil {
		return err
	}
	lacks, err := s.store.getLacking(ctx, tx, lockLackingSQL, answer.ask.NeedLineID)
	if err != nil {
		return err
	}
	a, err := s.store.getAsk(ctx, tx, lockAskSQL, answer.ask.ID)
	if err != nil {
		return err
	}
	if q.Version != nil && *q.Version != a.Version {
		return fault.NewConflict("stale_version", "the ask changed meanwhile")
	}
	to, err := AskMoves.Apply(q.Move, a.State, party.role, q.Reason)
	if err != nil {
		return err
	}
	after, err := a.moved(q, to, lacks.missing(), s.clock())
	if err != nil {
		return err
	}
	if after.State == AskAccepted {
		if answer.match, err = s.serve(ctx, tx, *answer, after, lacks, actor); err != nil {
			return err
		}
		after.MatchID = &answer.match.ID
	}
	h := historyRow{Move: q.Move, From: State(a.State), To: State(after.State), OnBehalfOf: party.onBehalfOf, Reason: after.Reason}
	if err := s.saveAsk(ctx, tx, a, after, h, actor); err != nil {
		return err
	}
	answer.ask, answer.changed = after, append(answer.changed, after)
	return s.followAnswer(ctx, tx, answer, q)
}

// lockAnswer holds open and available what the answer rests on.
func (s *Service) lockAnswer(ctx context.Context, tx *sqlx.Tx, answer *askAnswer, q contract.Move) error {
	if !yes(q.Move) && q.Move != moveHandOn {
		return nil
	}
	if err := s.store.requireOpen(ctx, tx, answer.ask.RequestID); err != nil {
		return err
	}
	offer := answer.ask.OfferID
	if answer.colleague != nil {
		offer = answer.colleague.OfferID
	}
	return s.store.requireAvailable(ctx, tx, offer)
}

// toHelper says a conflict to the helper, who knows nothing of requests and offers
// beside their own.
func toHelper(err error, actor contract.Actor) error {
	found := fault.As(err)
	if actor.Staff() || found == nil || found.Kind != fault.Conflict {
		return err
	}
	switch found.Code {
	case "request_not_open":
		return errAskRests
	case "offer_not_available":
		return errOwnPaused
	case "capacity_gone":
		return errOwnTaken
	case "helper_busy":
		return errNoColleague
	default:
		return err
	}
}

// serve proposes and accepts the match of a yes. The ask was counted against the
// helper's budget when it was sent; their hours are only taken now.
func (s *Service) serve(ctx context.Context, tx *sqlx.Tx, answer askAnswer, a askRow, lacks lacking, actor contract.Actor) (matchRow, error) {
	quantity := min(a.Quantity, lacks.missing())
	m, err := s.draft(contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), NeedLineID: a.NeedLineID, OfferLineID: a.OfferLineID,
		Quantity: &quantity, At: a.OtherTime,
	}, answer.pair, contract.System())
	if err != nil {
		return m, err
	}
	if err := s.store.reserveNeed(ctx, tx, m.NeedLineID, m.Quantity); err != nil {
		return m, err
	}
	if err := s.store.reserveCapacity(ctx, tx, m.OfferLineID, m.PeriodStart, m.OfferQuantity); err != nil {
		return m, err
	}
	if err := s.store.lockHelper(ctx, tx, m.HelperKey, thisWeek(m.CreatedAt)); err != nil {
		return m, err
	}
	if _, err := s.requireHours(ctx, tx, m); err != nil {
		return m, err
	}
	if err := s.enter(ctx, tx, m, contract.System()); err != nil {
		return m, err
	}
	accepted, err := s.moved(m, contract.Move{Move: moveAccept}, Accepted)
	if err != nil {
		return m, err
	}
	if err := s.store.updateMatch(ctx, tx, accepted); err != nil {
		return m, err
	}
	return accepted, s.record(ctx, tx, accepted, historyRow{Move: moveAccept, From: Proposed, To: Accepted}, actor)
}

// followAnswer does what follows from an answer for the others: a colleague is
// asked, those who have not answered are told when nothing is missing any more,
// and the next are looked for.
func (s *Service) followAnswer(ctx context.Context, tx *sqlx.Tx, answer *askAnswer, q contract.Move) error {
	if answer.colleague != nil {
		if err := s.sendOne(ctx, tx, *answer.colleague); err != nil {
			return err
		}
		answer.changed = append(answer.changed, *answer.colleague)
	}
	switch {
	case q.Move == moveSuggestTime:
		return nil
	case answer.ask.State == AskDeclined:
		if err := s.store.refuse(ctx, tx, matchRow{RequestID: answer.ask.RequestID, OfferID: answer.ask.OfferID}, s.clock()); err != nil {
			return err
		}
	}
	return s.nudge(ctx, tx, answer)
}

// nudge has the need line looked at again, and tells whoever has not answered where
// it lacks nothing any more.
func (s *Service) nudge(ctx context.Context, tx *sqlx.Tx, answer *askAnswer) error {
	w, err := s.store.getWave(ctx, tx, lockWaveSQL, answer.ask.NeedLineID)
	if err != nil {
		return err
	}
	w.Version, w.UpdatedAt, w.LookAt = w.Version+1, s.clock(), s.clock()
	lacks, err := s.store.getLacking(ctx, tx, selectLackingSQL, w.NeedLineID)
	if err != nil {
		return err
	}
	if lacks.missing() == 0 {
		open, err := s.store.openAsks(ctx, tx, w.NeedLineID)
		if err != nil {
			return err
		}
		filled, err := s.moveAll(ctx, tx, open, contract.Move{Move: moveFill}, contract.System())
		if err != nil {
			return err
		}
		answer.changed = append(answer.changed, filled...)
		if w.State == waveAsking {
			w.State = waveFilled
		}
	}
	return s.store.updateWave(ctx, tx, w)
}
