package matcher

import (
	"context"
	"time"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
)

// visibleAsk is NotFound for one that is not the actor's to see.
func (s *Service) visibleAsk(ctx context.Context, id contract.AskID) (askRow, error) {
	a, err := s.store.getAsk(ctx, s.db, selectAskSQL, id)
	actor := contract.ActorFrom(ctx)
	if err == nil && actor.Role != contract.RoleSystem && !scopeOf(actor).seesAsk(a) {
		return askRow{}, fault.NewNotFound("ask")
	}
	return a, err
}

func (c scope) seesAsk(a askRow) bool {
	in := func(path string) bool { return path >= c.Path && path < c.PathEnd }
	return in(a.RequestPath) || in(a.OfferPath) || c.Offer == string(a.OfferID) || c.Match == string(a.ID)
}

// Ask returns an ask with its history.
func (s *Service) Ask(ctx context.Context, q contract.GetByID) (contract.Ask, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadAsks); err != nil {
		return contract.Ask{}, err
	}
	a, err := s.visibleAsk(ctx, contract.AskID(q.ID))
	if err != nil {
		return contract.Ask{}, err
	}
	history, err := s.store.listHistory(ctx, string(a.ID))
	if err != nil {
		return contract.Ask{}, err
	}
	view := s.viewOfAsk(a, actor)
	view.History = historyOf(history, actor)
	return view, nil
}

// FindAsk returns the ask behind a short code, for web's form of code and PIN.
func (s *Service) FindAsk(ctx context.Context, q contract.FindByCode) (contract.Found, error) {
	code, ok := contract.ParseCode(q.Code)
	if !ok {
		return contract.Found{}, fault.NewNotFound("ask")
	}
	return s.worker.findAsk(ctx, code) // by the public, who see nothing yet
}

// askPlace is where a list of asks goes on.
type askPlace struct {
	Below contract.AskID `json:"b"`
}

// Asks returns asks that the actor sees, newest first.
func (s *Service) Asks(ctx context.Context, q contract.ListAsks) (contract.Listing[contract.Ask], error) {
	var answer contract.Listing[contract.Ask]
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadAsks); err != nil {
		return answer, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return answer, err
	}
	var from askPlace
	if _, err := cursor.Decode(q.Cursor, &from); err != nil {
		return answer, err
	}
	rows, err := s.store.listAsks(ctx, scopeOf(actor), q, from.Below, limit+1)
	if err != nil {
		return answer, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		answer.NextCursor = cursor.Encode(askPlace{rows[limit-1].ID})
	}
	answer.Items = make([]contract.Ask, len(rows))
	for i, a := range rows {
		answer.Items[i] = s.viewOfAsk(a, actor)
	}
	return answer, nil
}

// viewOfAsk converts a row for a reader.
func (s *Service) viewOfAsk(a askRow, reader contract.Actor) contract.Ask {
	v := contract.Ask{
		ID: a.ID, Code: a.Code, State: string(a.State), Version: a.Version, RequestID: a.RequestID, NeedLineID: a.NeedLineID,
		OfferID: a.OfferID, OfferLineID: a.OfferLineID, Category: a.Category, RegionCode: a.RegionCode, Urgency: a.Urgency,
		Quantity: a.Quantity, Unit: a.Unit, Score: a.Score, Wave: a.Wave, StandsBy: a.StandsBy, OtherTime: a.OtherTime,
		Reason: a.Reason, Until: a.Until, RequestOrg: a.RequestOrg, OfferOrg: a.OfferOrg, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
		Generation: a.Generation, Moves: askMovesFor(reader, a),
	}
	if a.MatchID != nil {
		v.MatchID = *a.MatchID
	}
	return v
}

// standingSpan is how far back what was agreed counts.
const standingSpan = 180 * 24 * time.Hour

// Standing says how the helper of an offer kept what was agreed, as far as the
// actor sees their matches: other organisations' are not told.
func (s *Service) Standing(ctx context.Context, q contract.AskStanding) (contract.Standing, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.Suggest); err != nil {
		return contract.Standing{}, err
	}
	if !contract.ValidID(q.OfferID) {
		return contract.Standing{}, fault.NewNotFound("offer")
	}
	if err := s.store.requireOffer(ctx, q.OfferID); err != nil {
		return contract.Standing{}, err
	}
	counted, err := s.store.standing(ctx, q.OfferID, s.clock().Add(-standingSpan))
	counted.Raised = raised(counted)
	return counted, err
}
