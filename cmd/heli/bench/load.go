package bench

import "heli/services/matcher/plan"

// The laws of the scenarios name no helpers and no organisations: two lines
// after each other are one helper's, and so many helpers an organisation's.
const (
	linesOfHelper         = 2
	helpersOfOrganisation = 250
)

// load prices the load of helpers and organisations in steps, as the matcher
// does under the default policy: up to what the factor weighs, within a week's
// budget or twice the load at which it has fallen to one half.
func (m *market) load(in *plan.Input) {
	w, policy := m.at.Policy.Weights, m.at.Policy
	total := w.Urgency + w.Closeness + w.Skill + w.Language + w.Text + w.Time + w.HelperLoad + w.OrganisationLoad + w.Response + w.Continuity
	organisation, helper := plan.GroupKey(0), plan.GroupKey(0)
	group := func(parent plan.GroupKey, weight float64, half int64) plan.GroupKey {
		key := plan.GroupKey(len(in.Groups) + 1)
		in.Groups = append(in.Groups, plan.Group{Key: key, Parent: parent, Load: loadSteps(costScale*weight/total, half)})
		return key
	}
	const organisationWeight = 0.5 // of the default policy; scenarios score without
	for i := range in.Offers {
		if i%(linesOfHelper*helpersOfOrganisation) == 0 {
			organisation = group(0, organisationWeight, 2*policy.OrganisationHalf)
		}
		if i%linesOfHelper == 0 {
			helper = group(organisation, w.HelperLoad, policy.WeeklyBudget)
		}
		in.Offers[i].Group = helper
	}
}

// loadSteps rise evenly to a cost within so many units.
func loadSteps(cost float64, units int64) []plan.Step {
	const steps = 4
	var rising []plan.Step
	for n := range steps {
		rising = append(rising, plan.Step{Width: max(1, units/steps), Cost: int64(cost * float64(n) / steps)})
	}
	return append(rising, plan.Step{Width: plan.Unlimited, Cost: int64(cost)})
}
