package rank

import (
	"math"
	"slices"
	"time"

	"heli/pkg/contract"
)

// softFactor is one part of a score: its value between 0 and 1 and the reason
// in words, as the end of a catalogue key "factor.<name>.<reason>" with
// arguments. The reason is apart from the value, since only the few offers
// that are shown need one.
type softFactor struct {
	name   string
	weight func(Weights) float64
	value  func(*Question, *Offer) float64
	reason func(*Question, *Offer) (string, map[string]any)
	// reasons lists what reason may say, for the catalogues.
	reasons string
}

var softFactors = [factorCount]softFactor{
	{"urgency", func(w Weights) float64 { return w.Urgency }, urgency, urgencyReason, "waiting"},
	{"closeness", func(w Weights) float64 { return w.Closeness }, closeness, closenessReason, "remote unknown about exact"},
	{"skill", func(w Weights) float64 { return w.Skill }, skillFit, skillReason, "has more none"},
	{"language", func(w Weights) float64 { return w.Language }, languageFit, languageReason, "common any unknown"},
	{"text", func(w Weights) float64 { return w.Text }, textFit, textReason, "item words none"},
	{"time", func(w Weights) float64 { return w.Time }, timeFit, timeReason, "any common"},
	{"helper_load", func(w Weights) float64 { return w.HelperLoad }, helperBalance, helperReason, "none free busy"},
	{"organisation_load", func(w Weights) float64 { return w.OrganisationLoad }, organisationBalance, organisationReason, "free busy"},
	{"response", func(w Weights) float64 { return w.Response }, responseHistory, responseReason, "new history"},
	{"continuity", func(w Weights) float64 { return w.Continuity }, continuity, continuityReason, "none same other"},
}

// Score returns the mean of the factors, weighted by the policy, between 0 and
// 1. It does not check the hard rules.
func (q *Question) Score(o *Offer) float64 {
	var sum, total float64
	for i := range softFactors {
		if weight := q.weights[i]; weight > 0 {
			sum += weight * softFactors[i].value(q, o)
			total += weight
		}
	}
	if total == 0 {
		return 0
	}
	return min(1, sum/total)
}

// Factors returns every factor of the score with its reason, in a fixed order.
func (q *Question) Factors(o *Offer) []contract.Factor {
	factors := make([]contract.Factor, 0, len(softFactors))
	for _, f := range softFactors {
		reason, args := f.reason(q, o)
		factors = append(factors, contract.Factor{
			Name: f.name, Value: f.value(q, o), Weight: f.weight(q.at.Policy.Weights),
			Key: "factor." + f.name + "." + reason, Args: args,
		})
	}
	return factors
}

// floors are where the urgencies start before any waiting.
var floors = map[contract.Urgency]float64{
	contract.Critical: 1, contract.Urgent: 0.75, contract.Soon: 0.5, contract.Routine: 0.25, contract.Planned: 0.1,
}

// urgency = 1 − (1 − floor) · e^(−waited/span): every need rises towards the
// most urgent as it waits, so that none starves (ageing, as schedulers do), and
// none passes a critical one. The span is the policy's for the urgency, halved
// for the vulnerable, and never longer than the time the need has in all.
func urgency(q *Question, _ *Offer) float64 { return q.urgency }

func (q *Question) urgencyNow() float64 {
	waited := q.at.Now.Sub(q.need.Since)
	span := q.at.Policy.wait(q.need.Urgency)
	if len(q.need.Vulnerability) > 0 {
		span /= 2
	}
	if q.need.NeededBy != nil {
		span = min(span, q.need.NeededBy.Sub(q.need.Since))
	}
	if span <= 0 {
		return 1
	}
	return 1 - (1-floors[q.need.Urgency])*math.Exp(-float64(max(waited, 0))/float64(span))
}

func urgencyReason(q *Question, _ *Offer) (string, map[string]any) {
	hours := int64(max(q.at.Now.Sub(q.need.Since), 0) / time.Hour)
	return "waiting", map[string]any{"urgency": q.need.Urgency, "hours": hours}
}

