package matcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
// are still known, against the offers that they could have been paired with. Each
// need is played under the policy of its scope. It stores and reserves nothing.
//
// One replay runs at a time in a process, on half of its processors at most, so
// that it never stands in the way of other calls: while another runs, and when the
// past is too long for one call, it is Unavailable, and nothing was decided.
func (s *Service) Replay(ctx context.Context, q contract.ReplayPast) (contract.ReplayedPast, error) {
	var answer contract.ReplayedPast
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.TryPolicies); err != nil {
		return answer, err
	}
	ref, err := s.reference.Get()
	if err != nil {
		return answer, err
	}
	trials, err := s.trials(ctx, ref, q)
	if err != nil {
		return answer, err
	}
	select {
	case s.replaying <- struct{}{}:
		defer func() { <-s.replaying }()
	default:
		return answer, fault.New(fault.Unavailable, "replay_busy", "another replay runs now: try again in a minute")
	}
	limited, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	answer, err = s.replayUnder(limited, ref, actor.Path, q, trials)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		// Not the cause itself: that would read as if the caller had gone.
		return answer, pastTooLong()
	}
	return answer, err
}

func pastTooLong() error {
	return fault.New(fault.Unavailable, "past_too_long", "this past is too long for one call: name a later since, an earlier until, or an organisation below")
}

// trial is a set of policies to play under, and what is to be told of it.
type trial struct {
	policies policies
	named    contract.ReplayResult
}

// replayUnder reads the record and plays it under each set of policies.
func (s *Service) replayUnder(ctx context.Context, ref *reference.Snapshot, path string, q contract.ReplayPast, trials []trial) (contract.ReplayedPast, error) {
	within := span{until: s.clock()}
	if q.Since != nil {
		within.since = *q.Since
	}
	if q.Until != nil && q.Until.Before(within.until) {
		within.until = *q.Until
	}
	past, err := s.readPast(ctx, path, within)
	if err != nil {
		return contract.ReplayedPast{}, err
	}
	record, counts, err := s.recordOf(ref, past, within)
	if err != nil {
		return contract.ReplayedPast{}, err
	}
	answer := contract.ReplayedPast{
		Since: firstOf(record, within).UTC(), Until: within.until.UTC(), PlayedUntil: record.Until.UTC(),
		Record: counts, Policies: []contract.ReplayResult{},
	}
	for i, t := range trials {
		result, err := play(ctx, ref, record, t.policies)
		if err != nil {
			return contract.ReplayedPast{}, fmt.Errorf("replay under policy %d of the question: %w", i, err)
		}
		result.InForce, result.Version, result.Path, result.Category, result.Mode =
			t.named.InForce, t.named.Version, t.named.Path, t.named.Category, t.named.Mode
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

// trials returns what a question wants to be played, each policy read or checked.
func (s *Service) trials(ctx context.Context, ref *reference.Snapshot, q contract.ReplayPast) ([]trial, error) {
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
	trials := make([]trial, len(q.Policies))
	for i, asked := range q.Policies[:min(len(q.Policies), mostReplayed)] {
		var err error
		if trials[i], err = s.trial(ctx, ref, asked); err == nil {
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
	return trials, nil
}

// trial returns the policies in force with the one asked for in its scope.
func (s *Service) trial(ctx context.Context, ref *reference.Snapshot, asked contract.ReplayPolicy) (trial, error) {
	inForce := *s.policies.Load()
	if asked.InForce && asked.Version == 0 && !given(asked) {
		return trial{inForce, contract.ReplayResult{InForce: true, Mode: string(inForce.installation().Mode)}}, nil
	}
	p, err := s.replayedPolicy(ctx, ref, asked)
	if err != nil {
		return trial{}, err
	}
	changed := maps.Clone(inForce)
	changed[policyScope{p.row.Path, p.row.Category}] = p
	return trial{changed, contract.ReplayResult{Version: p.row.Version, Path: p.row.Path, Category: p.row.Category, Mode: string(p.Mode)}}, nil
}

func (s *Service) replayedPolicy(ctx context.Context, ref *reference.Snapshot, asked contract.ReplayPolicy) (p policyInForce, err error) {
	actor := contract.ActorFrom(ctx)
	if asked.InForce || given(asked) == (asked.Version != 0) {
		return p, fault.NewInvalid(fault.Field{Location: "version", Code: check.Required})
	}
	if given(asked) {
		p.row = policyRow{Category: asked.Category, CreatedBy: actor.ID()}
		if p.row.Path, err = s.triedPath(ctx, ref, asked); err == nil {
			p.Policy, err = givenPolicy(asked.Document)
		}
		return p, err
	}
	if p.row, err = s.store.policyVersion(ctx, asked.Version); err != nil {
		return p, err
	}
	if !actor.Sees(p.row.Path) && !strings.HasPrefix(actor.Path, p.row.Path) {
		return p, fault.NewNotFound("policy")
	}
	if err := json.Unmarshal(p.row.Document, &p.Policy); err != nil {
		return p, fmt.Errorf("decode policy %d: %w", asked.Version, err)
	}
	return p, nil
}

func given(asked contract.ReplayPolicy) bool {
	return len(asked.Document) > 0 && !bytes.Equal(asked.Document, []byte("null"))
}

// triedPath returns the path of the organisation that a document is tried for.
// Whoever may not set the installation's policy may try one all the same: it is
// played on what they see.
func (s *Service) triedPath(ctx context.Context, ref *reference.Snapshot, asked contract.ReplayPolicy) (string, error) {
	c := check.New(ref)
	c.Token("organisation", asked.Organisation)
	if asked.Category != "" {
		c.Category("category", asked.Category)
	}
	if err := c.Err(); err != nil || asked.Organisation == "" {
		return "", err
	}
	return s.policyPath(ctx, contract.ActorFrom(ctx), asked.Organisation)
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

// play plays a record under policies, on an index of its own.
func play(ctx context.Context, ref *reference.Snapshot, record replay.Record, p policies) (contract.ReplayResult, error) {
	var result contract.ReplayResult
	i := index.NewFast()
	packing, stop := context.WithCancel(ctx)
	under := replay.Policies{Installation: p.installation().Policy, Of: func(n *rank.Need) rank.Policy {
		chosen := p.of(ref, n.Path, n.Category).Policy
		chosen.Mode = p.mode(ref, n.Path, n.Category)
		return chosen
	}}
	var group errgroup.Group
	group.Go(func() error { return i.Run(packing) })
	group.Go(func() (err error) {
		defer stop()
		result, err = replay.Run(ctx, record, under, replay.Tools{Reference: ref, Index: i, Plan: planPast})
		return err
	})
	return result, group.Wait()
}

// planPast is replay.Planner by the plans of the running matcher. It is never cut
// short by time, so that the same past gives the same plan.
func planPast(ctx context.Context, i index.Index, at rank.Moment, policy func(*rank.Need) rank.Policy, needs []rank.Need, lines []rank.Offer) ([]contract.PlannedPair, error) {
	a := newAssignment(i, at, policy, needs, lines)
	best, err := plan.New(a.input, a, plan.Options{Workers: max(1, runtime.GOMAXPROCS(0)/2)})
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
