// Package rank decides which offer lines fit a need line and how well: the
// hard rules that no match may break, the soft factors that order what is
// left, the policy that weighs them, and the reasons for all of it as
// catalogue keys with arguments, never as text.
//
// It is pure. It does no I/O, reads no clock (the moment is given) and keeps
// nothing between calls; the same input gives the same answer to the last bit.
// It never reserves anything: a verdict is advice until the matcher has
// guarded it in the database.
package rank

import (
	"time"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

// Moment is everything around a pair that a verdict depends on.
type Moment struct {
	Now time.Time
	// Acting is the path of the organisation that wants to pair. Empty means
	// the need's owner, as plans and automatics act.
	Acting    string
	Reference *reference.Snapshot
	Policy    Policy
	// Refused reports whether a request and an offer were declined, or the people
	// behind them are kept apart: such a pair never returns. It looks at no more of
	// them than their ids, Requester and Helper. Nil means none were.
	Refused func(*Need, *Offer) bool
	// Rarity tells how common a word is among the offers at hand. The index
	// sets it; nil means that all words are equally rare.
	Rarity Rarity
}

// Question is one need at one moment, prepared to be compared with many
// offers. It is not safe for concurrent use.
type Question struct {
	need    *Need
	at      Moment
	acting  string
	weights [factorCount]float64

	credential bool // the category asks for one
	waysWanted Ways
	waysUsual  Ways // of the category
	urgency    float64
	text       *TextQuery // made when first asked for
	regions    []string   // the lineage of the need's, made when first asked for

	until  time.Time // end of the week in which both must be free
	week   span      // the same from now
	wanted []span    // the need's windows within the week; nil means any time
	clocks []steady
	few    [2]steady // room for the clocks of most questions

	keeping bool // one offer is being judged: what is computed for it is kept
	kept    kept
}

// kept is what a rule and a factor both need of one pair.
type kept struct {
	meeting       meeting
	metres        float64
	met, measured bool
}

// Ask prepares a need. The need must not change while the question is in use.
func Ask(need *Need, at Moment) *Question {
	q := &Question{need: need, at: at, acting: at.Acting}
	if q.acting == "" {
		q.acting = need.Path
	}
	for i := range softFactors {
		q.weights[i] = softFactors[i].weight(at.Policy.Weights)
	}
	if c, known := at.Reference.Category(need.Category); known {
		q.credential, q.waysUsual = c.Credential, usualWays(c)
	}
	q.waysWanted = WaysOf(need.Mode)
	q.urgency = q.urgencyNow()
	q.clocks = q.few[:0]
	q.until = horizon(need, at.Now)
	q.week = span{0, q.until.Sub(at.Now)}
	q.wanted = q.within(need.Schedule, q.week)
	return q
}

// Fit returns the score of an offer, and false when a rule stops it. It is what
// Check and Score say, computed at once.
func (q *Question) Fit(o *Offer) (float64, bool) {
	q.keeping = true
	fits := q.Check(o) == ""
	score := 0.0
	if fits {
		score = q.Score(o)
	}
	q.keeping, q.kept = false, kept{}
	return score, fits
}

// Verdict says what a pair is worth, or what stops it.
type Verdict struct {
	Fits     bool
	Broken   []Reason          // all broken rules in their order; empty when it fits
	Score    float64           // 0 to 1; 0 when it does not fit
	Factors  []contract.Factor // nil when it does not fit
	Quantity int64             // suggested, in the need's unit; 0 when it does not fit
}

// Reason is a broken rule with the sentence that explains it.
type Reason struct {
	Rule Rule
	Key  string
	Args map[string]any
}

// Judge returns the whole verdict on an offer.
func (q *Question) Judge(o *Offer) Verdict {
	if broken := q.Checks(o); len(broken) > 0 {
		return Verdict{Broken: broken}
	}
	return Verdict{
		Fits: true, Score: q.Score(o), Factors: q.Factors(o), Quantity: q.Quantity(o),
	}
}
