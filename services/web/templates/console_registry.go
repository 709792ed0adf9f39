package templates

import (
	"heli/pkg/contract"
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

// OrganisationKinds are the kinds that the form offers, and the one chosen; others
// come by import.
func OrganisationKinds(d Desk, chosen string) []Option {
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

// LevelOptions are the levels of organisations.
func LevelOptions(d Desk) []Option {
	var options []Option
	for _, level := range OrganisationLevels() {
		options = append(options, Option{Value: level, Label: d.Level(level)})
	}
	return options
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
