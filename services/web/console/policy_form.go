package console

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// Bounds that the form shows; the matcher checks its own.
const (
	maxWeight  = "100"
	maxMinutes = 525_600 // a year
	minute     = 60      // seconds
)

// newPolicyForm lays the numbers of a policy out.
func newPolicyForm(d templates.Desk, document map[string]any) templates.PolicyForm {
	f := templates.PolicyForm{Mode: textAt(document, "mode")}
	weights, _ := document["weights"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		f.Weights = append(f.Weights, templates.PolicyField{
			Name: "weights." + name, Label: d.T("factor_name." + name), Value: numberAt(weights, name), Min: "0", Max: maxWeight, Step: "any",
		})
	}
	f.Holds, f.Waits = spanFields(d, document, "hold_s"), spanFields(d, document, "wait_s")
	for _, name := range slices.Sorted(maps.Keys(document)) {
		if _, isNumber := document[name].(float64); isNumber {
			f.Others = append(f.Others, templates.PolicyField{
				Name: name, Label: d.T("policy_field." + name), Hint: d.T("policy_hint." + name), Value: numberAt(document, name), Min: "1", Step: "1",
			})
		}
	}
	return f
}

// spanFields are spans by urgency, in minutes.
func spanFields(d templates.Desk, document map[string]any, name string) []templates.PolicyField {
	spans, _ := document[name].(map[string]any)
	var fields []templates.PolicyField
	for _, urgency := range contract.Urgencies() {
		seconds, _ := spans[string(urgency)].(float64)
		fields = append(fields, templates.PolicyField{
			Name: name + "." + string(urgency), Label: d.T("admin.policy.minutes", "urgency", d.Urgency(urgency)),
			Value: strconv.FormatFloat(seconds/minute, 'f', -1, 64), Min: "1", Max: strconv.Itoa(maxMinutes), Step: "1", Minutes: true,
		})
	}
	return fields
}

func textAt(values map[string]any, name string) string {
	text, _ := values[name].(string)
	return text
}

func numberAt(values map[string]any, name string) string {
	number, _ := values[name].(float64)
	return strconv.FormatFloat(number, 'f', -1, 64)
}

// readPolicyForm puts what was typed into the document, and returns the form with
// it and an Invalid fault that names every number that is none.
func readPolicyForm(d templates.Desk, document map[string]any, form url.Values) (templates.PolicyForm, error) {
	f := newPolicyForm(d, document)
	f.Organisation, f.Category = strings.TrimSpace(form.Get("organisation")), form.Get("category")
	f.Mode, f.Reason, f.Key = form.Get("mode"), strings.TrimSpace(form.Get("reason")), form.Get("key")
	document["mode"] = f.Mode
	var wrong []fault.Field
	for _, fields := range [][]templates.PolicyField{f.Weights, f.Holds, f.Waits, f.Others} {
		for i := range fields {
			field := &fields[i]
			field.Value = strings.TrimSpace(form.Get(field.Name))
			if !putNumber(document, *field) {
				wrong = append(wrong, fault.Field{Location: field.Name, Code: check.Malformed})
			}
		}
	}
	if len(wrong) > 0 {
		return f, fault.NewInvalid(wrong...)
	}
	return f, nil
}

// putNumber stores a typed number at its place in the document; false when it is
// none. Only weights may have a fraction.
func putNumber(document map[string]any, field templates.PolicyField) bool {
	value, err := strconv.ParseFloat(field.Value, 64)
	if err != nil || value != value || value > 1e12 || value < -1e12 {
		return false
	}
	if field.Minutes {
		value *= minute
	}
	group, name, nested := strings.Cut(field.Name, ".")
	if field.Step != "any" && value != float64(int64(value)) {
		return false
	}
	number := json.Number(strconv.FormatFloat(value, 'f', -1, 64))
	if !nested {
		document[group] = number
		return true
	}
	values, ok := document[group].(map[string]any)
	if !ok {
		return false
	}
	values[name] = number
	return true
}

// markPolicy puts what is wrong beside each number.
func markPolicy(f *templates.PolicyForm) {
	for _, fields := range [][]templates.PolicyField{f.Weights, f.Holds, f.Waits, f.Others} {
		for i := range fields {
			fields[i].Error = f.Errors.At(fields[i].Name)
			f.Errors.Label(fields[i].Name, fields[i].Label)
		}
	}
}
