package offer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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

// matchFact tells of a match of the request with a line of the offer.
func matchFact(o contract.SubmittedOffer, line int, match contract.MatchID, version int64, state string, quantity int64) contract.Event {
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingMatch,
		State: state, AggregateID: string(match), Version: version, Organisation: "xian",
		Time: time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC),
		Data: contract.EventData{
			RequestID: "00000000-0000-7000-8000-000000000001", OfferID: o.ID, MatchID: match,
			OfferLineID: o.OfferLines[line].ID, Quantity: &quantity,
		},
	}
}

func newMatch() contract.MatchID { return contract.NewID[contract.MatchID]() }

func TestMatchesExhaustAndFree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t)
	match := newMatch()
	for i, step := range []struct {
		state          string
		reserved, used int64
		want           string
	}{
		{"proposed", 10, 0, "exhausted"}, {"accepted", 10, 0, "exhausted"}, {"in_progress", 10, 0, "exhausted"},
		{"reported_done", 6, 6, "available"}, {"disputed", 6, 0, "available"}, {"confirmed", 6, 6, "available"},
		{"cancelled", 0, 0, "available"},
	} {
		e := matchFact(o, 0, match, int64(i+1), step.state, 10)
		if i > 2 {
			e.Data.Fulfilled = amount(6)
		}
		b.hear(t, e)
		got := b.see(t, o.ID)
		if line := got.OfferLines[0]; got.State != step.want || line.Reserved != step.reserved || line.Used != step.used {
			t.Errorf("%s shows %s with %d reserved, %d used", step.state, got.State, line.Reserved, line.Used)
		}
	}
	want := []string{"submitted", "vetting", "vetting", "available", "exhausted", "available"}
	if got := b.facts(t, o.ID); !slices.Equal(got, want) {
		t.Errorf("said %v, want %v", got, want)
	}
	p := b.projected(t, o.ID)
	if !p.Available {
		t.Error("the matcher alone decides what is left: an exhausted offer stays available to it")
	}
}

func TestExhaustedOfferThatGrowsIsAvailableAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t)
	b.hear(t, matchFact(o, 0, newMatch(), 1, "accepted", 10))
	shown := b.see(t, o.ID)
	for _, step := range []struct {
		capacity *int64
		want     string
	}{{amount(11), "available"}, {amount(8), "exhausted"}, {nil, "available"}} {
		moved, err := b.Correct(asOfferer(t, o.ID), contract.CorrectOffer{
			ID: o.ID, Version: shown.Version, Capacities: map[contract.OfferLineID]*int64{o.OfferLines[0].ID: step.capacity},
		})
		must(t, err)
		if shown = b.see(t, o.ID); moved.State != step.want || shown.OfferLines[0].Reserved != 10 {
			t.Errorf("corrected to %v it is %s with %d reserved", step.capacity, moved.State, shown.OfferLines[0].Reserved)
		}
	}
}

// TestShuffledFacts hears the same facts three times each in many orders: the
// totals never differ from those in order.
func TestShuffledFacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lines := func(d *contract.OfferDraft) {
		d.OfferLines = append(d.OfferLines, contract.OfferLine{Category: "psych", Capacity: contract.Capacity{Unit: "session", Per: "week"}})
	}
	var want []contract.OfferLineView
	for round := range 20 {
		o := b.available(t, lines)
		facts := story(o)
		if round > 0 {
			facts = slices.Concat(facts, facts, facts)
			random := rand.New(rand.NewPCG(uint64(round), 1))
			random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		}
		for _, e := range facts {
			b.hear(t, e)
		}
		got := b.see(t, o.ID)
		for i := range got.OfferLines {
			got.OfferLines[i].ID = ""
		}
		if round == 0 {
			want = got.OfferLines
		}
		if diff := cmp.Diff(want, got.OfferLines); diff != "" || got.State != string(Available) {
			t.Errorf("round %d is %s: %s", round, got.State, diff)
		}
		versions := b.facts(t, o.ID)
		if last := versions[len(versions)-1]; last != got.State {
			t.Errorf("round %d ends %s, but said %s last", round, got.State, last)
		}
	}
	if want[0].Reserved != 7 || want[0].Used != 3 || want[1].Reserved != 1 {
		t.Errorf("in order: %+v", want)
	}
}

