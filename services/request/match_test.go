package request

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// hear applies a fact without the inbox's promise of once: the effect has to
// bear repetition by itself.
func (b *bench) hear(t *testing.T, e contract.Event) {
	t.Helper()
	must(t, b.HearMatches(t.Context(), []contract.Event{e}, testkit.Once(t, b.db, e)))
}

func matchFact(r contract.SubmittedRequest, line int, match contract.MatchID, version int64, state string, quantity int64) contract.Event {
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingMatch,
		State: state, AggregateID: string(match), Version: version, Organisation: "xian",
		Data: contract.EventData{RequestID: r.ID, MatchID: match, NeedLineID: r.NeedLines[line].ID, Quantity: &quantity, OfferOrganisation: "hubei"},
	}
}

func TestMatchesMoveTheState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	match := contract.NewID[contract.MatchID]()
	for i, step := range []struct{ state, want string }{
		{"proposed", "open"}, {"accepted", "matched"}, {"contact_released", "matched"}, {"in_progress", "in_progress"},
		{"disputed", "disputed"}, {"reported_done", "reported_fulfilled"}, {"confirmed", "confirmed"},
	} {
		b.hear(t, matchFact(r, 0, match, int64(i+1), step.state, 10))
		got, err := b.Get(asSystem(t), contract.GetByID{ID: string(r.ID)})
		must(t, err)
		if got.State != step.want {
			t.Errorf("%s shows %s, want %s", step.state, got.State, step.want)
		}
	}
	want := []string{"submitted", "triaged", "triaged", "open", "matched", "in_progress", "disputed", "reported_fulfilled", "confirmed"}
	if got := b.facts(t, r.ID); !slices.Equal(got, want) {
		t.Errorf("said %v, want %v", got, want)
	}
	got, err := b.Get(asSystem(t), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if got.Stage != "closed" || got.ClosedReason != "confirmed" || got.History[len(got.History)-1].Role != contract.RoleSystem {
		t.Errorf("completed as %s, %s", got.Stage, got.ClosedReason)
	}
}

// TestShuffledFacts hears the same facts three times each in many orders: the
// totals never differ from those in order.
func TestShuffledFacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lines := func(d *contract.RequestDraft) {
		d.NeedLines = []contract.NeedLine{
			{Category: "ppe", Quantity: amount(10), Unit: "piece"}, {Category: "psych", Unit: "session"},
		}
	}
	var want []contract.NeedLineView
	for round := range 12 {
		r := b.opened(t, lines)
		facts := story(r)
		if round > 0 {
			facts = slices.Concat(facts, facts, facts)
			random := rand.New(rand.NewPCG(uint64(round), 1))
			random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		}
		for _, e := range facts {
			b.hear(t, e)
		}
		got, err := b.Get(asSystem(t), contract.GetByID{ID: string(r.ID)})
		must(t, err)
		for i := range got.NeedLines {
			got.NeedLines[i].ID = ""
		}
		if round == 0 {
			want = got.NeedLines
		}
		if diff := cmp.Diff(want, got.NeedLines); diff != "" || got.State != string(PartiallyMatched) {
			t.Errorf("round %d is %s: %s", round, got.State, diff)
		}
	}
	if want[0].Matched != 7 || want[0].Reported != 3 || want[0].Proposed != 0 || want[1].Proposed != 1 {
		t.Errorf("in order: %+v", want)
	}
}

// story tells of four matches: one that fulfils 3 of 4, one that is accepted,
// one that is cancelled, one proposal without an amount.
func story(r contract.SubmittedRequest) []contract.Event {
	a, b, c, d := contract.NewID[contract.MatchID](), contract.NewID[contract.MatchID](), contract.NewID[contract.MatchID](), contract.NewID[contract.MatchID]()
	facts := []contract.Event{
		matchFact(r, 0, a, 1, "proposed", 4), matchFact(r, 0, b, 1, "proposed", 4), matchFact(r, 0, a, 2, "accepted", 4),
		matchFact(r, 0, c, 1, "proposed", 2), matchFact(r, 0, b, 2, "accepted", 4), matchFact(r, 0, a, 3, "in_progress", 4),
		matchFact(r, 0, c, 2, "accepted", 2), matchFact(r, 0, a, 4, "reported_done", 4), matchFact(r, 0, c, 3, "cancelled", 2),
		matchFact(r, 1, d, 1, "proposed", 1),
	}
	facts[7].Data.Fulfilled = amount(3)
	facts[9].Data.Quantity = nil
	return facts
}

func TestForeignFacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	unknown := r
	unknown.ID = contract.NewID[contract.RequestID]()
	b.hear(t, matchFact(unknown, 0, contract.NewID[contract.MatchID](), 1, "accepted", 10))
	line := matchFact(r, 0, contract.NewID[contract.MatchID](), 1, "accepted", 10)
	line.Data.NeedLineID = contract.NewID[contract.NeedLineID]()
	b.hear(t, line)
	if n := b.count(t, `SELECT count(*) FROM request.line_matches`); n != 0 {
		t.Errorf("%d matches kept, want none", n)
	}
	poison := matchFact(r, 0, "no id", 1, "accepted", 10)
	err := b.HearMatches(t.Context(), []contract.Event{poison}, testkit.Once(t, b.db, poison))
	wantFault(t, err, fault.Invalid, "")
}

func TestMatchedIsNotCorrectable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	b.hear(t, matchFact(r, 0, contract.NewID[contract.MatchID](), 1, "accepted", 1))
	title := "other"
	_, err := b.Correct(asRequester(t, r.ID), contract.CorrectRequest{ID: r.ID, Version: r.Version + 1, Title: &title})
	wantFault(t, err, fault.Conflict, "not_correctable")
}
