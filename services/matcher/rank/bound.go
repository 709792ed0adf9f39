package rank

import "time"

// The factors by their place in the order in which they are added up.
const (
	FactorUrgency = iota
	FactorCloseness
	FactorSkill
	FactorLanguage
	FactorText
	FactorTime
	FactorHelperLoad
	FactorOrganisationLoad
	FactorResponse
	FactorContinuity
	factorCount
)

// Values are values of all factors, in that order.
type Values [factorCount]float64

// Ceiling bounds scores from above without a pair at hand, for a search that
// wants to leave out whole groups of offers.
type Ceiling struct{ shares Values }

// NewCeiling returns the ceiling under a policy's weights.
func NewCeiling(w Weights) Ceiling {
	var c Ceiling
	total := 0.0
	for i := range softFactors {
		if weight := softFactors[i].weight(w); weight > 0 {
			c.shares[i] = weight
			total += weight
		}
	}
	for i := range c.shares {
		if total > 0 {
			c.shares[i] /= total
		}
	}
	return c
}

// rounding is more than additions in another order can differ.
const rounding = 1e-9

// Share returns the part that a factor has in every score.
func (c *Ceiling) Share(factor int) float64 { return c.shares[factor] }

// Of returns what no score passes whose factors do not pass the values.
func (c *Ceiling) Of(v *Values) float64 {
	sum := rounding
	for i := range v {
		sum += c.shares[i] * v[i]
	}
	return sum
}

// HalfCeiling returns the greatest distance at which closeness may have fallen
// to one half, for offers that could serve by some of the ways.
func (q *Question) HalfCeiling(ways Ways) float64 {
	half := 0.0
	if ways&Delivery != 0 {
		half = q.half(Delivery)
	}
	if ways&Onsite != 0 {
		half = max(half, q.half(Onsite))
	}
	return half
}

// UnknownPlace is the value of closeness where nothing is known.
const UnknownPlace = unknownPlace

// LeastAboutM is the least distance that is assumed where a side has no point.
const LeastAboutM = countyM

// TimeCeiling bounds the time factor for a pair that has so many hours of the
// week in common, each in part at least.
func (q *Question) TimeCeiling(hours int) float64 {
	if q.week.to > week {
		hours++ // the week in which a clock is turned back holds one hour twice
	}
	return min(1, float64(time.Duration(hours)*time.Hour)/float64(enoughTime))
}

// Urgency returns the value of the urgency factor, the same for every offer.
func (q *Question) Urgency() float64 { return q.urgency }

// Credential reports whether the need's category asks for one.
func (q *Question) Credential() bool { return q.credential }

// Acting returns the path of the organisation that pairs.
func (q *Question) Acting() string { return q.acting }
