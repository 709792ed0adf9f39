package rank

import (
	"slices"
	"strings"
)

// Keys returns the catalogue keys of every sentence that verdicts, factors and
// shortages may use, in a fixed order, so that a test can prove the catalogues
// complete.
//
// Arguments hold codes, not names; who shows them translates by the argument's
// name: category, region, mode, unit, urgency, item, language(s), skills,
// safeguards, rules (lists, and the same with offer_ before it) are codes; until
// and valid_until are times; count, km, hours, percent, asked, accepted and done
// are numbers.
func Keys() []string {
	var keys []string
	for _, r := range hardRules {
		keys = append(keys, "rule."+string(r.name), "change."+string(r.name))
	}
	for _, r := range hardRules {
		if r.name == RuleCategory || !slices.Contains(never, r.name) {
			keys = append(keys, "missing."+string(r.name))
		}
	}
	keys = append(keys, keySeveral)
	for _, f := range softFactors {
		for _, reason := range strings.Fields(f.reasons) {
			keys = append(keys, "factor."+f.name+"."+reason)
		}
	}
	return keys
}
