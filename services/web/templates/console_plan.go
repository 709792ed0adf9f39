package templates

import (
	"math"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// PlanView is the plan of a scope, nil when it could not be made.
type PlanView struct {
	Scope      contract.PlanScope
	Categories []Option
	Regions    []Option
	Plan       *contract.Plan
	Rows       []PlanRow
	May        bool // confirm pairs
}

// PlanRow is a pair with its sides, nil where the reader may not see them.
type PlanRow struct {
	contract.PlannedPair
	Request *contract.Request
	Offer   *contract.Offer
}

// value names the pair in the form.
func (r PlanRow) value() string { return string(r.NeedLineID) + "/" + string(r.OfferLineID) }

func planColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("console.plan.confirm_column")}, {Label: d.T("thing.request")}, {Label: d.T("thing.offer")},
		{Label: d.T("console.plan.quantity")}, {Label: d.T("console.score")},
	}
}

// planFacts say how good the plan is, and how that is known.
func planFacts(d Desk, p contract.Plan) []Fact {
	return []Fact{
		{d.T("console.plan.needs"), d.Number(int64(p.Needs))},
		{d.T("console.plan.unmatched"), d.Number(int64(p.Unmatched))},
		{d.T("console.plan.units"), d.Number(p.Units)},
		{d.T("console.plan.greedy"), d.Number(p.GreedyUnits)},
		{d.T("plan.objective"), d.Number(p.Objective)},
		{d.T("plan.bound"), d.Number(p.Bound)},
		{d.T("plan.gap"), d.T("console.percent", "percent", percent(p.Gap()))},
		{d.T("console.plan.better"), d.T("console.percent", "percent", saved(p))},
		{d.T("console.plan.made"), d.DateTime(p.SnapshotAt)},
	}
}

// planGain says how much more the plan gives than serving whoever came first.
func planGain(d Desk, p contract.Plan) string {
	if more := p.Units - p.GreedyUnits; more > 0 {
		return d.T("plan.more", "count", more)
	}
	return d.T("plan.same")
}

// saved is how much less the plan costs than taking the best for each in turn,
// in percent.
func saved(p contract.Plan) float64 {
	if p.Greedy <= 0 {
		return 0
	}
	return math.Round(1000*(1-float64(p.Objective)/float64(p.Greedy))) / 10
}

// PlanConfirmed is what became of the pairs of a plan: how many, and those that
// are shown.
type PlanConfirmed struct {
	Confirmed, Failed int
	Rows              []ConfirmedRow
}

// ConfirmedRow is a pair with its request, nil where the reader may not see it.
type ConfirmedRow struct {
	contract.ConfirmedPair
	Request *contract.Request
}

func (r ConfirmedRow) problem(d Desk) string { return d.Fault(fault.NewConflict(r.Problem, "")) }
