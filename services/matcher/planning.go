package matcher

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/services/matcher/plan"
	"heli/services/matcher/rank"
)

const (
	plannedPairs = 200   // in an answer when no limit is given
	mostPairs    = 2_000 // in an answer
	// solveTime leaves the rest of a call's patience to the answer.
	solveTime = 15 * time.Second
	// planRounds is how often a plan is made anew to keep apart what may not be
	// together; what is left after the last is given up.
	planRounds = 6
	// confirmedAtOnce is how many pairs are proposed at the same time.
	confirmedAtOnce = 8
)

// Plan returns the best assignment of a scope's open need lines, as far as the
// actor sees them: optimal for all together, with the proof. Each need is paired
// as its owner may pair it. Nothing is reserved. One process at a time plans a
// scope; who asks meanwhile gets the same plan.
func (s *Service) Plan(ctx context.Context, q contract.AskPlan) (contract.Plan, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Suggest); err != nil {
		return contract.Plan{}, err
	}
	limit, err := s.checkPlan(q)
	if err != nil {
		return contract.Plan{}, err
	}
	var p contract.Plan
	asked := s.clock()
	// Whoever waits here holds no connection: a crowd that asks for plans would
	// else leave none to the one that makes it.
	select {
	case s.planning <- struct{}{}:
		defer func() { <-s.planning }()
	case <-ctx.Done():
		return p, ctx.Err()
	}
	// The transaction is the lease among processes: it ends with this one.
	err = s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		latest, found, err := s.store.latestPlan(ctx, tx, actor.Path, q.Scope, asked)
		if err != nil || found {
			p = latest
			return err
		}
		if p, err = s.solve(ctx, actor, q.Scope); err != nil {
			return err
		}
		return s.store.insertPlan(ctx, tx, actor.Path, p)
	})
	p.Pairs = p.Pairs[:min(limit, len(p.Pairs))]
	return p, err
}

func (s *Service) checkPlan(q contract.AskPlan) (limit int, err error) {
	ref, err := s.reference.Get()
	if err != nil {
		return 0, err
	}
	c := check.New(ref)
	c.Token("organisation", q.Scope.Organisation)
	c.Token("campaign", q.Scope.Campaign)
	if q.Scope.Region != "" {
		c.Region("region", q.Scope.Region)
	}
	if q.Scope.Category != "" {
		c.Category("category", q.Scope.Category)
	}
	if q.Limit < 0 || q.Limit > mostPairs {
		c.Add("limit", check.OutOfRange, "min", 1, "max", mostPairs)
	}
	return cmp.Or(q.Limit, plannedPairs), c.Err()
}

// solve plans a scope as it is now.
func (s *Service) solve(ctx context.Context, actor contract.Actor, scope contract.PlanScope) (contract.Plan, error) {
	ref, err := s.reference.Get()
	if err != nil {
		return contract.Plan{}, err
	}
	seen, err := s.store.openRequestsSeen(ctx)
	if err != nil {
		return contract.Plan{}, err
	}
	requests := s.board.requestsIn(func(r contract.ProjectedRequest) bool {
		return r.Open && actor.Sees(r.Path) && seen[r.RequestID] && within(ref, scope, r)
	})
	needs, excluded, err := s.openNeeds(ctx, ref, scope, requests)
	if err != nil {
		return contract.Plan{}, err
	}
	installation := s.policies.Load().installation()
	at, err := s.moment(installation, "", s.board.refusal(excluded))
	if err != nil {
		return contract.Plan{}, err
	}
	policyOf := func(n *rank.Need) rank.Policy { return s.policyFor(n.Path, n.Category).Policy }
	a := newAssignment(s.board.index, at, policyOf, needs, s.board.linesOnOffer())
	best, bound, err := solveApart(ctx, a)
	if err != nil {
		return contract.Plan{}, err
	}
	return s.report(scope, at.Now, a, best, bound), nil
}

// solveApart plans without regard to how often a request meets an offer, which no
// flow can express, and then again without the pairs that may not be together,
// until none are left. What the first plan costs at least binds all: they are
// held to more.
func solveApart(ctx context.Context, a *assignment) (best *plan.Plan, bound int64, err error) {
	limited, cancel := context.WithTimeout(ctx, solveTime)
	defer cancel()
	for round := range planRounds {
		if best, err = plan.New(a.input, a, plan.Options{Workers: runtime.GOMAXPROCS(0)}); err != nil {
			return nil, 0, err
		}
		late, err := solveInTime(ctx, limited, best)
		if err != nil {
			return nil, 0, err
		}
		if round == 0 {
			bound = best.Result().Bound
		}
		if late || len(a.part(best.Pairs())) == 0 {
			break
		}
	}
	return best, bound, nil
}

// solveInTime solves a plan exactly, or as well as it can be done in the time:
// the plan knows how good it is.
func solveInTime(ctx, limited context.Context, best *plan.Plan) (late bool, err error) {
	err = best.Solve(limited)
	if err == nil {
		err = best.Refine(limited)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return true, nil
	}
	return false, err
}

// within reports whether a request is in the scope, as far as that is the
// request's: categories are the lines'.
func within(ref *reference.Snapshot, scope contract.PlanScope, r contract.ProjectedRequest) bool {
	return (scope.Organisation == "" || strings.Contains("/"+r.Path, "/"+scope.Organisation+"/")) &&
		(scope.Region == "" || ref.Within(r.RegionCode, scope.Region)) &&
		(scope.Campaign == "" || r.Campaign == scope.Campaign)
}

