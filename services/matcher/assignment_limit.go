package matcher

import (
	"cmp"
	"math"
	"slices"

	"heli/pkg/contract"
	"heli/services/matcher/plan"
	"heli/services/matcher/rank"
)

// allowance is what a helper's week has room for.
type allowance struct{ asks, minutes int64 }

// allowanceOf returns that of the helper of a line, and false where they set no
// limit.
func allowanceOf(o *rank.Offer) (allowance, bool) {
	l := o.Load
	if o.Helper == "" || l.Budget == nil && l.MostMinutes == nil {
		return allowance{}, false
	}
	left := allowance{math.MaxInt64, math.MaxInt64}
	if l.Budget != nil {
		left.asks = *l.Budget - l.Used
	}
	if l.MostMinutes != nil {
		left.minutes = *l.MostMinutes - l.Minutes
	}
	return left, true
}

// capacityOf returns what a line has left, and no more hours than its helper's week.
func capacityOf(o *rank.Offer) int64 {
	free := orOne(o.Free)
	if left, limited := allowanceOf(o); limited && rank.Timed(o.Unit) {
		free = min(free, max(left.minutes, 0)/rank.UsualMinutes)
	}
	return free
}

// take takes one more pair of so many minutes, if there is room for it.
func (a *allowance) take(minutes int64) bool {
	if a.asks < 1 || a.minutes < minutes {
		return false
	}
	a.asks, a.minutes = a.asks-1, a.minutes-minutes
	return true
}

// spare leaves each helper to whom a plan gives more than their week has room for
// with the pairs that most would be lost without, and returns the others. No flow
// can express it: what is asked of a helper is counted by pairs, over all of their
// lines.
func (a *assignment) spare(pairs []plan.Pair) []plan.Pair {
	byHelper := map[contract.HelperID][]plan.Pair{}
	for _, p := range pairs {
		if _, limited := allowanceOf(&a.lines[p.Offer]); limited {
			helper := a.lines[p.Offer].Helper
			byHelper[helper] = append(byHelper[helper], p)
		}
	}
	var spared []plan.Pair
	for helper, all := range byHelper {
		kept, over := a.within(all)
		if len(over) == 0 {
			continue
		}
		a.busy[helper] = map[contract.PairRef]bool{}
		for _, p := range kept {
			a.busy[helper][a.ref(p)] = true
		}
		spared = append(spared, over...)
	}
	return spared
}

// within parts the pairs of one helper into those that their week has room for, the
// most worth first, and the others.
func (a *assignment) within(all []plan.Pair) (kept, over []plan.Pair) {
	slices.SortFunc(all, func(x, y plan.Pair) int {
		return cmp.Or(cmp.Compare(a.worth(y), a.worth(x)), cmp.Compare(x.Need, y.Need), cmp.Compare(x.Offer, y.Offer))
	})
	left, _ := allowanceOf(&a.lines[all[0].Offer])
	for _, p := range all {
		need := &a.needs[p.Need]
		if left.take(rank.Minutes(need.Unit, p.Units/scale(a.moment.Reference, need.Item, need.Unit))) {
			kept = append(kept, p)
		} else {
			over = append(over, p)
		}
	}
	return kept, over
}

func (a *assignment) ref(p plan.Pair) contract.PairRef {
	return contract.PairRef{NeedLineID: a.needs[p.Need].ID, OfferLineID: a.lines[p.Offer].ID}
}
