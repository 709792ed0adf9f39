package replay

import (
	"context"
	"math"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/index"
	"heli/services/matcher/plan"
	"heli/services/matcher/rank"
)

// morning is a Wednesday, 08:00 UTC, which is 16:00 in Shanghai.
var morning = time.Date(2026, time.November, 25, 8, 0, 0, 0, time.UTC)

func after(d time.Duration) *time.Time { return new(morning.Add(d)) }

func world() *reference.Snapshot {
	return reference.NewSnapshot(contract.Reference{
		Regions: []contract.Region{{Code: "610100", Level: "city"}},
		Categories: []contract.Category{
			{Code: "labour"}, {Code: "labour.sorting", Parent: "labour"}, {Code: "psych", Sensitive: true},
			{Code: "food", Modes: []contract.Mode{contract.ModeDelivery}}, {Code: "goods"},
		},
	})
}

// want is a need for some hands that arrives in the morning.
func want(id string, quantity int64, change ...func(*Need)) Need {
	n := Need{Need: rank.Need{
		ID: contract.NeedLineID(id), RequestID: contract.RequestID("r" + id), Path: "root/xian/", Sharing: contract.SharingOwn,
		Category: "labour", Unit: "person", Remaining: &quantity, Urgency: contract.Routine, Since: morning,
		Mode: contract.ModeAny, Region: "610100",
	}}
	for _, f := range change {
		f(&n)
	}
	return n
}

// give is an offer of some hands that was there an hour before.
func give(id string, capacity int64, change ...func(*Offer)) Offer {
	o := Offer{From: morning.Add(-time.Hour), Zone: time.UTC, Offer: rank.Offer{
		ID: contract.OfferLineID(id), OfferID: contract.OfferID("f" + id), Path: "root/xian/", Sharing: contract.SharingOwn,
		Category: "labour", Unit: "person", Free: &capacity, Per: contract.PerTotal, Mode: contract.ModeAny, Region: "610100",
	}}
	for _, f := range change {
		f(&o)
	}
	return o
}

func policy(mode rank.Mode) rank.Policy {
	p := rank.Default()
	p.Mode = mode
	return p
}

// source prices pairs for the plans of tests.
type source struct {
	i      index.Index
	at     rank.Moment
	policy func(*rank.Need) rank.Policy
	needs  []rank.Need
	keys   map[contract.OfferLineID]plan.OfferKey
}

// Best implements plan.Source.
func (s source) Best(n plan.NeedKey, k int) []plan.Candidate {
	var found []plan.Candidate
	at := s.at
	at.Policy = s.policy(&s.needs[n])
	for _, c := range s.i.Top(s.needs[n], at, k) {
		found = append(found, plan.Candidate{Offer: s.keys[c.Line], Cost: int64(math.Round(1e6 * (1 - c.Score)))})
	}
	return found
}

// optimal plans what one unit measures: amounts that are not stated are one, the
// urgent cost more to leave. Lines come by id, so equal costs go by it too.
func optimal(ctx context.Context, i index.Index, at rank.Moment, policy func(*rank.Need) rank.Policy, needs []rank.Need, lines []rank.Offer) ([]contract.PlannedPair, error) {
	s := source{i, at, policy, needs, map[contract.OfferLineID]plan.OfferKey{}}
	var input plan.Input
	for n := range needs {
		price := int64(1e6 * (1 + 9*rank.Ask(&needs[n], at).Urgency()))
		input.Needs = append(input.Needs, plan.Need{Key: plan.NeedKey(n), Quantity: orOne(needs[n].Remaining), Price: price})
	}
	for n := range lines {
		s.keys[lines[n].ID] = plan.OfferKey(n)
		input.Offers = append(input.Offers, plan.Offer{Key: plan.OfferKey(n), Capacity: orOne(lines[n].Free)})
	}
	p, err := plan.New(input, s, plan.Options{Candidates: len(lines) + 1})
	if err != nil {
		return nil, err
	}
	if err := p.Solve(ctx); err != nil {
		return nil, err
	}
	var pairs []contract.PlannedPair
	for _, one := range p.Pairs() {
		pairs = append(pairs, contract.PlannedPair{
			NeedLineID: needs[one.Need].ID, OfferLineID: lines[one.Offer].ID, Quantity: one.Units,
		})
	}
	return pairs, nil
}

func tools() Tools { return Tools{Reference: world(), Index: index.NewScan(), Plan: optimal} }

// play runs a record until a fortnight later.
func play(t testing.TB, mode rank.Mode, needs []Need, offers []Offer, refused ...Pair) contract.ReplayResult {
	t.Helper()
	record := Record{Needs: needs, Offers: offers, Refused: map[Pair]bool{}, Until: morning.AddDate(0, 0, 14)}
	for _, p := range refused {
		record.Refused[p] = true
	}
	result, err := Run(t.Context(), record, Everywhere(policy(mode)), tools())
	if err != nil {
		t.Fatal(err)
	}
	return result
}
