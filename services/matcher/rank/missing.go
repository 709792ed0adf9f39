package rank

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// Shortage says what keeps a need from offers: so many would fit but for these
// rules. It is what a recruiter needs to know.
type Shortage struct {
	Rules []Rule // never empty, in the order of the rules
	Count int    // offers that break exactly these, at most MostCounted
	Key   string // of the sentence for the first rule
	Args  map[string]any
}

// never are rules that no recruiting relaxes. Offers of other categories are
// beside the point, offers that the actor may not pair are none of their
// business, and where nothing remains nothing is missing.
var never = []Rule{RuleCategory, RuleRemaining, RuleVisibility}

// MostCounted is where counting ends: so many offers or more are plenty, and a
// country has hundreds of thousands that fail by their place alone.
const MostCounted = 1000

// Missing relaxes the rules one at a time and returns, for each, how many
// offers fail by that rule alone: "3 lawyers free, none speaks Cantonese". When
// every offer fails by more, it returns the combinations of those that fail by
// fewest. When there is no offer of the category at all, it says that with the
// count 0. Ordered by count, most first, then by rule. Offers that fit are not
// counted; the answer is nil when nothing remains to be matched or when every
// offer seen fits. No count exceeds MostCounted.
func (q *Question) Missing(offers iter.Seq[*Offer]) []Shortage {
	s := q.Shortfall()
	for o := range offers {
		s.See(o)
	}
	return s.Shortages()
}

// Shortfall is Missing under way, offer by offer, in any order.
type Shortfall struct {
	question *Question
	place    ruleSet // that rule alone
	mode     ruleSet
	seen     bool
	fewest   int // rules that an offer breaks
	counts   map[ruleSet]int
}

// ruleSet is a set of hard rules, by their place.
type ruleSet uint32

// Shortfall begins to look for what is missing.
func (q *Question) Shortfall() *Shortfall {
	return &Shortfall{question: q, place: 1 << position(RulePlace), mode: 1 << position(RuleMode), fewest: len(hardRules), counts: map[ruleSet]int{}}
}

// See takes one more offer. It stops at the first rule that settles that the
// offer changes nothing.
func (s *Shortfall) See(o *Offer) { s.see(o, 0) }

// SeeBeyond is See for an offer that is known to break the rule of place.
func (s *Shortfall) SeeBeyond(o *Offer) { s.see(o, s.place) }

func (s *Shortfall) see(o *Offer, broken ruleSet) {
	q := s.question
	if breaksCategory(q, o) || breaksVisibility(q, o) {
		return
	}
	s.seen = true
	n := bits.OnesCount32(uint32(broken))
	for i := range hardRules {
		r := &hardRules[i]
		if broken&(1<<i) != 0 || slices.Contains(never, r.name) || !r.broken(q, o) {
			continue
		}
		broken |= 1 << i
		if n++; n > s.fewest || s.enough(broken) {
			return
		}
	}
	if n == 0 {
		return
	}
	if n < s.fewest {
		s.fewest = n
		clear(s.counts)
	}
	s.counts[broken] = min(s.counts[broken]+1, MostCounted)
}

// EnoughBeyond reports whether offers that break the rule of place, and perhaps
// others, change nothing any more.
func (s *Shortfall) EnoughBeyond() bool { return s.enough(s.place) }

// EnoughApart reports the same of offers that break the rule of the mode.
func (s *Shortfall) EnoughApart() bool { return s.enough(s.mode) }

// OneRule reports whether only offers that break a single rule still count.
func (s *Shortfall) OneRule() bool { return s.fewest == 1 }

func (s *Shortfall) enough(broken ruleSet) bool {
	return s.fewest == 1 && s.counts[broken] == MostCounted
}

// Shortages returns what Missing says of the offers seen.
func (s *Shortfall) Shortages() []Shortage {
	if breaksRemaining(s.question, nil) {
		return nil
	}
	if !s.seen {
		return []Shortage{s.question.shortage([]Rule{RuleCategory}, 0)}
	}
	var found []Shortage
	for broken, count := range s.counts {
		found = append(found, s.question.shortage(broken.rules(), count))
	}
	slices.SortFunc(found, func(a, b Shortage) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), slices.CompareFunc(a.Rules, b.Rules, compareRules))
	})
	return found
}

// rules returns the names of the rules in their order.
func (s ruleSet) rules() []Rule {
	var names []Rule
	for i := range hardRules {
		if s&(1<<i) != 0 {
			names = append(names, hardRules[i].name)
		}
	}
	return names
}

// keySeveral is the sentence for a combination of rules.
const keySeveral = "missing.several"

// shortage builds the sentence "missing.<rule>", or keySeveral for a
// combination, from what the need asked for: never from one offer, since it
// speaks of many.
func (q *Question) shortage(rules []Rule, count int) Shortage {
	key := "missing." + string(rules[0])
	if len(rules) > 1 {
		key = keySeveral
	}
	n := q.need
	return Shortage{Rules: rules, Count: count, Key: key, Args: map[string]any{
		"count": count, "more": count == MostCounted, "rules": rules, "category": n.Category, "region": n.Region, "mode": n.Mode,
		"languages": n.Languages, "skills": n.Skills, "safeguards": n.Safeguards, "unit": n.Unit,
		"until": q.until,
	}}
}

func compareRules(a, b Rule) int { return cmp.Compare(position(a), position(b)) }

func position(r Rule) int {
	return slices.IndexFunc(hardRules, func(h hardRule) bool { return h.name == r })
}

// Rule returns the names of the broken rules, joined by a plus sign.
func (s Shortage) Rule() string {
	names := make([]string, len(s.Rules))
	for i, r := range s.Rules {
		names[i] = string(r)
	}
	return strings.Join(names, "+")
}
