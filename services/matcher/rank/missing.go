package rank

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Shortage says what keeps a need from offers: so many would fit but for these
// rules. It is what a recruiter needs to know.
type Shortage struct {
	Rules []Rule // never empty, in the order of the rules
	Count int    // offers that break exactly these
	Key   string // of the sentence for the first rule
	Args  map[string]any
}

// never are rules that no recruiting relaxes. Offers of other categories are
// beside the point, offers that the actor may not pair are none of their
// business, and where nothing remains nothing is missing.
var never = []Rule{RuleCategory, RuleRemaining, RuleVisibility}

// Missing relaxes the rules one at a time and returns, for each, how many
// offers fail by that rule alone: "3 lawyers free, none speaks Cantonese". When
// every offer fails by more, it returns the combinations of those that fail by
// fewest. When there is no offer of the category at all, it says that with the
// count 0. Ordered by count, most first, then by rule. Offers that fit are not
// counted; the answer is nil when nothing remains to be matched or when every
// offer seen fits.
func (q *Question) Missing(offers iter.Seq[*Offer]) []Shortage {
	if breaksRemaining(q, nil) {
		return nil
	}
	found, seen := map[string]*Shortage{}, false
	fewest := len(hardRules)
	for o := range offers {
		broken, counts := q.shortOf(o)
		seen = seen || counts
		if !counts || len(broken) == 0 || len(broken) > fewest {
			continue
		}
		if len(broken) < fewest {
			fewest = len(broken)
			clear(found)
		}
		q.count(found, broken)
	}
	if !seen {
		return []Shortage{q.shortage([]Rule{RuleCategory})}
	}
	return ordered(found)
}

// shortOf returns the rules that an offer breaks, and whether the offer counts
// at all. The cheap test first: most offers are of another category.
func (q *Question) shortOf(o *Offer) ([]Rule, bool) {
	if breaksCategory(q, o) || breaksVisibility(q, o) {
		return nil, false
	}
	var broken []Rule
	for i := range hardRules {
		if r := hardRules[i]; !slices.Contains(never, r.name) && r.broken(q, o) {
			broken = append(broken, r.name)
		}
	}
	return broken, true
}

func (q *Question) count(found map[string]*Shortage, broken []Rule) {
	fresh := q.shortage(broken)
	s, known := found[fresh.Rule()]
	if !known {
		s = &fresh
		found[fresh.Rule()] = s
	}
	s.Count++
	s.Args["count"] = s.Count
}

// keySeveral is the sentence for a combination of rules.
const keySeveral = "missing.several"

// shortage builds the sentence "missing.<rule>", or keySeveral for a
// combination, from what the need asked for: never from one offer, since it
// speaks of many.
func (q *Question) shortage(rules []Rule) Shortage {
	key := "missing." + string(rules[0])
	if len(rules) > 1 {
		key = keySeveral
	}
	n := q.need
	return Shortage{Rules: rules, Key: key, Args: map[string]any{
		"count": 0, "rules": rules, "category": n.Category, "region": n.Region, "mode": n.Mode,
		"languages": n.Languages, "skills": n.Skills, "safeguards": n.Safeguards, "unit": n.Unit,
		"until": q.until,
	}}
}

func ordered(found map[string]*Shortage) []Shortage {
	shortages := make([]Shortage, 0, len(found))
	for _, s := range found {
		shortages = append(shortages, *s)
	}
	slices.SortFunc(shortages, func(a, b Shortage) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), slices.CompareFunc(a.Rules, b.Rules, compareRules))
	})
	if len(shortages) == 0 {
		return nil
	}
	return shortages
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
