package templates

import (
	"maps"
	"net/url"
	"slices"

	"heli/pkg/importer"
	"heli/services/web/inbound"
)

// Forms is the page of the forms of other programs.
type Forms struct {
	Rows       []inbound.Form
	Name, Kind string // typed
	Errors     Errors
}

// FormView is the page of one form.
type FormView struct {
	Form    inbound.Form
	Address string
	Secret  string // just made: it is not shown again
	Keys    []Option
	Choices map[string][]Option
	Waiting []inbound.Kept
	Latest  []inbound.Kept
	Opened  *inbound.Opened
	Typed   url.Values // of the post that is being read
	MayRead bool
	Errors  Errors
}

func formKinds(d Desk) []Option {
	var options []Option
	for _, kind := range inbound.Kinds() {
		options = append(options, Option{Value: string(kind), Label: d.T("upload.kind." + string(kind))})
	}
	return options
}

func proofOptions(d Desk) []Option {
	var options []Option
	for _, proof := range inbound.Proofs() {
		options = append(options, Option{Value: string(proof), Label: d.T("inbound.proof." + string(proof)), Hint: d.T("inbound.proof_hint." + string(proof))})
	}
	return options
}

// mappedFields are the fields that are asked for: with the row's own name or without.
func mappedFields(kind importer.Kind, named bool) []string {
	return slices.DeleteFunc(importer.Fields(kind), func(field string) bool { return field == "source_id" && !named })
}

// valueOf is what stands in a field: as it was put right, else as it came.
func (v FormView) valueOf(field string) string {
	if v.Typed.Has("field." + field) {
		return v.Typed.Get("field." + field)
	}
	return v.Opened.Mapped[field]
}

// faultAt says what is wrong with a field of the post.
func (v FormView) faultAt(d Desk, field string) string {
	for _, f := range v.Opened.Values {
		if f.Location == field && v.Typed == nil {
			return d.Invalid(f)
		}
	}
	return v.Errors.At(field)
}

func (v FormView) keysOf() []string { return slices.Sorted(maps.Keys(v.Opened.Fields)) }

func postTone(state inbound.PostState) Tone {
	switch state {
	case inbound.Taken:
		return ToneSuccess
	case inbound.Look:
		return ToneWarning
	default:
		return TonePlain
	}
}

func thingPath(kind importer.Kind, id string) string {
	if kind == importer.Offers {
		return "/console/offers/" + id
	}
	return "/console/requests/" + id
}
