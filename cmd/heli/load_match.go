package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"heli/cmd/heli/demo"
	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// loadMatches has help come to some requests of the scenario, one as far as the
// other is not. A repeat goes on where it was broken off.
func loadMatches(ctx context.Context, b *bus.Bus, all []demo.Match) error {
	ctx, err := platform.AsAdministrator(ctx, b, "root")
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(demoConcurrency)
	for _, m := range all {
		group.Go(func() error { return loadMatch(ctx, b, m) })
	}
	return group.Wait()
}

func loadMatch(ctx context.Context, b *bus.Bus, m demo.Match) error {
	made, err := proposeBest(ctx, b, m)
	if err != nil || !made {
		return err
	}
	for _, move := range m.Moves {
		_, err := patiently(ctx, b, contract.MatcherMove, move)
		if fault.Is(err, fault.Conflict) {
			return nil // the demo was in use, or its hold has ended, before a repeat
		}
		if err != nil {
			return fmt.Errorf("%s match %s: %w", move.Move, m.Code, err)
		}
	}
	return nil
}

// proposeBest proposes the best offer that others have left something of; false where
// none fits.
func proposeBest(ctx context.Context, b *bus.Bus, m demo.Match) (bool, error) {
	_, err := patiently(ctx, b, contract.MatcherGet, contract.GetByID{ID: string(m.ID)})
	if !fault.Is(err, fault.NotFound) {
		return err == nil, err
	}
	found, err := patiently(ctx, b, contract.MatcherSuggest, contract.Suggest{RequestID: m.RequestID, MinVersion: 1})
	if fault.Is(err, fault.Conflict) {
		return false, nil // nothing is wanted any more
	}
	if err != nil {
		return false, fmt.Errorf("find help for request %s: %w", m.RequestID, err)
	}
	for _, s := range found.Items {
		q := contract.Propose{ID: m.ID, Code: m.Code, NeedLineID: s.NeedLineID, OfferLineID: s.OfferLineID}
		_, err := patiently(ctx, b, contract.MatcherPropose, q)
		if !fault.Is(err, fault.Conflict) {
			return err == nil, err
		}
	}
	return false, nil
}
