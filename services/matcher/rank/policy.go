package rank

import (
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Mode is how far the matcher goes by itself.
type Mode string

// The modes of a policy, from cautious to bold.
const (
	Manual    Mode = "manual"    // suggests when asked
	Assisted  Mode = "assisted"  // suggests and points out
	Wave      Mode = "wave"      // asks several at once, where the rules for automatics allow
	Automatic Mode = "automatic" // proposes there
)

// Policy is the document that weighs the factors. A version of it is stored
// with every match, so that a decision can be explained later.
type Policy struct {
	Mode    Mode    `json:"mode"`
	Weights Weights `json:"weights"`
	// HoldS is how long a proposal reserves, by urgency, in seconds.
	HoldS map[contract.Urgency]int64 `json:"hold_s"`
	// WaitS is the waiting time, by urgency, after which a need has gained
	// about two thirds of the way to the highest urgency, in seconds.
	WaitS map[contract.Urgency]int64 `json:"wait_s"`
	// Distances at which closeness has fallen to one half, in metres.
	OnsiteHalfM   int64 `json:"onsite_half_m"`
	DeliveryHalfM int64 `json:"delivery_half_m"`
	// WeeklyBudget is how many asks a week count as a full load for a helper
	// who set no budget. It only orders helpers; a budget set is a hard rule.
	WeeklyBudget int64 `json:"weekly_budget"`
	// OrganisationHalf is the number of live matches at which an
	// organisation's load balance has fallen to one half.
	OrganisationHalf int64 `json:"organisation_half"`
}

// Weights say how much each factor counts, relative to the others.
type Weights struct {
	Urgency          float64 `json:"urgency"`
	Closeness        float64 `json:"closeness"`
	Skill            float64 `json:"skill"`
	Language         float64 `json:"language"`
	Text             float64 `json:"text"`
	Time             float64 `json:"time"`
	HelperLoad       float64 `json:"helper_load"`
	OrganisationLoad float64 `json:"organisation_load"`
	Response         float64 `json:"response"`
	Continuity       float64 `json:"continuity"`
}

// Default returns the policy of a new installation: assisted; what is given and
// where it is count most.
func Default() Policy {
	return Policy{
		Mode: Assisted,
		Weights: Weights{
			Urgency: 2, Closeness: 3, Skill: 1, Language: 1, Text: 4, Time: 1.5,
			HelperLoad: 1.5, OrganisationLoad: 0.5, Response: 1, Continuity: 1.5,
		},
		HoldS:            seconds(15*time.Minute, 2*time.Hour, 12*time.Hour, 24*time.Hour, 48*time.Hour),
		WaitS:            seconds(time.Hour, 24*time.Hour, 72*time.Hour, 7*24*time.Hour, 30*24*time.Hour),
		OnsiteHalfM:      10_000,
		DeliveryHalfM:    200_000,
		WeeklyBudget:     10,
		OrganisationHalf: 50,
	}
}

// seconds pairs spans with the urgencies, most urgent first.
func seconds(spans ...time.Duration) map[contract.Urgency]int64 {
	m := make(map[contract.Urgency]int64, len(spans))
	for i, u := range contract.Urgencies() {
		m[u] = int64(spans[i] / time.Second)
	}
	return m
}

// Hold returns how long a proposal for a need of this urgency reserves. An
// urgency unknown to the policy holds as long as a routine one.
func (p Policy) Hold(u contract.Urgency) time.Duration { return of(p.HoldS, u) }

func (p Policy) wait(u contract.Urgency) time.Duration { return of(p.WaitS, u) }

func of(spans map[contract.Urgency]int64, u contract.Urgency) time.Duration {
	s, ok := spans[u]
	if !ok {
		s = spans[contract.Routine]
	}
	return time.Duration(s) * time.Second
}

// longestS bounds a span of a policy to a year.
const longestS = int64(365 * 24 * time.Hour / time.Second)

// Validate returns an Invalid fault that names every field out of its bounds,
// or nil.
func (p Policy) Validate() error {
	var fields []fault.Field
	bad := func(location, code string) {
		fields = append(fields, fault.Field{Location: location, Code: code})
	}
	if !slices.Contains([]Mode{Manual, Assisted, Wave, Automatic}, p.Mode) {
		bad("mode", "unknown")
	}
	total := 0.0
	for _, f := range softFactors {
		w := f.weight(p.Weights)
		if !(w >= 0 && w <= 100) { // NaN too
			bad("weights."+f.name, "out_of_range")
		}
		total += w
	}
	if total == 0 {
		bad("weights", "required")
	}
	for _, u := range contract.Urgencies() {
		checkSpan(bad, "hold_s."+string(u), p.HoldS[u])
		checkSpan(bad, "wait_s."+string(u), p.WaitS[u])
	}
	checkPositive(bad, "onsite_half_m", p.OnsiteHalfM)
	checkPositive(bad, "delivery_half_m", p.DeliveryHalfM)
	checkPositive(bad, "weekly_budget", p.WeeklyBudget)
	checkPositive(bad, "organisation_half", p.OrganisationHalf)
	if len(fields) > 0 {
		return fault.NewInvalid(fields...)
	}
	return nil
}

func checkSpan(bad func(location, code string), location string, s int64) {
	if s < 60 || s > longestS {
		bad(location, "out_of_range")
	}
}

func checkPositive(bad func(location, code string), location string, n int64) {
	if n <= 0 {
		bad(location, "out_of_range")
	}
}