const (
	// Neutral is the value where nothing is known for or against.
	Neutral = 0.5
	// unknownPlace is below Neutral: somebody whose place is known is surer help.
	unknownPlace = 0.3
)

// closeness = half / (half + distance): 1 at the door, ½ at the policy's
// distance, falling slowly after, so that far is worse but never nothing
// (hyperbolic distance decay, as in spatial interaction models). Remote help is
// as close as can be.
func closeness(q *Question, o *Offer) float64 {
	ways := q.ways(o)
	if ways&Remote != 0 {
		return 1
	}
	m, known := q.distance(o)
	if !known {
		return unknownPlace
	}
	return decay(q.half(ways), m)
}

// half returns the distance at which closeness has fallen to one half.
func (q *Question) half(ways Ways) float64 {
	if ways&Delivery != 0 {
		return float64(q.at.Policy.DeliveryHalfM)
	}
	return float64(q.at.Policy.OnsiteHalfM)
}

func decay(half, amount float64) float64 { return half / (half + amount) }

func closenessReason(q *Question, o *Offer) (string, map[string]any) {
	if q.ways(o)&Remote != 0 {
		return "remote", nil
	}
	m, known := q.distance(o)
	switch {
	case !known:
		return "unknown", nil
	case q.need.Point == nil || o.Point == nil:
		return "about", map[string]any{"km": kilometres(m)}
	default:
		return "exact", map[string]any{"km": kilometres(m)}
	}
}

// skillFit = (1 + asked) / (1 + held): every asked skill is held by rule, so
// what differs is how many more there are. Those who can do much are kept for
// the needs that ask for much (least flexible resource first).
func skillFit(q *Question, o *Offer) float64 {
	return SkillValue(len(q.need.Skills), len(o.Skills))
}

// SkillValue is the factor's value for so many skills asked for and held.
func SkillValue(asked, held int) float64 { return min(1, float64(1+asked)/float64(1+held)) }

func skillReason(q *Question, o *Offer) (string, map[string]any) {
	switch {
	case len(q.need.Skills) > 0:
		return "has", map[string]any{"skills": q.need.Skills}
	case len(o.Skills) > 0:
		return "more", map[string]any{"skills": o.Skills}
	default:
		return "none", nil
	}
}

// languageFit = 1 / (1 + place in the need's order of preference). A side that
// states no language is neutral, except that a need without wishes is content.
func languageFit(q *Question, o *Offer) float64 {
	switch i, common := commonLanguage(q.need.Languages, o.Languages); {
	case len(q.need.Languages) == 0:
		return 1
	case !common:
		return Neutral
	default:
		return LanguageValue(i)
	}
}

// LanguageValue is the factor's value for the language at a place, from 0, in
// the need's order.
func LanguageValue(place int) float64 { return 1 / float64(1+place) }

func languageReason(q *Question, o *Offer) (string, map[string]any) {
	if i, common := commonLanguage(q.need.Languages, o.Languages); common {
		return "common", map[string]any{"language": q.need.Languages[i]}
	}
	if len(q.need.Languages) == 0 {
		return "any", nil
	}
	return "unknown", nil
}

// MostText keeps words, however alike, behind the same item of the catalogue.
const MostText = 0.9

// textFit is 1 for the same item of the catalogue, else the likeness of the words.
func textFit(q *Question, o *Offer) float64 {
	if q.sameItem(o) {
		return 1
	}
	return MostText * q.likeness(o)
}

// likeness compares the words. They are prepared late, since most pairs end at
// a rule.
func (q *Question) likeness(o *Offer) float64 {
	if q.text == nil {
		text := NewTextQuery(q.need.Words, q.at.Rarity)
		q.text = &text
	}
	return q.text.Score(o.Words)
}

func (q *Question) sameItem(o *Offer) bool {
	return q.need.Item != "" && q.need.Item == o.Item
}

func textReason(q *Question, o *Offer) (string, map[string]any) {
	if q.sameItem(o) {
		return "item", map[string]any{"item": o.Item}
	}
	percent := int(math.Round(100 * q.likeness(o)))
	if percent == 0 {
		return "none", nil
	}
	return "words", map[string]any{"percent": percent}
}

