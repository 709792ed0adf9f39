package templates

import "heli/pkg/contract"

// Queue is a page of the requests that wait for somebody.
type Queue struct {
	Tabs    []Tab
	Filters Filters
	Rows    []contract.Request
	Next    string
}

// Filters are what a list is narrowed by, as it stands in the address.
type Filters struct {
	Tab        string
	Text       string
	Urgency    string
	Category   string
	Region     string
	State      string
	Level      string // of organisations
	Categories []Option
	Regions    []Option
	States     []Option
	Urgencies  []Option
	Levels     []Option
}

// Any reports whether anything is filtered.
func (f Filters) Any() bool { return f.Text+f.Urgency+f.Category+f.Region+f.State+f.Level != "" }

// Narrowed reports whether more than the place is filtered.
func (f Filters) Narrowed() bool { return f.Text+f.Urgency+f.Category+f.State+f.Level != "" }

func queueColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("console.column.urgency")}, {Label: d.T("thing.request")}, {Label: d.T("console.column.needs")},
		{Label: d.T("console.column.place")}, {Label: d.T("console.column.waiting")}, {Label: d.T("console.column.state")},
		{Label: d.T("console.column.owner")},
	}
}

// shownLines is how many need lines a row of the queue shows.
const shownLines = 2

func firstLines(lines []contract.NeedLineView) []contract.NeedLineView {
	return lines[:min(len(lines), shownLines)]
}
