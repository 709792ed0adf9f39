package main

import (
	"slices"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/lifecycle"
	"heli/services/matcher"
	"heli/services/offer"
	"heli/services/request"
	"heli/services/web/api"
)

// notOfTheTables are routes that change something beside the life cycle: who
// is responsible, that somebody was called back, and that a record is erased,
// which its services allow in every state.
var notOfTheTables = map[contract.Thing][]string{
	contract.ThingRequest: {"claim", "erase", "unclaim", "verify_phone"},
	contract.ThingOffer:   {"erase", "verify_phone"},
}

// Only this module may import all services, so only here can the routes of one
// be compared with the tables of the others.
func TestEveryMoveHasARoute(t *testing.T) {
	t.Parallel()
	for thing, want := range map[contract.Thing][]string{
		contract.ThingRequest: commanded(request.Moves),
		contract.ThingOffer:   commanded(offer.Moves),
		contract.ThingMatch:   commanded(matcher.Moves),
		contract.ThingAsk:     commanded(matcher.AskMoves),
	} {
		want = slices.Sorted(slices.Values(append(want, notOfTheTables[thing]...)))
		got := slices.Sorted(slices.Values(api.Moves(thing)))
		if !slices.Equal(got, want) {
			t.Errorf("%s has routes for %v, its life cycle for %v", thing, got, want)
		}
	}
}

// commanded returns the moves of a table that somebody may make; those of the
// system alone have no route.
func commanded[S ~string](table lifecycle.Table[S]) []string {
	var names []string
	for _, m := range table {
		bySystem := slices.Equal(m.Who, []contract.Role{contract.RoleSystem})
		if !bySystem && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}
