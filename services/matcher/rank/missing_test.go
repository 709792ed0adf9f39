package rank_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// short is a shortage without its arguments.
type short struct {
	Rule  string
	Count int
	Key   string
}

func shortages(n rank.Need, offers ...rank.Offer) []short {
	var got []short
	for _, s := range rank.Ask(&n, moment()).Missing(pointers(offers)) {
		got = append(got, short{s.Rule(), s.Count, s.Key})
	}
	return got
}

func pointers(offers []rank.Offer) func(func(*rank.Offer) bool) {
	return func(yield func(*rank.Offer) bool) {
		for i := range offers {
			if !yield(&offers[i]) {
				return
			}
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	n, fits := labour()
	n.Languages = []string{"yue"}
	mandarin := fits
	mandarin.Languages = []string{"zh"}
	full := fits
	full.Free = amount(0)
	both := mandarin
	both.Free = amount(0)
	hidden := mandarin
	hidden.Sharing = contract.SharingOwn
	meals := mandarin
	meals.Category = "food"

	for name, tc := range map[string]struct {
		offers []rank.Offer
		want   []short
	}{
		"none of the category": {[]rank.Offer{meals, meals}, []short{{"category", 0, "missing.category"}}},
		"no offer":             {nil, []short{{"category", 0, "missing.category"}}},
		"others may not see":   {[]rank.Offer{hidden}, []short{{"category", 0, "missing.category"}}},
		"all fit":              {[]rank.Offer{fits}, nil},
		"three but the tongue": {
			[]rank.Offer{mandarin, full, mandarin, both, meals, mandarin},
			[]short{{"language", 3, "missing.language"}, {"capacity", 1, "missing.capacity"}},
		},
		"equal counts by rule": {[]rank.Offer{full, mandarin}, []short{{"language", 1, "missing.language"}, {"capacity", 1, "missing.capacity"}}},
		"none by one rule":     {[]rank.Offer{both, both}, []short{{"language+capacity", 2, "missing.several"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tc.want, shortages(n, tc.offers...)); d != "" {
				t.Error(d)
			}
			slices.Reverse(tc.offers)
			if d := cmp.Diff(tc.want, shortages(n, tc.offers...)); d != "" {
				t.Errorf("in another order:\n%s", d)
			}
		})
	}
}

func TestNothingIsMissingWhereNothingRemains(t *testing.T) {
	t.Parallel()
	n, o := labour()
	n.Remaining, o.Available = amount(0), false
	if got := shortages(n, o); got != nil {
		t.Errorf("got %v", got)
	}
}

// TestMissingNamesWhatWasAsked: a sentence about many offers speaks of the need.
func TestMissingNamesWhatWasAsked(t *testing.T) {
	t.Parallel()
	n, o := labour()
	n.Languages, o.Languages = []string{"yue"}, []string{"zh"}
	s := rank.Ask(&n, moment()).Missing(pointers([]rank.Offer{o, o, o}))[0]
	if d := cmp.Diff([]string{"yue"}, s.Args["languages"]); d != "" || s.Args["count"] != 3 || s.Args["region"] != "610102" {
		t.Errorf("args %v\n%s", s.Args, d)
	}
}
