package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

func oneOf[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func drawTime(t *rapid.T, label string) time.Time {
	return morning.Add(time.Duration(rapid.IntRange(-60, 60*24*9).Draw(t, label)) * time.Minute)
}

func drawAmount(t *rapid.T, label string) *int64 {
	if oneOf(t, label+" stated", true, true, true, false) {
		return new(rapid.Int64Range(1, 5).Draw(t, label))
	}
	return nil
}

var budgets = map[contract.HelperID]*int64{"ada": new(int64(1)), "bo": new(int64(2))}

var hours = map[contract.HelperID]*int64{"bo": new(int64(60))}

// drawNeeds draws from small sets, so that rules break and needs compete.
func drawNeeds(t *rapid.T) []Need {
	var needs []Need
	for i := range rapid.IntRange(0, 12).Draw(t, "needs") {
		n := want(fmt.Sprint(i), 1, func(n *Need) {
			n.Since, n.Remaining = drawTime(t, "since"), drawAmount(t, "quantity")
			n.RequestID = oneOf[contract.RequestID](t, "request", "r", "s", n.RequestID)
			n.Category = oneOf(t, "category", "labour", "labour.sorting", "food", "psych")
			n.Urgency = oneOf(t, "urgency", contract.Urgencies()...)
		})
		if oneOf(t, "leaves", false, false, true) {
			n.Until = new(n.Since.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "until")) * time.Minute))
		}
		needs = append(needs, n)
	}
	return needs
}

func drawOffers(t *rapid.T) []Offer {
	var offers []Offer
	for i := range rapid.IntRange(0, 8).Draw(t, "offers") {
		o := give(fmt.Sprint(i), 1, func(o *Offer) {
			o.From, o.Free, o.Per = drawTime(t, "from"), drawAmount(t, "capacity"), oneOf(t, "per", contract.PerTotal, contract.PerDay, contract.PerWeek)
			o.OfferID = oneOf[contract.OfferID](t, "offer", "f", "g", o.OfferID)
			o.Category, o.Path = oneOf(t, "category", "labour", "food", "psych"), oneOf(t, "path", "root/xian/", "root/xian/a/")
			o.Helper = oneOf[contract.HelperID](t, "helper", "", "ada", "bo")
			o.Load.Budget, o.Load.MostMinutes = budgets[o.Helper], hours[o.Helper]
		})
		if oneOf(t, "ends", false, false, true) {
			o.Until = new(o.From.Add(time.Duration(rapid.IntRange(0, 9000).Draw(t, "until")) * time.Minute))
		}
		if o.Per == contract.PerDay && oneOf(t, "taken", false, true) {
			o.Taken = map[time.Time]int64{rank.PeriodStart(o.Per, drawTime(t, "taken at"), time.UTC): 1}
		}
		offers = append(offers, o)
	}
	return offers
}

// drawPolicies draws a mode for each category.
func drawPolicies(t *rapid.T) Policies {
	modes := map[string]rank.Mode{}
	for _, category := range []string{"labour", "labour.sorting", "food", "psych"} {
		modes[category] = oneOf(t, "mode of "+category, rank.Manual, rank.Assisted, rank.Wave, rank.Automatic)
	}
	return Policies{Installation: policy(rank.Manual), Of: func(n *rank.Need) rank.Policy { return policy(modes[n.Category]) }}
}

// broken returns what of a run must not be so.
func (r *run) broken() error {
	for _, n := range r.needs {
		if n.got > n.wanted || n.got < 0 || n.open && n.got == n.wanted || n.Remaining != nil && *n.Remaining != n.wanted-n.got {
			return fmt.Errorf("need %s got %d of %d, open: %t", n.ID, n.got, n.wanted, n.open)
		}
	}
	for _, l := range r.lines {
		if l.Free != nil && l.reserved > 0 && l.reserved+l.Taken[l.period] > *l.Free {
			return fmt.Errorf("line %s gives %d of %d", l.ID, l.reserved, *l.Free)
		}
		if held, there := r.tools.Index.Offer(l.ID); there != l.on || there && l.Free != nil && *held.Free != *l.shown.Free {
			return fmt.Errorf("line %s is on: %t, in the index: %t", l.ID, l.on, there)
		}
		if b := l.Load.Budget; b != nil && r.asked[l.Helper] > *b {
			return fmt.Errorf("helper %s is asked %d times", l.Helper, r.asked[l.Helper])
		}
		if most := l.Load.MostMinutes; most != nil && l.Helper != "" && r.minutes[l.Helper] > *most {
			return fmt.Errorf("helper %s helps for %d minutes of %d", l.Helper, r.minutes[l.Helper], *most)
		}
	}
	return nil
}

func TestRunNeverGivesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		record := Record{Needs: drawNeeds(t), Offers: drawOffers(t), Refused: map[Pair]bool{{"r", "f"}: true}, Until: morning.AddDate(0, 0, 10)}
		p := drawPolicies(t)
		r := newRun(record, p, tools())
		for e, ok := r.queue.next(); ok && !e.at.After(record.Until); e, ok = r.queue.next() {
			if e.at.Before(r.now) {
				t.Fatalf("%v comes after %v", e, r.now)
			}
			r.now = e.at
			if err := r.take(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			if err := r.broken(); err != nil {
				t.Fatalf("after %+v: %v", e, err)
			}
		}
		if r.met[Pair{"r", "f"}] {
			t.Fatal("a declined pair was made")
		}
		first := encoded(t, r.result())
		slices.Reverse(record.Needs)
		slices.Reverse(record.Offers)
		again, err := Run(t.Context(), record, p, tools())
		if err != nil {
			t.Fatal(err)
		}
		if second := encoded(t, again); !bytes.Equal(first, second) {
			t.Fatalf("played to\n%s\nthen to\n%s", first, second)
		}
	})
}

func encoded(t *rapid.T, result contract.ReplayResult) []byte {
	data, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
