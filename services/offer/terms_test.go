package offer

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestTermsHoldForAllThatOneHelperOffers sets a limit on one offer and finds it in
// what the matcher is told of the other.
func TestTermsHoldForAllThatOneHelperOffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.available(t), b.available(t)
	stranger := b.available(t, func(d *contract.OfferDraft) { d.Contact.Phone = "+86 100 0000 9999" })
	night := []contract.Window{{Weekday: 6, From: "20:00", To: "24:00"}}
	q := contract.SetTerms{ID: first.ID, Version: b.see(t, first.ID).Version, Terms: contract.HelperTerms{Windows: night, WeeklyBudget: amount(2)}}
	moved, err := b.SetTerms(asOfferer(t, first.ID), q)
	must(t, err)
	if moved.State != "available" || moved.Version != q.Version+1 {
		t.Errorf("moved = %+v", moved)
	}
	for _, tt := range []struct {
		id      contract.OfferID
		budget  *int64
		windows int
	}{{first.ID, amount(2), 1}, {second.ID, amount(2), 0}, {stranger.ID, nil, 0}} {
		p := b.projected(t, tt.id)
		if (p.WeeklyBudget == nil) != (tt.budget == nil) || p.WeeklyBudget != nil && *p.WeeklyBudget != *tt.budget || len(p.Windows) != tt.windows {
			t.Errorf("%s: budget %v, windows %v", tt.id, p.WeeklyBudget, p.Windows)
		}
	}
	if facts := b.facts(t, second.ID); len(facts) == 0 || facts[len(facts)-1] != "available" {
		t.Errorf("facts of the other = %v", facts)
	}
	_, err = b.SetTerms(asOfferer(t, first.ID), q)
	wantFault(t, err, fault.Conflict, "stale_version")
	_, err = b.SetTerms(asOfferer(t, stranger.ID), q)
	wantFault(t, err, fault.NotFound, "not_found")
	_, err = b.SetTerms(as(t, contract.RoleCoordinator, hubei), q)
	wantFault(t, err, fault.NotFound, "not_found")
	nameless := b.offered(t, func(d *contract.OfferDraft) { d.Contact.Phone = "" })
	_, err = b.SetTerms(asOfferer(t, nameless.ID), contract.SetTerms{
		ID: nameless.ID, Version: nameless.Version, Terms: contract.HelperTerms{WeeklyBudget: amount(1)},
	})
	wantFault(t, err, fault.Conflict, "no_helper")
}

// TestRestAndHoursHoldForAllThatOneHelperOffers, and what makes no sense is refused.
func TestRestAndHoursHoldForAllThatOneHelperOffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.available(t), b.available(t)
	stranger := b.available(t, func(d *contract.OfferDraft) { d.Contact.Phone = "+86 100 0000 9999" })
	q := contract.SetTerms{ID: first.ID, Version: b.see(t, first.ID).Version, Terms: contract.HelperTerms{WeeklyBudget: amount(2), RestDays: 61}}
	_, err := b.SetTerms(asOfferer(t, first.ID), q)
	wantFault(t, err, fault.Invalid, "invalid")
	q.Terms.RestDays = 3
	moved, err := b.SetTerms(asOfferer(t, first.ID), q)
	must(t, err)
	if mine, theirs := b.projected(t, second.ID).RestDays, b.projected(t, stranger.ID).RestDays; mine != 3 || theirs != 0 {
		t.Errorf("the helper rests %d days, a stranger %d", mine, theirs)
	}
	for _, wrong := range []contract.HelperTerms{{WeeklyHours: amount(-1)}, {WeeklyHours: amount(169)}, {RestDays: 1, HeavyHours: 25}, {HeavyHours: -1}} {
		_, err = b.SetTerms(asOfferer(t, first.ID), contract.SetTerms{ID: first.ID, Version: moved.Version, Terms: wrong})
		wantFault(t, err, fault.Invalid, "invalid")
	}
	q.Version, q.Terms.WeeklyHours, q.Terms.HeavyHours = moved.Version, amount(5), 2
	moved, err = b.SetTerms(asOfferer(t, first.ID), q)
	must(t, err)
	if p := b.projected(t, second.ID); p.WeeklyHours == nil || *p.WeeklyHours != 5 || p.HeavyHours != 2 {
		t.Errorf("hours %v, heavy from %d", p.WeeklyHours, p.HeavyHours)
	}
	q.Version, q.Terms.WeeklyBudget = moved.Version, amount(-1)
	_, err = b.SetTerms(asOfferer(t, first.ID), q)
	wantFault(t, err, fault.Invalid, "invalid")
	q.Terms = contract.HelperTerms{}
	_, err = b.SetTerms(asOfferer(t, first.ID), q)
	must(t, err)
	if p := b.projected(t, second.ID); p.WeeklyBudget != nil {
		t.Errorf("the limit stays: %v", *p.WeeklyBudget)
	}
}
