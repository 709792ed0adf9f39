package matcher

import (
	"context"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/matcher/rank"
)

// Waves says for each need line of a request how asking stands, and who would be
// asked now. Nothing is sent by looking.
func (s *Service) Waves(ctx context.Context, q contract.GetByID) (contract.Waves, error) {
	answer := contract.Waves{Items: []contract.Wave{}}
	if err := access.Require(contract.ActorFrom(ctx), access.Suggest); err != nil {
		return answer, err
	}
	held, err := s.ownRequest(ctx, contract.RequestID(q.ID))
	if err != nil {
		return answer, err
	}
	for _, l := range held.Lines {
		g, err := s.glance(ctx, s.store, s.db, contract.NeedLineID(l.ID))
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return answer, err
		}
		view, err := s.viewOfWave(ctx, g)
		if err != nil {
			return answer, err
		}
		answer.Items = append(answer.Items, view)
	}
	return answer, nil
}

// ownRequest returns a request of the actor's organisation or one below: asking is
// its owner's doing, whoever else may propose.
func (s *Service) ownRequest(ctx context.Context, id contract.RequestID) (contract.ProjectedRequest, error) {
	held, err := s.heldRequest(ctx, id, 0)
	if err == nil && !contract.ActorFrom(ctx).Sees(held.Path) {
		err = fault.NewNotFound("request")
	}
	return held, err
}

func (s *Service) viewOfWave(ctx context.Context, g glance) (contract.Wave, error) {
	w := contract.Wave{
		NeedLineID: g.need.ID, RequestID: g.need.RequestID, State: string(g.wave.State), Sent: g.wave.Sent, Missing: g.lacks.missing(),
		Open: len(g.open), Automatic: g.wave.Automatic, Version: g.wave.Version, Next: []contract.Suggestion{}, Fitting: len(g.byHelper),
	}
	if g.wave.State == waveAsking {
		w.LookAt = &g.wave.LookAt
	}
	before, err := s.worker.listSpent(ctx, g.need.ID)
	if err != nil {
		return w, err
	}
	for _, b := range before {
		if b.Again && b.StandsBy {
			w.StandBy++
		}
	}
	for _, chosen := range g.decide(s.localTime(g)).Ask {
		c := g.byHelper[chosen.Helper]
		w.Next = append(w.Next, contract.Suggestion{
			NeedLineID: g.need.ID, OfferID: c.found.Offer, OfferLineID: c.found.Line, Quantity: c.Units, Score: c.Score, Factors: []contract.Factor{},
		})
	}
	return w, nil
}

// StartWave begins to ask for a need line of an open request, and asks the first
// helpers at once. Where it is asked for already nothing changes.
func (s *Service) StartWave(ctx context.Context, q contract.StartWave) (contract.Wave, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Propose); err != nil {
		return contract.Wave{}, err
	}
	need, err := s.ownNeed(ctx, q.NeedLineID)
	if err != nil {
		return contract.Wave{}, err
	}
	if err := s.begin(ctx, s.store, need, actor); err != nil {
		return contract.Wave{}, err
	}
	if err := s.look(ctx, need.ID); err != nil {
		s.log.WarnContext(ctx, "send the first wave, trying again soon", "need_line", need.ID, "error", err)
	}
	return s.waveOf(ctx, need.ID)
}

// ownNeed returns a need line of the actor's, fetching its request when that looks
// not open: the fact of it may still be on the way.
func (s *Service) ownNeed(ctx context.Context, id contract.NeedLineID) (rank.Need, error) {
	need, held := s.board.index.Need(id)
	if !held {
		return need, fault.NewNotFound("need line")
	}
	request, err := s.ownRequest(ctx, need.RequestID)
	if err == nil && !request.Open {
		err = s.refreshRequest(ctx, need.RequestID)
	}
	if fault.Is(err, fault.NotFound) {
		err = fault.NewNotFound("need line")
	}
	return need, err
}