// openNeeds returns the need lines that lack something, and the pairs that must
// not be.
func (s *Service) openNeeds(ctx context.Context, ref *reference.Snapshot, scope contract.PlanScope, requests []contract.ProjectedRequest) ([]rank.Need, map[pair]bool, error) {
	ids := make([]contract.RequestID, len(requests))
	for i, r := range requests {
		ids[i] = r.RequestID
	}
	excluded, err := s.worker.excludedOf(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	served, err := s.worker.servedNeeds(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	var needs []rank.Need
	for _, r := range requests {
		for _, l := range r.Lines {
			need, held := s.board.index.Need(contract.NeedLineID(l.ID))
			if !held || covered(need) || served[need.ID] || scope.Category != "" && !ref.Covers(scope.Category, need.Category) {
				continue
			}
			needs = append(needs, need)
		}
	}
	return needs, excluded, nil
}

// report turns a solved plan into the answer, the most urgent pairs first.
func (s *Service) report(scope contract.PlanScope, now time.Time, a *assignment, best *plan.Plan, bound int64) contract.Plan {
	r, greedy := best.Result(), best.Greedy()
	p := contract.Plan{
		ID: contract.NewID[contract.PlanID](), Scope: scope, PolicyVersion: s.policies.Load().newest(),
		SnapshotAt: now.UTC(), ExpiresAt: now.Add(keptPlans).UTC(),
		Needs: len(a.needs), Units: r.Units, Objective: r.Objective, Bound: bound,
		Greedy: greedy.Objective, GreedyUnits: greedy.Units, Pairs: []contract.PlannedPair{},
	}
	pairs := best.Pairs()
	for _, parted := range a.part(pairs) {
		pairs = slices.DeleteFunc(pairs, func(pair plan.Pair) bool { return pair == parted })
		p.Units, p.Objective = p.Units-parted.Units, p.Objective+a.worth(parted)
	}
	p.Certified = p.Objective == p.Bound
	slices.SortStableFunc(pairs, func(x, y plan.Pair) int {
		return cmp.Compare(a.input.Needs[y.Need].Price, a.input.Needs[x.Need].Price)
	})
	served := map[contract.NeedLineID]bool{}
	for n, pair := range pairs {
		planned, whole := a.planned(pair)
		if !whole {
			continue
		}
		if n < mostPairs { // more are never shown
			planned.Factors, planned.Instead = a.factors(pair), a.instead(best, pair.Need)
		}
		p.Pairs = append(p.Pairs, planned)
		served[planned.NeedLineID] = true
	}
	p.PairsInAll, p.Unmatched = len(p.Pairs), len(a.needs)-len(served)
	return p
}

// ConfirmPlan proposes pairs of a plan, all or those named, each guarded anew: a
// conflict of one stops no other. Repeating it gives the same matches.
func (s *Service) ConfirmPlan(ctx context.Context, q contract.ConfirmPlan) (contract.ConfirmedPlan, error) {
	answer := contract.ConfirmedPlan{Items: []contract.ConfirmedPair{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Propose); err != nil {
		return answer, err
	}
	if !contract.ValidID(q.PlanID) {
		return answer, fault.NewNotFound("plan")
	}
	p, path, err := s.store.getPlan(ctx, q.PlanID, s.clock())
	if err != nil {
		return answer, err
	}
	if !actor.Sees(path) {
		return answer, fault.NewNotFound("plan")
	}
	planned := make(map[contract.PairRef]contract.PlannedPair, len(p.Pairs))
	all := make([]contract.PairRef, len(p.Pairs))
	for i, pair := range p.Pairs {
		all[i] = contract.PairRef{NeedLineID: pair.NeedLineID, OfferLineID: pair.OfferLineID}
		planned[all[i]] = pair
	}
	if len(q.Pairs) > 0 {
		all = q.Pairs
	}
	answer.Items = make([]contract.ConfirmedPair, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(confirmedAtOnce)
	for i, ref := range all {
		group.Go(func() (err error) {
			answer.Items[i], err = s.confirmPair(ctx, p.ID, ref, planned)
			return err
		})
	}
	return answer, group.Wait()
}

// confirmPair proposes one pair. What stops that pair is part of the answer;
// what would stop the others too is an error.
func (s *Service) confirmPair(ctx context.Context, id contract.PlanID, ref contract.PairRef, planned map[contract.PairRef]contract.PlannedPair) (contract.ConfirmedPair, error) {
	item := contract.ConfirmedPair{PairRef: ref}
	pair, ok := planned[ref]
	if !ok {
		item.Problem = "not_planned"
		return item, nil
	}
	item.RequestID = pair.RequestID
	m, err := s.Propose(ctx, contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(),
		NeedLineID: ref.NeedLineID, OfferLineID: ref.OfferLineID, Quantity: &pair.Quantity,
		Key: strings.Join([]string{"plan", string(id), string(ref.NeedLineID), string(ref.OfferLineID)}, "/"),
	})
	switch f := fault.As(err); {
	case err == nil:
		item.MatchID, item.State = m.ID, m.State
	case f.Kind == fault.Conflict || f.Kind == fault.NotFound:
		item.Problem = f.Code
	default:
		return item, err
	}
	return item, nil
}
