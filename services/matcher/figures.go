package matcher

import (
	"cmp"
	"context"
	"slices"
	"time"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// lookedAt is how many requests are looked at for what keeps them from offers.
const lookedAt = 60

// Figures counts the matches that staff see, and says what the requests that wait
// longest lack: no row, no text.
func (s *Service) Figures(ctx context.Context, q contract.AskFigures) (contract.MatchFigures, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadFigures); err != nil {
		return contract.MatchFigures{}, err
	}
	ref, err := s.reference.Get()
	if err != nil {
		return contract.MatchFigures{}, err
	}
	scope, err := check.Figures(ref, actor, q)
	if err != nil {
		return contract.MatchFigures{}, err
	}
	figures, err := s.store.selectFigures(ctx, scope, q, s.clock())
	if err != nil {
		return figures, pg.MapContext(ctx, err)
	}
	return figures, s.countMissing(actor, scope, q, &figures)
}

// countMissing counts need lines without an offer by the rule that stops most.
func (s *Service) countMissing(actor contract.Actor, scope check.FigureScope, q contract.AskFigures, into *contract.MatchFigures) error {
	rules := map[string]int64{}
	for _, request := range s.longestWaiting(scope, q) {
		refused := s.board.refusalOf(request.RequestID)
		for _, line := range request.Lines {
			at, err := s.moment(s.policyFor(request.Path, line.Category), actor.Path, refused)
			if err != nil {
				return err
			}
			need, ok := s.board.index.Need(contract.NeedLineID(line.ID))
			if !ok || scope.Categories != nil && !slices.Contains(scope.Categories, line.Category) {
				continue
			}
			into.Looked++
			if len(s.board.index.Best(need, at, 1)) > 0 {
				continue
			}
			if missing := s.board.index.Missing(need, at); len(missing) > 0 {
				rules[missing[0].Rule()]++
			}
		}
	}
	for rule, count := range rules {
		into.Missing = append(into.Missing, contract.KeyCount{Key: rule, Count: count})
	}
	slices.SortFunc(into.Missing, func(a, b contract.KeyCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	return nil
}

// longestWaiting returns the open requests of a scope that wait longest.
func (s *Service) longestWaiting(scope check.FigureScope, q contract.AskFigures) []contract.ProjectedRequest {
	end, regions := contract.PathEnd(scope.Path), map[string]bool{}
	for _, code := range scope.Regions {
		regions[code] = true
	}
	var first oldest
	all := s.board.requestsIn(func(r contract.ProjectedRequest) bool {
		return r.Open && r.Path >= scope.Path && r.Path < end && (q.Campaign == "" || r.Campaign == q.Campaign) &&
			(scope.Regions == nil || regions[r.RegionCode]) && first.among(r.WaitingSince)
	})
	slices.SortFunc(all, func(a, b contract.ProjectedRequest) int {
		return cmp.Or(a.WaitingSince.Compare(b.WaitingSince), cmp.Compare(a.RequestID, b.RequestID))
	})
	return all[:min(len(all), lookedAt)]
}

// oldest are the first of the moments that were asked about, in order: so that of a
// million requests a few hundred are taken along, and not all.
type oldest []time.Time

// among reports whether a moment is one of the first so far.
func (o *oldest) among(at time.Time) bool {
	if len(*o) == lookedAt && !at.Before((*o)[lookedAt-1]) {
		return false
	}
	n, _ := slices.BinarySearchFunc(*o, at, time.Time.Compare)
	*o = slices.Insert(*o, n, at)
	*o = (*o)[:min(len(*o), lookedAt)]
	return true
}
