package rank

import (
	"strings"

	"heli/pkg/contract"
)

// Rule names a hard rule. The empty rule means that none is broken.
type Rule string

// The hard rules in the order in which they are checked: cheap ones first.
const (
	RuleCategory   Rule = "category"   // the offer's category is the need's or an ancestor
	RuleRemaining  Rule = "remaining"  // the need still lacks something
	RuleAvailable  Rule = "available"  // the offer is available
	RuleExpired    Rule = "expired"    // the offer is still valid
	RuleMode       Rule = "mode"       // a way of delivery that both accept
	RuleVisibility Rule = "visibility" // the acting organisation may pair the two
	RuleRefused    Rule = "refused"    // the pair was not declined, nor are the two kept apart
	RulePlace      Rule = "place"      // the offer reaches the need
	RuleLanguage   Rule = "language"   // a common language
	RuleSkill      Rule = "skill"      // every required skill
	RuleCredential Rule = "credential" // a verified credential where the category asks for one
	RuleSafeguard  Rule = "safeguard"  // every safeguard asked for
	RuleUnit       Rule = "unit"       // equal units, or a conversion
	RuleCapacity   Rule = "capacity"   // something is free
	RuleLoad       Rule = "load"       // the helper's week is not full, nor do they rest
	RuleTime       Rule = "time"       // at least 30 minutes in which both are free
)

// hardRule is one rule: whether an offer breaks it, and the arguments of the
// sentence that says so.
type hardRule struct {
	name   Rule
	broken func(*Question, *Offer) bool
	args   func(*Question, *Offer) map[string]any
}

var hardRules = []hardRule{
	{RuleCategory, breaksCategory, categoryArgs},
	{RuleRemaining, breaksRemaining, noArgs},
	{RuleAvailable, breaksAvailable, noArgs},
	{RuleExpired, breaksExpired, expiredArgs},
	{RuleMode, breaksMode, modeArgs},
	{RuleVisibility, breaksVisibility, noArgs},
	{RuleRefused, breaksRefused, noArgs},
	{RulePlace, breaksPlace, placeArgs},
	{RuleLanguage, breaksLanguage, languageArgs},
	{RuleSkill, breaksSkill, skillArgs},
	{RuleCredential, breaksCredential, categoryArgs},
	{RuleSafeguard, breaksSafeguard, safeguardArgs},
	{RuleUnit, breaksUnit, unitArgs},
	{RuleCapacity, breaksCapacity, noArgs},
	{RuleLoad, breaksLoad, noArgs}, // others see only "busy", never how busy
	{RuleTime, breaksTime, timeArgs},
}

// Rules returns the names of all hard rules in their order.
func Rules() []Rule {
	names := make([]Rule, len(hardRules))
	for i, r := range hardRules {
		names[i] = r.name
	}
	return names
}

// Check returns the first rule that the offer breaks, or the empty rule.
func (q *Question) Check(o *Offer) Rule {
	for i := range hardRules {
		if hardRules[i].broken(q, o) {
			return hardRules[i].name
		}
	}
	return ""
}

// Checks returns every rule that the offer breaks, in their order, each with
// its sentence "rule.<name>".
func (q *Question) Checks(o *Offer) []Reason {
	var reasons []Reason
	for _, r := range hardRules {
		if r.broken(q, o) {
			reasons = append(reasons, Reason{r.name, "rule." + string(r.name), r.args(q, o)})
		}
	}
	return reasons
}

func noArgs(*Question, *Offer) map[string]any { return nil }

func breaksCategory(q *Question, o *Offer) bool {
	return !q.at.Reference.Covers(o.Category, q.need.Category)
}

func categoryArgs(q *Question, _ *Offer) map[string]any {
	return map[string]any{"category": q.need.Category}
}

func breaksRemaining(q *Question, _ *Offer) bool {
	return q.need.Remaining != nil && *q.need.Remaining <= 0
}

func breaksAvailable(_ *Question, o *Offer) bool { return !o.Available }

func breaksExpired(q *Question, o *Offer) bool {
	return o.ValidUntil != nil && !q.at.Now.Before(*o.ValidUntil)
}

func expiredArgs(_ *Question, o *Offer) map[string]any {
	return map[string]any{"valid_until": *o.ValidUntil}
}

// breaksVisibility: organisation A pairs a need with an offer when A is the
// need's owner or above it and the offer lies below A or is shared with the
// network; and A may put its own offers forward for a need of the network.
func breaksVisibility(q *Question, o *Offer) bool {
	if q.acting == "" {
		return true
	}
	ownNeed, ownOffer := below(q.need.Path, q.acting), below(o.Path, q.acting)
	pairsOwnNeed := ownNeed && (ownOffer || o.Sharing == contract.SharingNetwork)
	putsForward := ownOffer && q.need.Sharing == contract.SharingNetwork
	return !pairsOwnNeed && !putsForward
}

// below reports whether a path is the ancestor or lies under it. Paths end in
// a slash, so root/xian/ is not above root/xianyang/.
func below(path, ancestor string) bool { return strings.HasPrefix(path, ancestor) }

func breaksRefused(q *Question, o *Offer) bool {
	return q.at.Refused != nil && q.at.Refused(q.need, o)
}

func breaksSkill(q *Question, o *Offer) bool { return lacks(q.need.Skills, o.Skills) }

// lacks reports whether anything asked for is not given, whatever its case.
func lacks(asked, given []string) bool {
	for _, a := range asked {
		if !has(given, a) {
			return true
		}
	}
	return false
}

func has(given []string, asked string) bool {
	for _, g := range given {
		if g == asked || strings.EqualFold(g, asked) {
			return true
		}
	}
	return false
}

func skillArgs(q *Question, o *Offer) map[string]any {
	return map[string]any{"skills": lacking(q.need.Skills, o.Skills)}
}

func breaksSafeguard(q *Question, o *Offer) bool {
	return lacks(q.need.Safeguards, o.Safeguards)
}

func safeguardArgs(q *Question, o *Offer) map[string]any {
	return map[string]any{"safeguards": lacking(q.need.Safeguards, o.Safeguards)}
}

// lacking returns what is asked for and not given.
func lacking(asked, given []string) []string {
	var missing []string
	for _, a := range asked {
		if !has(given, a) {
			missing = append(missing, a)
		}
	}
	return missing
}
