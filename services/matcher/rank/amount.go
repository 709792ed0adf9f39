package rank

import (
	"math"
	"math/bits"
)

// ratio says how many of the need's unit one of the offer's unit holds.
type ratio struct{ num, den int64 }

// ratio returns the conversion from the offer's unit to the need's, and false
// when there is none. A unit that one side does not state fits every other. The
// catalogue converts for one item, so two different items never convert.
func (q *Question) ratio(o *Offer) (ratio, bool) {
	if q.need.Unit == o.Unit || q.need.Unit == "" || o.Unit == "" {
		return ratio{1, 1}, true
	}
	item := o.Item
	if item == "" {
		item = q.need.Item
	}
	if q.need.Item != "" && q.need.Item != item {
		return ratio{}, false
	}
	num, den, ok := q.at.Reference.Convert(item, o.Unit, q.need.Unit)
	return ratio{num, den}, ok && num > 0 && den > 0
}

func breaksUnit(q *Question, o *Offer) bool {
	_, ok := q.ratio(o)
	return !ok
}

func unitArgs(q *Question, o *Offer) map[string]any {
	return map[string]any{"unit": q.need.Unit, "offer_unit": o.Unit}
}

// breaksCapacity: a stated capacity must hold at least one of the need's unit.
func breaksCapacity(q *Question, o *Offer) bool {
	if o.Free == nil {
		return false
	}
	if r, ok := q.ratio(o); ok {
		return r.times(*o.Free) < 1
	}
	return *o.Free < 1
}

// Quantity returns the amount to suggest, in the need's unit: what is missing
// as far as the offer can give it and its helper's week has room; 1 when neither side states an amount.
func (q *Question) Quantity(o *Offer) int64 {
	free := int64(math.MaxInt64)
	if r, ok := q.ratio(o); ok && o.Free != nil {
		free = r.times(*o.Free)
	}
	missing := int64(math.MaxInt64)
	if q.need.Remaining != nil {
		missing = *q.need.Remaining
	}
	n := min(free, missing)
	if n == math.MaxInt64 {
		n = 1
	}
	if hours, limited := q.room(o); limited {
		n = min(n, hours)
	}
	return max(n, 0)
}

// Reserve returns how much of the offer's unit a quantity in the need's unit
// takes, rounded up: 30 masks take one box of 50. False when the units do not
// convert.
func (q *Question) Reserve(o *Offer, quantity int64) (int64, bool) {
	r, ok := q.ratio(o)
	if !ok {
		return 0, false
	}
	taken := ratio{r.den, r.num}.times(quantity)
	if r.times(taken) < quantity {
		taken++
	}
	return taken, true
}

// times returns n converted, rounded down, at most the largest int64.
func (r ratio) times(n int64) int64 {
	if n <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(n), uint64(r.num))
	if high >= uint64(r.den) {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(high, low, uint64(r.den))
	return int64(min(quotient, math.MaxInt64))
}
