package templates

import (
	"heli/pkg/contract"
)

// PoliciesView lists the policies in force and the versions of the past.
type PoliciesView struct {
	InForce  []contract.Policy
	Versions []contract.Policy
	Next     string
	May      bool
}

// PolicyField is one number of a policy. Minutes says that it is a span.
type PolicyField struct {
	Name    string // path in the document
	Label   string
	Hint    string
	Value   string
	Error   string
	Step    string
	Min     string
	Max     string
	Minutes bool
}

// PolicyForm is a policy as it is typed.
type PolicyForm struct {
	Organisation string // code; empty for the whole installation
	Category     string
	Mode         string
	Weights      []PolicyField
	Holds        []PolicyField
	Waits        []PolicyField
	Others       []PolicyField
	Reason       string
	Key          string
	From         int64 // the version that the form began with
	Errors       Errors
}

// PolicyView is the form with what a dry run found, nil before one.
type PolicyView struct {
	Form       PolicyForm
	Categories []Option
	Tried      *contract.ReplayedPast
	Days       int
	May        bool
}

// policyScope names where a policy is in force.
func policyScope(d Desk, path, category string) string {
	where := d.T("admin.policy.everywhere")
	if path != "" {
		where = path
	}
	if category != "" {
		return where + " · " + d.Category(category)
	}
	return where + " · " + d.T("admin.policy.every_category")
}

// figureRow compares one figure before and after.
type figureRow struct {
	Name          string
	Before, After string
}

// triedRows are the figures of a dry run: as it was, and with the policy tried.
func triedRows(d Desk, past contract.ReplayedPast) []figureRow {
	if len(past.Policies) != 2 {
		return nil
	}
	after, before := past.Policies[0], past.Policies[1]
	count := func(name string, of func(contract.ReplayResult) int64) figureRow {
		return figureRow{name, d.Number(of(before)), d.Number(of(after))}
	}
	rows := []figureRow{
		count(d.T("admin.policy.served"), func(r contract.ReplayResult) int64 { return int64(r.Served) }),
		count(d.T("admin.policy.covered"), func(r contract.ReplayResult) int64 { return int64(r.Covered) }),
		count(d.T("admin.policy.units"), func(r contract.ReplayResult) int64 { return r.UnitsMatched }),
		{d.T("admin.policy.share"), d.Percent(before.Share), d.Percent(after.Share)},
		{d.T("admin.policy.travel"), kilometres(d, before.MeanKM), kilometres(d, after.MeanKM)},
		count(d.T("admin.policy.most"), func(r contract.ReplayResult) int64 { return r.Helpers.Most }),
		{d.T("admin.policy.gini"), d.Percent(before.Helpers.Gini), d.Percent(after.Helpers.Gini)},
	}
	for n, urgency := range before.Urgencies {
		if n < len(after.Urgencies) {
			rows = append(rows, figureRow{
				d.T("admin.policy.wait", "urgency", d.Urgency(urgency.Urgency)), waited(d, urgency), waited(d, after.Urgencies[n]),
			})
		}
	}
	return rows
}

func kilometres(d Desk, km *float64) string {
	if km == nil {
		return "–"
	}
	return d.Distance(*km * 1000)
}

func waited(d Desk, u contract.ReplayUrgency) string {
	if u.MedianS == nil || u.P90S == nil {
		return "–"
	}
	return d.Span(secondsOf(*u.MedianS)) + " / " + d.Span(secondsOf(*u.P90S))
}
