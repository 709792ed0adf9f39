package matcher

import (
	"context"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/outbox"
)

// moveAll makes a move that follows for several asks from what the actor did, and
// returns them as they are then: who may stop asking needs no right to each.
func (s *Service) moveAll(ctx context.Context, tx *sqlx.Tx, asks []askRow, q contract.Move, actor contract.Actor) ([]askRow, error) {
	moved := make([]askRow, 0, len(asks))
	for _, a := range asks {
		to, err := AskMoves.Apply(q.Move, a.State, contract.RoleSystem, q.Reason)
		if err != nil {
			return nil, err
		}
		after, err := a.moved(q, to, 0, s.clock())
		if err != nil {
			return nil, err
		}
		h := historyRow{Move: q.Move, From: State(a.State), To: State(after.State), Reason: after.Reason}
		if err := s.saveAsk(ctx, tx, a, after, h, actor); err != nil {
			return nil, err
		}
		moved = append(moved, after)
	}
	return moved, nil
}

// saveAsk stores a move. A fact is told of a state that was reached, not of one
// that an ask stays in: whoever was asked hears it once.
func (s *Service) saveAsk(ctx context.Context, tx *sqlx.Tx, before, after askRow, h historyRow, actor contract.Actor) error {
	if err := s.store.updateAsk(ctx, tx, after); err != nil {
		return err
	}
	if before.State == after.State {
		return s.store.insertHistory(ctx, tx, askHistory(after, h, actor))
	}
	return s.recordAsk(ctx, tx, after, h, actor)
}

// recordAsk writes the history row and the fact of an ask that reached a state.
func (s *Service) recordAsk(ctx context.Context, tx *sqlx.Tx, a askRow, h historyRow, actor contract.Actor) error {
	if err := s.store.insertHistory(ctx, tx, askHistory(a, h, actor)); err != nil {
		return err
	}
	return outbox.Add(ctx, tx, eventOfAsk(a))
}

func askHistory(a askRow, h historyRow, actor contract.Actor) historyRow {
	h.SubjectID, h.At, h.Role, h.ActorID, h.ActorName = string(a.ID), a.UpdatedAt, actor.Role, actor.ID(), actor.Name
	return h
}

// eventOfAsk returns the fact that an ask reached its state: ids and codes.
func eventOfAsk(a askRow) contract.Event {
	e := contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingAsk,
		State: string(a.State), AggregateID: string(a.ID), Version: a.Version, Time: a.UpdatedAt,
		Organisation: a.RequestOrg, Paths: paths(a.RequestPath, a.OfferPath),
		Data: contract.EventData{
			RequestID: a.RequestID, OfferID: a.OfferID, AskID: a.ID, NeedLineID: a.NeedLineID, OfferLineID: a.OfferLineID,
			Category: a.Category, RegionCode: a.RegionCode, Urgency: string(a.Urgency), Quantity: &a.Quantity, Unit: string(a.Unit), Reason: a.Reason,
		},
	}
	if a.MatchID != nil {
		e.Data.MatchID = *a.MatchID
	}
	return e
}

// afterAsks shows committed changes: a helper's load is part of every board.
func (s *Service) afterAsks(ctx context.Context, changed []askRow) {
	if len(changed) == 0 {
		return
	}
	s.relay.Wake()
	var c changes
	for _, a := range changed {
		c.Offers = append(c.Offers, a.OfferID)
	}
	if err := s.publishChanges(context.WithoutCancel(ctx), c); err != nil {
		s.log.WarnContext(ctx, "show changed asks", "error", err)
	}
}
