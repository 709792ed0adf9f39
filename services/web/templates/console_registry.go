package templates

import (
	"slices"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
)

// OrganisationForm is what is typed of an organisation. Version is 0 for a new one.
type OrganisationForm struct {
	ID            string
	Code          string
	Version       int64
	Name          string
	Kind          string
	Level         string
	RegionCode    string
	ParentCode    string
	Coordinates   bool
	Verified      bool
	Specialties   []string
	ContactPerson string
	Errors        Errors
}

// OrganisationView is the page of one organisation.
type OrganisationView struct {
	Organisation contract.Organisation
	Form         OrganisationForm
	Categories   []Option
	Below        []contract.Organisation // directly
	May          bool                    // change it
	Own          bool                    // the reader acts in it
	End          Kept
}

// organisationKinds are the kinds that the form offers; others come by import.
func organisationKinds(d Desk, chosen string) []Option {
	var options []Option
	known := false
	for _, kind := range []string{"government", "charity", "agency", "company", "hospital", "community"} {
		options = append(options, Option{Value: kind, Label: d.T("organisation_kind." + kind)})
		known = known || kind == chosen
	}
	if chosen != "" && !known {
		options = append(options, Option{Value: chosen, Label: chosen})
	}
	return options
}

func levelOptions(d Desk) []Option {
	var options []Option
	for _, level := range OrganisationLevels() {
		options = append(options, Option{Value: level, Label: d.Level(level)})
	}
	return options
}

// ImportView is a table on its way in: nothing yet, a preview, or
// what became of it.
type ImportView struct {
	Action  string // where the forms are sent
	Title   string
	Lead    string
	Columns string // which the table has
	Tree    bool   // rows may name a parent
	Parent  string // of those that name none
	Table   string // the file, in base64; empty before one was chosen
	Done    bool
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
		{Label: d.T("admin.import.reason")},
	}
}

func outcomeTone(outcome importer.Outcome) Tone {
	switch outcome {
	case importer.Created, importer.Changed, importer.Valid:
		return ToneSuccess
	case importer.Refused:
		return ToneError
	default:
		return TonePlain
	}
}

// CategoryForm is what is typed of a category.
type CategoryForm struct {
	Category contract.Category
	Reason   string
	New      bool
	Errors   Errors
}

// CategoriesView is the tree of categories, with the form for one of them.
type CategoriesView struct {
	Rows []contract.Category
	May  bool
	Form *CategoryForm // nil when none was chosen
}

func categoryColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("console.organisation.code")}, {Label: "English"}, {Label: "简体中文"}, {Label: "繁體中文"},
		{Label: d.T("admin.category.units")}, {Label: d.T("admin.category.flags")},
	}
}

// matchingOptions are how far the matcher may go by itself, for a category and
// under a policy.
func matchingOptions(d Desk) []Option {
	modes := []string{"manual", "assisted", "wave", "automatic"}
	options := make([]Option, 0, len(modes))
	for _, mode := range modes {
		options = append(options, Option{Value: mode, Label: d.T("matching." + mode), Hint: d.T("matching_hint." + mode)})
	}
	return options
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return ""
}

func textsOf[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}
