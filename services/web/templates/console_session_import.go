package templates

import (
	"slices"

	"heli/pkg/fault"
	"heli/pkg/importer"
)

// ImportView is a table of sessions on its way in: nothing yet, a preview, or what
// became of it.
type ImportView struct {
	Table string // the file, in base64; empty before one was chosen
	Done  bool
	// Confirmed says that what is unusual is right.
	Confirmed bool
	Report    importer.Report
	Errors    Errors
	Problem   string
}

// shownImportRows keeps the page readable; the error file holds all refusals.
const shownImportRows = 100

// asks reports whether a row is refused only until somebody says that it is right.
func (v ImportView) asks() bool {
	return slices.ContainsFunc(v.Report.Rows, func(row importer.RowReport) bool {
		return slices.ContainsFunc(row.Faults, func(f fault.Field) bool { return f.Code == "unusual" })
	})
}

// refusedFirst returns the rows to show.
func (v ImportView) refusedFirst() []importer.RowReport {
	var refused, others []importer.RowReport
	for _, row := range v.Report.Rows {
		if row.Outcome == importer.Refused {
			refused = append(refused, row)
		} else {
			others = append(others, row)
		}
	}
	all := append(refused, others...)
	return all[:min(len(all), shownImportRows)]
}

func importColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("admin.import.line"), Numeric: true}, {Label: d.T("console.organisation.code")}, {Label: d.T("admin.import.outcome")},
		{Label: d.T("session.import.reason")},
	}
}
