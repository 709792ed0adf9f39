package matcher

import (
	"context"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/matcher/rank"
)

// waitingLimit bounds how many waiting needs a freed offer looks for.
const waitingLimit = 50

// findWaiting looks which open needs an offer could serve: their consoles are
// told, and where the policy says so a match is proposed.
func (s *Service) findWaiting(ctx context.Context, id contract.OfferID) error {
	lines := s.board.linesOf(id)
	if len(lines) == 0 || !lines[0].Available {
		return nil
	}
	excluded, err := s.worker.excludedPairs(ctx, id)
	if err != nil {
		return err
	}
	at, err := s.moment(s.policies.Load().installation(), "", s.board.refusal(excluded))
	if err != nil {
		return err
	}
	found := changes{}
	for _, line := range lines {
		for _, c := range s.board.index.Waiting(line, at, waitingLimit) {
			found.Requests = append(found.Requests, c.Request)
		}
	}
	return s.tellWaiting(ctx, found)
}

func (s *Service) tellWaiting(ctx context.Context, found changes) error {
	if found.empty() {
		return nil
	}
	if err := s.bus.Broadcast(waitingSubject, found); err != nil {
		s.log.DebugContext(ctx, "tell of waiting needs", "error", err) // consoles also look when they load
	}
	if err := s.worker.wakeWaves(ctx, found.Requests, s.clock()); err != nil {
		return err
	}
	return s.proposeByThemselves(ctx, found.Requests)
}

// proposeByItself proposes the best offer for each line of a request, or begins to
// ask for it, where automatic proposing is allowed: never for sensitive categories, safeguards or
// critical needs, only on requests opened by staff with a verified contact.
func (s *Service) proposeByItself(ctx context.Context, id contract.RequestID) error {
	request, ok := s.board.request(id)
	if !ok || !automaticAllowed(request) {
		return nil
	}
	for _, l := range request.Lines {
		need, ok := s.board.index.Need(contract.NeedLineID(l.ID))
		if !ok {
			continue
		}
		if err := s.proposeBest(ctx, need); err != nil {
			return err
		}
	}
	return nil
}

func automaticAllowed(r contract.ProjectedRequest) bool {
	return r.Open && r.OpenedByStaff && r.PhoneVerified && len(r.Safeguards) == 0 && r.Urgency != contract.Critical
}

// proposeBest proposes the best offer of an automatic category. A lost race is
// no error: the next change looks again.
func (s *Service) proposeBest(ctx context.Context, need rank.Need) error {
	ref, err := s.reference.Get()
	if err != nil {
		return err
	}
	category, _ := ref.Category(need.Category)
	mode := s.policies.Load().mode(ref, need.Path, need.Category)
	switch {
	case category.Sensitive || covered(need):
		return nil
	case mode == rank.Wave:
		return s.askByItself(ctx, need)
	case mode != rank.Automatic:
		return nil
	}
	at, err := s.moment(s.policyFor(need.Path, need.Category), need.Path, s.board.refusalOf(need.RequestID))
	if err != nil {
		return err
	}
	best := s.board.index.Top(need, at, 1)
	if len(best) == 0 {
		return nil
	}
	if offer, _ := s.board.offer(best[0].Offer); !offer.phoneVerified {
		return nil
	}
	_, err = s.Propose(contract.WithActor(ctx, contract.System()), contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(),
		NeedLineID: need.ID, OfferLineID: best[0].Line, Quantity: &best[0].Quantity,
	})
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// covered reports whether a need has all it stated.
func covered(need rank.Need) bool {
	return need.Remaining != nil && *need.Remaining == 0
}
