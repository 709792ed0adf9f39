package templates

import (
	"slices"

	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/services/web/upload"
)

// PartUpload is the part of an upload's page that shows how far it is.
const PartUpload = "upload"

// Uploads is the page of somebody's tables.
type Uploads struct {
	Rows   []upload.Upload
	Kinds  []Option
	Kind   importer.Kind // chosen
	Errors Errors
}

// UploadView is the page of one table.
type UploadView struct {
	Upload            upload.Upload
	Preview           upload.Preview // of a draft
	Columns           []Option       // of the file
	Choices           map[string][]Option
	Named             []upload.Named
	MayOpen, MayVouch bool
	MayConfirm        bool // what is unusual about sessions
	Errors            Errors
}

// unmapped says which columns are missing.
func (v UploadView) unmapped() (problems []string) {
	for _, field := range []string{"category", "code", "name", "held_on", "people", "minutes"} {
		if problem := v.Errors.At("column." + field); problem != "" {
			problems = append(problems, problem)
		}
	}
	return problems
}

func (v UploadView) withdrawnKey() string {
	switch v.Upload.Kind {
	case importer.Organisations:
		return "upload.ended"
	case importer.Sessions:
		return "upload.voided"
	default:
		return "upload.withdrawn"
	}
}

func (v UploadView) undoKey() string {
	switch v.Upload.Kind {
	case importer.Organisations:
		return "upload.end_sure"
	case importer.Sessions:
		return "upload.void_sure"
	default:
		return "upload.undo_sure"
	}
}

// unusual reports whether a row of the preview is refused only until somebody says
// that it is right.
func (v UploadView) unusual() bool {
	return slices.ContainsFunc(v.Preview.Rows, func(row upload.Row) bool {
		return slices.ContainsFunc(row.Faults, func(f fault.Field) bool { return f.Code == "unusual" })
	})
}

// Options are choices whose labels are their values.
func Options(values []string) []Option {
	options := make([]Option, len(values))
	for i, value := range values {
		options[i] = Option{Value: value, Label: value}
	}
	return options
}

// fieldLabelOf names a field of a mapping.
func fieldLabelOf(d Desk, field string) string { return d.T("upload.field." + field) }

// RowReason says in the reader's language why a row cannot be taken: field by
// field with what stands there, else in the words of the program.
func RowReason(d Desk, faults []fault.Field, reason string) string {
	if len(faults) == 0 {
		return reason
	}
	var parts []string
	for _, f := range faults {
		label := labelOf(d.Page, f.Location)
		if key := "upload.field." + f.Location; d.Has(key) {
			label = d.T(key)
		}
		if value, ok := f.Args["value"].(string); ok {
			label = d.T("upload.reason.value", "label", label, "value", value)
		}
		parts = append(parts, FieldError{f.Location, label, d.Invalid(f)}.summary(d.Page))
	}
	return d.List(parts)
}

func uploadTone(state upload.State) Tone {
	switch state {
	case upload.Draft:
		return ToneInfo
	case upload.Done:
		return ToneSuccess
	case upload.Running, upload.Undoing:
		return ToneWarning
	default:
		return TonePlain
	}
}

// shownFields are those of a preview that a table has room for.
func shownFields(p upload.Preview) []string {
	const most = 8
	return p.Fields[:min(len(p.Fields), most)]
}

func previewColumns(d Desk, v UploadView) []Column {
	columns := []Column{{Label: d.T("admin.import.line"), Numeric: true}, {Label: d.T("admin.import.outcome")}}
	for _, field := range shownFields(v.Preview) {
		columns = append(columns, Column{Label: fieldLabelOf(d, field)})
	}
	return columns
}

func mappingColumns(d Desk) []Column {
	return []Column{{Label: d.T("upload.map.field")}, {Label: d.T("upload.map.column")}, {Label: d.T("upload.map.value")}}
}

// settable reports whether one value may stand for a field of all rows.
func settable(field string) bool { return slices.Contains(importer.Settable(), field) }

// things counts those with an outcome, for a line of facts; empty for none.
func (v UploadView) things(d Desk, outcome importer.Outcome) string {
	n := v.Upload.Counts[outcome]
	if v.Upload.State == upload.Draft {
		n = v.Preview.Counts.Things[outcome]
	}
	if n == 0 {
		return ""
	}
	return d.Number(int64(n))
}
