package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// fieldsOf are what the form shows of a request, and what it was when the form was
// made.
func fieldsOf(r contract.Request) contract.RequestFields {
	f := contract.RequestFields{Title: r.Title, Description: r.Description, Urgency: r.Urgency, NeededBy: r.NeededBy}
	for _, l := range r.NeedLines {
		f.Lines = append(f.Lines, contract.LineFields{ID: l.ID, Specification: l.Specification, Quantity: l.Quantity})
	}
	return f
}

func (c console) editRequest(w http.ResponseWriter, r *http.Request) error {
	id := contract.RequestID(chi.URLParam(r, "id"))
	return c.act(w, r, requestPath(id), c.refuseRequest, func(ctx context.Context, form url.Values) (string, error) {
		q, err := c.editFrom(ctx, id, form, c.Pages.Printer(r).Zone())
		if err == nil {
			_, err = bus.Call(ctx, c.Bus, contract.RequestEdit, q)
		}
		return templates.FormEdit, err
	})
}

// editFrom reads the form. A line keeps its unit, which the request knows.
func (c console) editFrom(ctx context.Context, id contract.RequestID, form url.Values, zone *time.Location) (contract.EditRequest, error) {
	q := contract.EditRequest{ID: id}
	request, err := bus.Call(ctx, c.Bus, contract.RequestGet, contract.GetByID{ID: string(id)})
	if err != nil {
		return q, err
	}
	if err := json.Unmarshal([]byte(form.Get("was")), &q.Was); err != nil {
		return q, fault.NewInvalid(fault.Field{Location: "form", Code: check.Malformed})
	}
	q.Now = contract.RequestFields{
		Title: strings.TrimSpace(form.Get("title")), Urgency: contract.Urgency(form.Get("urgency")),
		Description: strings.TrimSpace(strings.ReplaceAll(form.Get("description"), "\r\n", "\n")),
	}
	var wrong []fault.Field
	q.Now.NeededBy = dayFrom("needed_by", form.Get("needed_by"), q.Was.NeededBy, zone, &wrong)
	q.Now.Lines = linesFrom(q.Was.Lines, form, unitsOf(request), &wrong)
	q.Added = addedFrom(form, &wrong)
	q = withoutRemoved(q, form["removed"])
	if len(wrong) > 0 {
		return q, fault.NewInvalid(wrong...)
	}
	return q, nil
}

// withoutRemoved moves the lines that are to go from the fields that stay.
func withoutRemoved(q contract.EditRequest, ids []string) contract.EditRequest {
	for i := len(q.Was.Lines) - 1; i >= 0; i-- {
		if id := q.Was.Lines[i].ID; slices.Contains(ids, string(id)) {
			q.Removed = append(q.Removed, id)
			q.Was.Lines, q.Now.Lines = slices.Delete(q.Was.Lines, i, i+1), slices.Delete(q.Now.Lines, i, i+1)
		}
	}
	return q
}

func unitsOf(r contract.Request) map[contract.NeedLineID]contract.Unit {
	units := map[contract.NeedLineID]contract.Unit{}
	for _, l := range r.NeedLines {
		units[l.ID] = l.Unit
	}
	return units
}

// dayFrom reads a date as the end of that day; one that is still the day that was
// keeps its hour.
func dayFrom(location, typed string, was *time.Time, zone *time.Location, wrong *[]fault.Field) *time.Time {
	if typed == "" {
		return nil
	}
	if was != nil && was.In(zone).Format(time.DateOnly) == typed {
		return was
	}
	day, err := time.ParseInLocation(time.DateOnly, typed, zone)
	if err != nil {
		*wrong = append(*wrong, fault.Field{Location: location, Code: "date"})
		return nil
	}
	end := day.AddDate(0, 0, 1).Add(-time.Second).UTC()
	return &end
}

func linesFrom(was []contract.LineFields, form url.Values, units map[contract.NeedLineID]contract.Unit, wrong *[]fault.Field) []contract.LineFields {
	lines := make([]contract.LineFields, len(was))
	for i, line := range was {
		lines[i] = contract.LineFields{ID: line.ID, Specification: strings.TrimSpace(nth(form["specification"], i))}
		quantity, ok := amountFrom(nth(form["quantity"], i), units[line.ID])
		if !ok {
			*wrong = append(*wrong, fault.Field{Location: check.At("lines", i, "quantity"), Code: "quantity"})
		}
		lines[i].Quantity = quantity
	}
	return lines
}

func nth(values []string, i int) string {
	if i < len(values) {
		return values[i]
	}
	return ""
}