// enoughTime is a visit, a shift or a consultation with its way: more common
// time than this makes no pair better.
const enoughTime = 4 * time.Hour

// timeFit = common time / enough time, at most 1. Without any stated time the
// two can surely agree on one.
func timeFit(q *Question, o *Offer) float64 {
	m := q.meet(o)
	if !m.named {
		return 1
	}
	return min(1, float64(m.total)/float64(enoughTime))
}

func timeReason(q *Question, o *Offer) (string, map[string]any) {
	m := q.meet(o)
	if !m.named {
		return "any", nil
	}
	return "common", map[string]any{"hours": math.Round(m.total.Hours()*10) / 10}
}

// helperBalance = 1 − used/budget: the one who was asked least this week comes
// first. Goods and places have no load.
func helperBalance(q *Question, o *Offer) float64 {
	if o.Helper == "" {
		return 1
	}
	return HelperValue(o.Load.Used, q.budget(o))
}

// HelperValue is the factor's value for a helper who was asked so often of so
// many times.
func HelperValue(used, budget int64) float64 {
	if budget <= 0 {
		return 0
	}
	return min(1, max(0, 1-float64(used)/float64(budget)))
}

// helperReason tells no number: organisations see of each other's helpers only
// whether they are busy.
func helperReason(q *Question, o *Offer) (string, map[string]any) {
	switch value := helperBalance(q, o); {
	case o.Helper == "":
		return "none", nil
	case value >= Neutral:
		return "free", nil
	default:
		return "busy", nil
	}
}

// organisationBalance = half / (half + live matches): the same fall as
// closeness, since an organisation's strength is not stated.
func organisationBalance(q *Question, o *Offer) float64 {
	return OrganisationValue(q.at.Policy.OrganisationHalf, o.OrganisationLoad)
}

// OrganisationValue is the factor's value for so many live matches, by the
// number at which it is one half.
func OrganisationValue(half, load int64) float64 {
	return decay(float64(half), float64(max(load, 0)))
}

func organisationReason(q *Question, o *Offer) (string, map[string]any) {
	if organisationBalance(q, o) >= Neutral {
		return "free", nil
	}
	return "busy", nil
}

// The prior of the response history, in answers: somebody never asked counts as
// if 3 of 5 asks were accepted and 4 of 5 acceptances done, and a single refusal
// says little.
const (
	priorAsked, priorAccepted = 5, 3
	priorBegun, priorDone     = 5, 4
)

// responseHistory is the expected chance that an ask ends in help: the product
// of two posterior means of beta-binomial models (Gelman and others, "Bayesian
// Data Analysis", 3rd edition, chapter 2).
func responseHistory(_ *Question, o *Offer) float64 { return ResponseValue(o.Response) }

// ResponseValue is the factor's value for a history.
func ResponseValue(r Response) float64 {
	accept := share(r.Accepted+priorAccepted, r.Asked+priorAsked)
	finish := share(r.Done+priorDone, r.Accepted+priorBegun)
	return accept * finish
}

func share(part, whole int64) float64 {
	return min(1, max(0, float64(part)/float64(whole)))
}

func responseReason(_ *Question, o *Offer) (string, map[string]any) {
	if o.Response.Asked == 0 {
		return "new", nil
	}
	r := o.Response
	return "history", map[string]any{"asked": r.Asked, "accepted": r.Accepted, "done": r.Done}
}

// continuity is 1 for a helper who served this requester before and is wished
// again, 0 for the others then, and neutral where nobody is wished.
func continuity(q *Question, o *Offer) float64 {
	switch {
	case len(q.need.Continuity) == 0:
		return Neutral
	case q.knows(o):
		return 1
	default:
		return 0
	}
}

func (q *Question) knows(o *Offer) bool {
	return o.Helper != "" && slices.Contains(q.need.Continuity, o.Helper)
}

func continuityReason(q *Question, o *Offer) (string, map[string]any) {
	switch {
	case len(q.need.Continuity) == 0:
		return "none", nil
	case q.knows(o):
		return "same", nil
	default:
		return "other", nil
	}
}