// story tells of four matches: one that fulfils 3 of 4, one that is accepted,
// one that is cancelled, one proposal without an amount.
func story(o contract.SubmittedOffer) []contract.Event {
	a, b, c, d := newMatch(), newMatch(), newMatch(), newMatch()
	facts := []contract.Event{
		matchFact(o, 0, a, 1, "proposed", 4), matchFact(o, 0, b, 1, "proposed", 4), matchFact(o, 0, a, 2, "accepted", 4),
		matchFact(o, 0, c, 1, "proposed", 2), matchFact(o, 0, b, 2, "accepted", 4), matchFact(o, 0, a, 3, "in_progress", 4),
		matchFact(o, 0, c, 2, "accepted", 2), matchFact(o, 0, a, 4, "reported_done", 4), matchFact(o, 0, c, 3, "cancelled", 2),
		matchFact(o, 1, d, 1, "proposed", 1),
	}
	facts[7].Data.Fulfilled = amount(3)
	facts[9].Data.Quantity = nil
	return facts
}

func TestAnotherUnitCountsInTheLines(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t)
	e := matchFact(o, 0, newMatch(), 1, "reported_done", 300)
	e.Data.Held, e.Data.Fulfilled = amount(6), amount(300) // 300 pieces are 6 boxes
	b.hear(t, e)
	if line := b.see(t, o.ID).OfferLines[0]; line.Reserved != 6 || line.Used != 6 {
		t.Errorf("%d reserved, %d used", line.Reserved, line.Used)
	}
}

func TestReservedIsThatOfTheCurrentPeriod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t, func(d *contract.OfferDraft) { d.OfferLines[0].Capacity.Per = contract.PerDay })
	now := b.clock.Now() // 09:00 in China
	for _, at := range []time.Time{now, now.Add(14 * time.Hour), now.Add(15 * time.Hour), now.Add(-10 * time.Hour)} {
		e := matchFact(o, 0, newMatch(), 1, "confirmed", 3)
		e.Data.At = &at
		b.hear(t, e)
	}
	for _, want := range []int64{6, 3, 0} {
		got := b.see(t, o.ID)
		if line := got.OfferLines[0]; line.Reserved != want || line.Used != 12 || got.State != "available" {
			t.Errorf("%s: %d reserved of 10, %d used", b.clock.Now(), line.Reserved, line.Used)
		}
		b.clock.Advance(24 * time.Hour)
	}
}

func TestForeignFacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t)
	unknown := o
	unknown.ID = contract.NewID[contract.OfferID]()
	b.hear(t, matchFact(unknown, 0, newMatch(), 1, "accepted", 10))
	line := matchFact(o, 0, newMatch(), 1, "accepted", 10)
	line.Data.OfferLineID = contract.NewID[contract.OfferLineID]()
	b.hear(t, line)
	if n := b.count(t, `SELECT count(*) FROM offer.line_matches`); n != 0 {
		t.Errorf("%d matches kept, want none", n)
	}
	poison := matchFact(o, 0, "no id", 1, "accepted", 10)
	err := b.HearMatches(t.Context(), []contract.Event{poison}, testkit.Once(t, b.db, poison))
	wantFault(t, err, fault.Invalid, "")
}

func TestProjectionHoldsNoText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.available(t)
	p := b.projected(t, o.ID)
	if *p.Point != (contract.Point{Lat: 34.346, Lon: 108.935}) || p.HelperKey == "" || p.HelperID == "" {
		t.Errorf("projected at %v as %q", p.Point, p.HelperKey)
	}
	if p.Credentials[0].Number != "" || p.Credentials[0].Kind != "psych" || len(p.Words) == 0 {
		t.Errorf("projected %+v with %d words", p.Credentials, len(p.Words))
	}
	unverified := b.projected(t, b.offered(t).ID)
	if unverified.HelperKey != "" || unverified.Available {
		t.Errorf("an unverified phone gives the key %q", unverified.HelperKey)
	}
	b.move(t, o.ID, "block")
	ended := b.projected(t, o.ID)
	if ended.Available || ended.Point != nil || ended.HelperKey != "" || ended.Words != nil || ended.Lines[0].Words != nil {
		t.Errorf("after its end it is projected as %+v", ended)
	}
}