// addedFrom reads the further line; none when no category was chosen.
func addedFrom(form url.Values, wrong *[]fault.Field) []contract.NeedLine {
	category := form.Get("added_category")
	if category == "" {
		return nil
	}
	line := contract.NeedLine{
		ID: contract.NeedLineID(form.Get("added_id")), Category: category,
		Specification: strings.TrimSpace(form.Get("added_specification")), Unit: contract.Unit(form.Get("added_unit")),
	}
	if line.Unit == "" {
		line.Unit = "other"
	}
	var ok bool
	if line.Quantity, ok = amountFrom(form.Get("added_quantity"), line.Unit); !ok {
		*wrong = append(*wrong, fault.Field{Location: "need_lines[0].quantity", Code: "quantity"})
	}
	return []contract.NeedLine{line}
}

// editCard shows the fields as they are or, after a refused edit, as they were
// typed: what the editor did not touch follows what stands there now.
func (c console) editCard(d templates.Desk, request contract.Request, f *refusal) templates.EditCard {
	e := templates.EditCard{
		May: hasName(request.Moves, "edit"), Action: requestPath(request.ID) + "/edit",
		Urgencies: urgencyChoices(d), Categories: c.categoryChoices(d),
	}
	stands := fieldsOf(request)
	shown := stands
	e.Added.ID = contract.NewID[string]()
	if f != nil && f.name == templates.FormEdit {
		shown = typedOver(d, &e, stands, request, f)
	}
	e.Title, e.Description, e.Urgency = shown.Title, shown.Description, string(shown.Urgency)
	if shown.NeededBy != nil {
		e.NeededBy = shown.NeededBy.In(d.Zone()).Format(time.DateOnly)
	}
	units := unitsOf(request)
	for i, l := range shown.Lines {
		line := templates.EditLine{
			Removable: removable(request, l.ID), Removed: f != nil && slices.Contains(f.form["removed"], string(l.ID)),
			ID: string(l.ID), Name: lineLabel(d, request, l.ID), Specification: l.Specification, Unit: units[l.ID],
		}
		if l.Quantity != nil {
			line.Quantity = amountText(*l.Quantity, units[l.ID])
		}
		if e.Open && e.Errors.At(check.At("lines", i, "quantity")) != "" {
			line.Quantity = nth(f.form["quantity"], i)
		}
		e.Lines = append(e.Lines, line)
	}
	was, err := json.Marshal(stands)
	if err == nil {
		e.Was = string(was)
	}
	return e
}

// removable reports whether no match holds or has served a line, and another is there.
func removable(request contract.Request, id contract.NeedLineID) bool {
	n := slices.IndexFunc(request.NeedLines, func(l contract.NeedLineView) bool { return l.ID == id })
	if n < 0 || len(request.NeedLines) == 1 {
		return false
	}
	l := request.NeedLines[n]
	return max(l.Proposed+l.Matched, l.InProgress, l.Reported, l.Confirmed) == 0
}

func lineLabel(d templates.Desk, request contract.Request, id contract.NeedLineID) string {
	for _, l := range request.NeedLines {
		if l.ID == id {
			return d.T("desk.edit.line", "name", templates.LineName(d, l.Category, l.Item))
		}
	}
	return ""
}

func hasName(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// typedOver lays what was typed over what stands now, field by field, and notes
// where both differ from what the editor saw.
func typedOver(d templates.Desk, e *templates.EditCard, stands contract.RequestFields, request contract.Request, f *refusal) contract.RequestFields {
	e.Open, e.Errors = true, templates.ErrorsOf(d.Page, f.err)
	e.Added = templates.EditLine{
		ID: f.form.Get("added_id"), Specification: f.form.Get("added_specification"), Quantity: f.form.Get("added_quantity"),
	}
	e.AddedCategory, e.AddedUnit = f.form.Get("added_category"), f.form.Get("added_unit")
	var was contract.RequestFields
	if json.Unmarshal([]byte(f.form.Get("was")), &was) != nil {
		return stands
	}
	var unread []fault.Field // told already
	typed := contract.RequestFields{
		Title: strings.TrimSpace(f.form.Get("title")), Urgency: contract.Urgency(f.form.Get("urgency")),
		Description: strings.TrimSpace(strings.ReplaceAll(f.form.Get("description"), "\r\n", "\n")),
		NeededBy:    dayFrom("", f.form.Get("needed_by"), was.NeededBy, d.Zone(), &unread),
		Lines:       linesFrom(was.Lines, f.form, unitsOf(request), &unread),
	}
	l := layer{d: d, card: e}
	shown := contract.RequestFields{
		Title:       l.over(d.T("label.title"), was.Title, stands.Title, typed.Title),
		Description: l.over(d.T("label.description"), was.Description, stands.Description, typed.Description),
		Urgency:     contract.Urgency(l.named(d.T("label.urgency"), string(was.Urgency), string(stands.Urgency), string(typed.Urgency), func(u string) string { return d.Urgency(contract.Urgency(u)) })),
		NeededBy:    l.day(was.NeededBy, stands.NeededBy, typed.NeededBy),
	}
	shown.Lines = l.lines(request, was.Lines, stands.Lines, typed.Lines)
	return shown
}
