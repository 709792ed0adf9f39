package rank_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/matcher/rank"
)

func TestDefaultPolicyIsValidAndSurvivesJSON(t *testing.T) {
	t.Parallel()
	if err := rank.Default().Validate(); err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(rank.Default())
	if err != nil {
		t.Fatal(err)
	}
	var back rank.Policy
	if err := json.Unmarshal(document, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(rank.Default(), back); d != "" {
		t.Error(d)
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for u, want := range map[contract.Urgency]time.Duration{
		contract.Critical: 15 * time.Minute, contract.Urgent: 2 * time.Hour, contract.Soon: 12 * time.Hour,
		contract.Routine: 24 * time.Hour, contract.Planned: 48 * time.Hour, "unheard of": 24 * time.Hour,
	} {
		if got := rank.Default().Hold(u); got != want {
			t.Errorf("%s holds %v, want %v", u, got, want)
		}
	}
}

func TestValidateNamesEveryField(t *testing.T) {
	t.Parallel()
	for location, change := range map[string]func(*rank.Policy){
		"mode":              func(p *rank.Policy) { p.Mode = "bold" },
		"weights.text":      func(p *rank.Policy) { p.Weights.Text = math.NaN() },
		"weights.closeness": func(p *rank.Policy) { p.Weights.Closeness = -1 },
		"weights":           func(p *rank.Policy) { p.Weights = rank.Weights{} },
		"hold_s.urgent":     func(p *rank.Policy) { delete(p.HoldS, contract.Urgent) },
		"wait_s.soon":       func(p *rank.Policy) { p.WaitS[contract.Soon] = math.MaxInt64 },
		"onsite_half_m":     func(p *rank.Policy) { p.OnsiteHalfM = 0 },
		"delivery_half_m":   func(p *rank.Policy) { p.DeliveryHalfM = -1 },
		"weekly_budget":     func(p *rank.Policy) { p.WeeklyBudget = 0 },
		"organisation_half": func(p *rank.Policy) { p.OrganisationHalf = 0 },
	} {
		p := rank.Default()
		change(&p)
		err := p.Validate()
		if f := fault.As(err); !fault.Is(err, fault.Invalid) || len(f.Fields) != 1 || f.Fields[0].Location != location {
			t.Errorf("%s: got %v", location, err)
		}
	}
}

func TestScoreFollowsTheWeights(t *testing.T) {
	t.Parallel()
	n, o := labour()
	m := moment()
	m.Policy.Weights = rank.Weights{Closeness: 3, Continuity: 1}
	if got := rank.Ask(&n, m).Score(&o); math.Abs(got-0.5) > 1e-12 { // both are 0.5
		t.Errorf("got %v", got)
	}
	m.Policy.Weights = rank.Weights{}
	if got := rank.Ask(&n, m).Score(&o); got != 0 {
		t.Errorf("without weights got %v", got)
	}
}
