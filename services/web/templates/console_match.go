package templates

import (
	"time"

	"heli/pkg/contract"
)

// Matches is a page of the list of matches.
type Matches struct {
	Tabs []Tab
	Rows []MatchView
	Next string
	Now  time.Time
	// Calendars says that the reader may make addresses for calendar programs.
	Calendars bool
}

func matchColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("thing.match")}, {Label: d.T("thing.request")}, {Label: d.T("thing.offer")},
		{Label: d.T("console.column.amount"), Numeric: true}, {Label: d.T("console.column.deadline")},
		{Label: d.T("console.column.state")},
	}
}

func matchFacts(d Desk, m contract.Match) []Fact {
	return []Fact{
		{d.T("console.column.category"), d.Category(m.Category)},
		{d.T("console.column.amount"), d.Amount(m.Quantity, m.Unit)},
		{d.T("console.match.at"), dateTimeOf(d, m.At)},
		{d.T("console.match.hold"), dateTimeOf(d, m.HoldUntil)},
		{d.T("console.match.start"), dateTimeOf(d, m.StartBy)},
		{d.T("console.match.resolve_by"), dateTimeOf(d, m.ResolveBy)},
		{d.T("console.match.reported"), answered(d, m.Reported, m.Unit)},
		{d.T("console.match.confirmed"), answered(d, m.Confirmed, m.Unit)},
		{d.T("console.move.reason"), d.Reason(m.Reason)},
		{d.T("console.match.request_owner"), d.NameOf(m.RequestOwner)},
		{d.T("console.match.offer_owner"), d.NameOf(m.OfferOwner)},
		{d.T("console.score"), score(m.Score)},
		{d.T("console.match.policy"), d.Number(m.PolicyVersion)},
	}
}

// answered is what a side said, or that it has not answered.
func answered(d Desk, amount *int64, unit contract.Unit) string {
	if amount == nil {
		return d.T("console.match.no_answer")
	}
	return d.Amount(*amount, unit)
}
