package request

import (
	"slices"

	"heli/pkg/contract"
	"heli/pkg/risk"
)

// riskRank is before that of every urgency: a human looks there first.
const riskRank = -1

// risks returns what somebody may be in danger of, by what was written: it is never
// stored, since it says more of a person than a state may.
func risks(r requestRow, lines []lineRow) []risk.Kind {
	texts := []string{r.Title, r.Description}
	for _, l := range lines {
		texts = append(texts, l.Specification, l.SourceText)
	}
	return risk.Kinds(texts...)
}

// rankOf is an urgency's place in the queue, the most urgent first.
func rankOf(u contract.Urgency) int { return slices.Index(contract.Urgencies(), u) }

// rank gives the record its place in the queue: by urgency, and before all where
// what was written says that somebody may be in danger.
func (r *record) rank() {
	r.row.UrgencyRank = rankOf(r.row.Urgency)
	if len(risks(r.row, r.lines)) > 0 {
		r.row.UrgencyRank = riskRank
	}
}

// riskNames are the kinds of a request that is ranked before all.
func (f fullRow) riskNames() []string {
	var names []string
	if f.UrgencyRank != riskRank {
		return names
	}
	for _, kind := range risks(f.requestRow, f.Lines.value) {
		names = append(names, string(kind))
	}
	return names
}
