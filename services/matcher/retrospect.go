package matcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/services/matcher/index"
	"heli/services/matcher/plan"
	"heli/services/matcher/rank"
	"heli/services/matcher/replay"
)

const (
	mostReplayed = 6
	// replayTime leaves the rest of a call's patience to the answer.
	replayTime = 25 * time.Second
)

// Replay plays the needs that the actor sees again under policies, as far as they
// are still known, against the offers that they could have been paired with. It
// stores and reserves nothing. A past too long for one call is Unavailable:
// nothing was decided, and a shorter span may be asked for.
func (s *Service) Replay(ctx context.Context, q contract.ReplayPast) (contract.ReplayedPast, error) {
	var answer contract.ReplayedPast
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadPolicy); err != nil {
		return answer, err
	}
	ref, err := s.reference.Get()
	if err != nil {
		return answer, err
	}
	policies, err := s.replayedPolicies(ctx, q)
	if err != nil {
		return answer, err
	}
	limited, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	answer, err = s.replayUnder(limited, ref, actor.Path, q, policies)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		// Not the cause itself: that would read as if the caller had gone.
		return answer, fault.New(fault.Unavailable, "unavailable", "this past is too long for one call: name a later since or an earlier until")
	}
	return answer, err
}

// replayUnder reads the record and plays it under each policy.
func (s *Service) replayUnder(ctx context.Context, ref *reference.Snapshot, path string, q contract.ReplayPast, policies []rank.Policy) (contract.ReplayedPast, error) {
	past, err := s.readPast(ctx, path)
	if err != nil {
		return contract.ReplayedPast{}, err
	}
	within := span{until: s.clock()}
	if q.Since != nil {
		within.since = *q.Since
	}
	if q.Until != nil && q.Until.Before(within.until) {
		within.until = *q.Until
	}
	record, counts, err := s.recordOf(ref, past, within)
	if err != nil {
		return contract.ReplayedPast{}, err
	}
	answer := contract.ReplayedPast{
		Since: firstOf(record, within).UTC(), Until: within.until.UTC(), PlayedUntil: record.Until.UTC(),
		Record: counts, Policies: []contract.ReplayResult{},
	}
	for i, p := range policies {
		result, err := play(ctx, ref, record, p)
		if err != nil {
			return contract.ReplayedPast{}, fmt.Errorf("replay under policy %d of the question: %w", i, err)
		}
		result.Version = q.Policies[i].Version
		answer.Policies = append(answer.Policies, result)
	}
	return answer, nil
}

// firstOf returns when what is played begins.
func firstOf(record replay.Record, s span) time.Time {
	first := s.since
	if first.IsZero() {
		first = s.until
		for _, n := range record.Needs {
			if n.Since.Before(first) {
				first = n.Since
			}
		}
	}
	return first
}

// replayedPolicies returns the policies of a question, each read or checked.
func (s *Service) replayedPolicies(ctx context.Context, q contract.ReplayPast) ([]rank.Policy, error) {
	var fields []fault.Field
	switch {
	case len(q.Policies) == 0:
		fields = append(fields, fault.Field{Location: "policies", Code: check.Required})
	case len(q.Policies) > mostReplayed:
		fields = append(fields, fault.Field{Location: "policies", Code: check.TooMany, Args: map[string]any{"max": mostReplayed}})
	}
	if q.Since != nil && q.Until != nil && !q.Since.Before(*q.Until) {
		fields = append(fields, fault.Field{Location: "until", Code: check.Malformed})
	}
	policies := make([]rank.Policy, len(q.Policies))
	for i, asked := range q.Policies[:min(len(q.Policies), mostReplayed)] {
		var err error
		if policies[i], err = s.replayedPolicy(ctx, asked); err == nil {
			continue
		}
		f := fault.As(err)
		if f.Kind != fault.Invalid {
			return nil, err
		}
		for _, field := range f.Fields {
			field.Location = fmt.Sprintf("policies[%d].%s", i, field.Location)
			fields = append(fields, field)
		}
	}
	if len(fields) > 0 {
		return nil, fault.NewInvalid(fields...)
	}
	return policies, nil
}

func (s *Service) replayedPolicy(ctx context.Context, asked contract.ReplayPolicy) (rank.Policy, error) {
	given := len(asked.Document) > 0 && !bytes.Equal(asked.Document, []byte("null"))
	if given == (asked.Version != 0) {
		return rank.Policy{}, fault.NewInvalid(fault.Field{Location: "version", Code: check.Required})
	}
	if given {
		return givenPolicy(asked.Document)
	}
	row, err := s.store.policyVersion(ctx, asked.Version)
	if err != nil {
		return rank.Policy{}, err
	}
	if actor := contract.ActorFrom(ctx); !actor.Sees(row.Path) && !strings.HasPrefix(actor.Path, row.Path) {
		return rank.Policy{}, fault.NewNotFound("policy")
	}
	var p rank.Policy
	if err := json.Unmarshal(row.Document, &p); err != nil {
		return p, fmt.Errorf("decode policy %d: %w", asked.Version, err)
	}
	return p, nil
}

// givenPolicy reads a policy that somebody wrote; Invalid names every fault in it.
func givenPolicy(document []byte) (rank.Policy, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	var p rank.Policy
	if err := decoder.Decode(&p); err != nil {
		return p, fault.NewInvalid(fault.Field{Location: "document", Code: check.Malformed})
	}
	err := p.Validate()
	if f := fault.As(err); f != nil {
		fields := slices.Clone(f.Fields)
		for i := range fields {
			fields[i].Location = "document." + fields[i].Location
		}
		return p, fault.NewInvalid(fields...)
	}
	return p, nil
}

// play plays a record under one policy, on an index of its own.
func play(ctx context.Context, ref *reference.Snapshot, record replay.Record, p rank.Policy) (contract.ReplayResult, error) {
	var result contract.ReplayResult
	i := index.NewFast()
	packing, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return i.Run(packing) })
	group.Go(func() (err error) {
		defer stop()
		result, err = replay.Run(ctx, record, p, replay.Tools{Reference: ref, Index: i, Plan: planPast})
		return err
	})
	return result, group.Wait()
}

// planPast is replay.Planner by the plans of the running matcher. It is never cut
// short by time, so that the same past gives the same plan.
func planPast(ctx context.Context, i index.Index, at rank.Moment, needs []rank.Need, lines []rank.Offer) ([]contract.PlannedPair, error) {
	a := newAssignment(i, at, func(*rank.Need) rank.Policy { return at.Policy }, needs, lines)
	best, err := plan.New(a.input, a, plan.Options{Workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		return nil, err
	}
	if err := best.Solve(ctx); err != nil {
		return nil, err
	}
	if err := best.Refine(ctx); err != nil {
		return nil, err
	}
	var pairs []contract.PlannedPair
	for _, p := range best.Pairs() {
		if planned, whole := a.planned(p); whole {
			pairs = append(pairs, planned)
		}
	}
	return pairs, nil
}
