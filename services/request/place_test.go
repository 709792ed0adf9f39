package request

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func keepPlace(r contract.SubmittedRequest, match contract.MatchID, text string) contract.KeepPlace {
	return contract.KeepPlace{ID: contract.NewID[contract.PlaceID](), RequestID: r.ID, MatchID: match, Text: text}
}

func (b *bench) places(t *testing.T, ids ...contract.PlaceID) map[contract.PlaceID]string {
	t.Helper()
	found, err := b.Places(asSystem(t), contract.AskPlaces{IDs: ids})
	must(t, err)
	return found.Texts
}

func TestPlacesAreSealedAndReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, match := b.opened(t), contract.NewID[contract.MatchID]()
	first := keepPlace(r, match, "演示路 1 号")
	for range 2 { // a repeat
		_, err := b.KeepPlace(asSystem(t), first)
		must(t, err)
	}
	if got := b.places(t, first.ID)[first.ID]; got != first.Text {
		t.Errorf("read back %q", got)
	}
	if n := b.count(t, `SELECT count(*) FROM request.places p WHERE p::text LIKE '%演示路%'`); n != 0 {
		t.Error("the place is stored in clear")
	}
	// A new one that is not in force yet leaves the one that is.
	second := keepPlace(r, match, "演示路 2 号")
	second.InForce = first.ID
	_, err := b.KeepPlace(asSystem(t), second)
	must(t, err)
	if got := b.places(t, first.ID, second.ID); len(got) != 2 {
		t.Errorf("%d places of the match", len(got))
	}
	third := keepPlace(r, match, "演示路 3 号")
	third.InForce = second.ID
	_, err = b.KeepPlace(asSystem(t), third)
	must(t, err)
	if got := b.places(t, first.ID, second.ID, third.ID); got[first.ID] != "" || len(got) != 2 {
		t.Errorf("after another there are %d", len(got))
	}
	_, err = b.KeepPlace(as(t, contract.RoleCoordinator, xian), keepPlace(r, match, "x"))
	wantFault(t, err, fault.NotFound, "not_found")
	_, err = b.Places(asRequester(t, r.ID), contract.AskPlaces{IDs: []contract.PlaceID{third.ID}})
	wantFault(t, err, fault.NotFound, "not_found")
}

// The same place of a match is known again, that of another match is not.
func TestAPlaceIsKnownAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, match := b.opened(t), contract.NewID[contract.MatchID]()
	digest := func(match contract.MatchID, text string) string {
		t.Helper()
		kept, err := b.KeepPlace(asSystem(t), keepPlace(r, match, text))
		must(t, err)
		return kept.Digest
	}
	first := digest(match, "演示路 1 号")
	if other := digest(match, "演示路 2 号"); first == "" || other == first || digest(match, "演示路 1 号") != first {
		t.Errorf("%q, then %q", first, other)
	}
	if digest(contract.NewID[contract.MatchID](), "演示路 1 号") == first {
		t.Error("two matches are at the same place")
	}
}

func TestErasureTakesPlacesAlong(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r := b.opened(t)
	place := keepPlace(r, contract.NewID[contract.MatchID](), "演示路 1 号")
	_, err := b.KeepPlace(asSystem(t), place)
	must(t, err)
	_, err = b.Erase(asRequester(t, r.ID), contract.Move{ID: string(r.ID)})
	must(t, err)
	if n := b.count(t, `SELECT count(*) FROM request.places`) + b.count(t, `SELECT count(*) FROM request.person_keys WHERE subject_id = '`+string(place.ID)+`'`); n != 0 {
		t.Error("a place or its key outlives the request")
	}
	_, err = b.KeepPlace(asSystem(t), place)
	wantFault(t, err, fault.Conflict, "")
}
