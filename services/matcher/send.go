package matcher

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/matcher/wave"
)

// carryWave does what was decided, if all that it was decided from still holds;
// else it is a conflict. It returns the asks that changed. Locks: request, offers,
// need line, helpers, each in order of their ids.
func (s *Service) carryWave(ctx context.Context, tx *sqlx.Tx, g glance, next wave.Next) ([]askRow, error) {
	if err := s.store.requireOpen(ctx, tx, g.request.RequestID); err != nil {
		return nil, err
	}
	fresh, err := s.available(ctx, tx, s.newAsks(g, next.Ask))
	if err != nil {
		return nil, err
	}
	lacks, err := s.store.getLacking(ctx, tx, lockLackingSQL, g.need.ID)
	if err != nil {
		return nil, err
	}
	after := g.wave
	after.Version, after.UpdatedAt, after.LookAt, after.State = g.wave.Version+1, s.clock(), next.Look, waveAsking
	if lacks.missing() != g.lacks.missing() {
		return nil, errWaveMoved
	}
	if lacks.missing() == 0 {
		after.State = waveFilled
		filled, err := s.moveAll(ctx, tx, g.open, contract.Move{Move: moveFill}, contract.System())
		return filled, errors.Join(err, s.store.updateWave(ctx, tx, after))
	}
	sent, err := s.send(ctx, tx, fresh)
	if err != nil {
		return nil, err
	}
	if len(sent) < len(next.Ask) {
		after.LookAt = s.clock() // somebody was not to be had: ask the next ones
	}
	if len(sent) > 0 {
		after.Sent++
	}
	return sent, s.store.updateWave(ctx, tx, after)
}

// newAsks makes the rows of those who are to be asked.
func (s *Service) newAsks(g glance, chosen []wave.Candidate) []askRow {
	asks := make([]askRow, len(chosen))
	for i, c := range chosen {
		asks[i] = s.newAsk(g, g.byHelper[c.Helper])
	}
	return asks
}

func (s *Service) newAsk(g glance, c candidate) askRow {
	now := s.clock()
	hold := s.policyFor(g.request.Path, g.need.Category).Hold(g.need.Urgency)
	return askRow{
		ID: contract.NewID[contract.AskID](), Code: contract.NewCode(), State: AskOpen, Version: 1,
		RequestID: g.request.RequestID, NeedLineID: g.need.ID, OfferID: c.found.Offer, OfferLineID: c.found.Line,
		RequestOrg: g.request.Organisation, RequestPath: g.request.Path, OfferOrg: path.Base(c.line.Path), OfferPath: c.line.Path,
		HelperKey: string(c.line.Helper), RequesterKey: g.request.RequesterKey,
		Category: g.need.Category, RegionCode: g.request.RegionCode, Urgency: g.need.Urgency,
		Quantity: min(max(c.Units, 1), max(g.lacks.missing(), 1)), Unit: g.need.Unit, Score: c.Score, Wave: g.wave.Sent + 1,
		Until:      holdUntil(now, holdsOfAsk*hold, g.need.Urgency, c.line.Schedule.Zone()),
		Generation: 1, CreatedAt: now, UpdatedAt: now,
	}
}

// available holds the offers available for the transaction, and leaves out those
// that are not.
func (s *Service) available(ctx context.Context, tx *sqlx.Tx, asks []askRow) ([]askRow, error) {
	slices.SortFunc(asks, func(a, b askRow) int { return cmp.Compare(a.OfferID, b.OfferID) })
	var there []askRow
	for _, a := range asks {
		err := s.store.requireAvailable(ctx, tx, a.OfferID)
		if fault.Is(err, fault.Conflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		there = append(there, a)
	}
	return there, nil
}

// send writes asks and counts each against its helper's budget. Who was asked
// enough meanwhile, or is kept apart from the requester, is left out.
func (s *Service) send(ctx context.Context, tx *sqlx.Tx, asks []askRow) ([]askRow, error) {
	slices.SortFunc(asks, func(a, b askRow) int { return cmp.Compare(a.HelperKey, b.HelperKey) })
	var sent []askRow
	for _, a := range asks {
		err := s.sendOne(ctx, tx, a)
		if fault.Is(err, fault.Conflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sent = append(sent, a)
	}
	return sent, nil
}

func (s *Service) sendOne(ctx context.Context, tx *sqlx.Tx, a askRow) error {
	// A complaint about the helper waits for this, or is seen.
	if err := s.store.lockHelper(ctx, tx, a.HelperKey, thisWeek(a.CreatedAt)); err != nil {
		return err
	}
	if err := s.store.requireUnrefused(ctx, tx, matchRow{
		RequestID: a.RequestID, OfferID: a.OfferID, HelperKey: a.HelperKey, RequesterKey: a.RequesterKey,
	}); err != nil {
		return err
	}
	if err := s.store.askHelper(ctx, tx, a.HelperKey, thisWeek(a.CreatedAt)); err != nil {
		return err
	}
	if err := s.requireAskable(ctx, tx, a.HelperKey, a.CreatedAt); err != nil {
		return err
	}
	if err := s.store.insertAsk(ctx, tx, a); err != nil {
		return err
	}
	return s.recordAsk(ctx, tx, a, historyRow{Move: moveAsk, To: State(AskOpen)}, contract.System())
}