// begin stores that a need line is asked for. The first look follows from that.
func (s *Service) begin(ctx context.Context, as store, need rank.Need, actor contract.Actor) error {
	now := s.clock()
	return as.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if err := as.requireOpen(ctx, tx, need.RequestID); err != nil {
			return err
		}
		return as.startWave(ctx, tx, waveRow{
			NeedLineID: need.ID, RequestID: need.RequestID, Path: need.Path, State: waveAsking, Version: 1, LookAt: now,
			Automatic: actor.Role == contract.RoleSystem, StartedBy: actor.ID(), StartedAt: now, UpdatedAt: now,
		})
	})
}

func (s *Service) waveOf(ctx context.Context, id contract.NeedLineID) (contract.Wave, error) {
	g, err := s.glance(ctx, s.store, s.db, id)
	if err != nil {
		return contract.Wave{}, err
	}
	return s.viewOfWave(ctx, g)
}

// StopWave stops asking for a need line; whoever has not answered is told. Who has
// accepted stays. Repeating it changes nothing.
func (s *Service) StopWave(ctx context.Context, q contract.StopWave) (contract.Wave, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.Propose); err != nil {
		return contract.Wave{}, err
	}
	need, err := s.ownNeed(ctx, q.NeedLineID)
	if err != nil {
		return contract.Wave{}, err
	}
	if err := s.stopWave(ctx, need.ID, reasonStopped); err != nil {
		return contract.Wave{}, err
	}
	return s.waveOf(ctx, need.ID)
}

// stopWave ends asking for a need line, if anybody asks for it.
func (s *Service) stopWave(ctx context.Context, id contract.NeedLineID, reason string) error {
	var withdrawn []askRow
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.store.getLacking(ctx, tx, lockLackingSQL, id); err != nil {
			return err
		}
		w, err := s.store.getWave(ctx, tx, lockWaveSQL, id)
		if err != nil || w.State == waveStopped {
			return err
		}
		open, err := s.store.openAsks(ctx, tx, id)
		if err != nil {
			return err
		}
		if withdrawn, err = s.moveAll(ctx, tx, open, contract.Move{Move: moveWithdraw, Reason: reason}, contract.ActorFrom(ctx)); err != nil {
			return err
		}
		w.State, w.Version, w.UpdatedAt = waveStopped, w.Version+1, s.clock()
		return s.store.updateWave(ctx, tx, w)
	})
	if err != nil {
		return err
	}
	s.afterAsks(ctx, withdrawn)
	return nil
}

// endWaves stops asking for requests that have ended.
func (s *Service) endWaves(ctx context.Context) error {
	ids, err := s.worker.endedWaves(ctx, tendBatch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.stopWave(contract.WithActor(ctx, contract.System()), id, "request_closed"); err != nil {
			return err
		}
	}
	return nil
}

// endAsks withdraws the asks that nobody needs an answer to.
func (s *Service) endAsks(ctx context.Context) error {
	asks, err := s.worker.asksToEnd(ctx, tendBatch)
	if err != nil {
		return err
	}
	for _, a := range asks {
		if err := s.moveAskBySystem(ctx, a.ID, contract.Move{Move: moveWithdraw, Reason: a.Reason}); err != nil {
			return err
		}
	}
	return nil
}

// expireAsks ends the asks that nobody answered in their time.
func (s *Service) expireAsks(ctx context.Context) error {
	ids, err := s.worker.overdueAsks(ctx, s.clock(), tendBatch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.moveAskBySystem(ctx, id, contract.Move{Move: moveExpire}); err != nil {
			return err
		}
	}
	return nil
}

// moveAskBySystem makes a move on the service's own account. An ask that moved on
// meanwhile is left alone.
func (s *Service) moveAskBySystem(ctx context.Context, id contract.AskID, q contract.Move) error {
	q.ID = string(id)
	_, err := s.MoveAsk(contract.WithActor(ctx, contract.System()), q)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// askByItself begins to ask for a need line where the policy says so.
func (s *Service) askByItself(ctx context.Context, need rank.Need) error {
	if _, err := s.worker.getWave(ctx, s.worker.db, selectWaveSQL, need.ID); !fault.Is(err, fault.NotFound) {
		return err
	}
	err := s.begin(ctx, s.worker, need, contract.System())
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}
