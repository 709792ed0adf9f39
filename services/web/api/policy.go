package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

func (a *api) addPolicies() {
	add(a, operation{
		method: http.MethodGet, path: "/policy", id: "get_policy", tag: tagReference,
		summary: "Read the matching policy of the installation",
	}, a.getPolicy)
	add(a, operation{
		method: http.MethodGet, path: "/policies", id: "list_policies", tag: tagReference,
		summary:     "List the matching policies in force",
		description: "Those of the organisations above and below yours. The nearest organisation's decides, there the nearest category's.",
	}, a.listPolicies)
	add(a, operation{
		method: http.MethodPost, path: "/policies", id: "set_policy", tag: tagReference, status: http.StatusCreated,
		summary: "Put a matching policy in force",
		description: "For the whole installation, an organisation, a category, or a category of an organisation. " +
			"A document that is not sound is refused with every reason, and the old one stays; null makes the scope follow what is above it.",
	}, a.setPolicy)
	add(a, operation{
		method: http.MethodPost, path: "/policies/dry_run", id: "try_policy", tag: tagReference,
		summary: "Try a matching policy on the past",
		description: "Plays the needs of your organisation and those below it that arrived within the span again, twice: under the policies in force, " +
			"each in its scope, and with the given one in its place. Nothing is stored and nothing is reserved. What is told: matched units, " +
			"waiting time by urgency, distance, and how the load spreads. One replay runs at a time: while another does, and when the past is " +
			"too long for one call, the answer is 503 with the code replay_busy or past_too_long.",
	}, a.tryPolicy)
}

func (a *api) getPolicy(ctx context.Context, _ *struct{}) (*answer[contract.Policy], error) {
	policy, err := bus.Call(ctx, a.Bus, contract.MatcherPolicy, contract.Empty{})
	return &answer[contract.Policy]{policy}, err
}

func (a *api) listPolicies(ctx context.Context, _ *struct{}) (*answer[List[contract.Policy]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.MatcherPolicies, contract.Empty{})
	return listOf(listing), err
}

// PolicyInput is a policy and where it is to be in force.
type PolicyInput struct {
	Organisation string          `json:"organisation,omitempty" maxLength:"64" doc:"Code; left out means the whole installation"`
	Category     string          `json:"category,omitempty" maxLength:"64" doc:"Code; left out means all"`
	Document     json.RawMessage `json:"document" doc:"As GET /policy shows it, or null"`
	Reason       string          `json:"reason" minLength:"1" maxLength:"500" doc:"For the audit chain"`
}

type policyInput struct {
	KeyInput
	Body PolicyInput
}

func (a *api) setPolicy(ctx context.Context, in *policyInput) (*answer[contract.Policy], error) {
	policy, err := bus.Call(ctx, a.Bus, contract.MatcherSetPolicy, contract.SetPolicy{
		Organisation: in.Body.Organisation, Category: in.Body.Category, Document: in.Body.Document, Reason: in.Body.Reason,
		Key: in.key(ctx), BodyHash: callFrom(ctx).bodyHash(),
	})
	return &answer[contract.Policy]{policy}, err
}

// longestTry is the longest span that a policy is tried on.
const longestTry = 92 * 24 * time.Hour

// usualTry is the span where none is given.
const usualTry = 14 * 24 * time.Hour

// tryTime is as long as the matcher works on one call, and a little more.
const tryTime = 28 * time.Second

// TryInput is a policy, where it would be in force, and what it is tried on.
type TryInput struct {
	Organisation string          `json:"organisation,omitempty" maxLength:"64" doc:"Code; left out means the whole installation"`
	Category     string          `json:"category,omitempty" maxLength:"64" doc:"Code; left out means all"`
	Document     json.RawMessage `json:"document" doc:"As GET /policy shows it"`
	Since        *time.Time      `json:"since,omitempty" doc:"Needs that arrived from then on; left out means 14 days before until"`
	Until        *time.Time      `json:"until,omitempty" doc:"Needs that arrived before; left out means until now. At most 92 days after since"`
}

// TryView compares what came of the past under both.
type TryView struct {
	Since   time.Time             `json:"since"`
	Until   time.Time             `json:"until"`
	Record  contract.ReplayRecord `json:"record" doc:"What was played, and what could not be"`
	InForce contract.ReplayResult `json:"in_force"`
	Tried   contract.ReplayResult `json:"tried"`
}

type tryInput struct{ Body TryInput }

func (a *api) tryPolicy(ctx context.Context, in *tryInput) (*answer[TryView], error) {
	since, until, err := tried(in.Body, time.Now())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	played, err := bus.Call(ctx, a.Bus, contract.MatcherReplay, contract.ReplayPast{
		Since: &since, Until: &until, Policies: []contract.ReplayPolicy{
			{Organisation: in.Body.Organisation, Category: in.Body.Category, Document: in.Body.Document},
			{InForce: true},
		},
	})
	if err != nil {
		return nil, underBody(err)
	}
	if len(played.Policies) != 2 {
		return nil, fmt.Errorf("a replay of two policies told of %d", len(played.Policies))
	}
	return &answer[TryView]{TryView{played.Since, played.Until, played.Record, played.Policies[1], played.Policies[0]}}, nil
}

// tried returns the span that a policy is tried on.
func tried(in TryInput, now time.Time) (since, until time.Time, err error) {
	until = now
	if in.Until != nil {
		until = *in.Until
	}
	since = until.Add(-usualTry)
	if in.Since != nil {
		since = *in.Since
	}
	if span := until.Sub(since); span <= 0 || span > longestTry {
		return since, until, fault.NewInvalid(fault.Field{Location: "since", Code: "out_of_range", Args: map[string]any{
			"min": until.Add(-longestTry).UTC().Format(time.RFC3339), "max": until.UTC().Format(time.RFC3339),
		}})
	}
	return since, until, nil
}

// underBody names the wrong places of the question as the caller sent them: the
// policy is the body.
func underBody(err error) error {
	f := fault.As(err)
	if f.Kind != fault.Invalid {
		return err
	}
	fields := slices.Clone(f.Fields)
	for i := range fields {
		fields[i].Location = strings.TrimPrefix(fields[i].Location, "policies[0].")
	}
	return fault.NewInvalid(fields...)
}
