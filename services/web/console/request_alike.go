package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/page"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// alike shows the requests that may ask for the same as one, and one of them beside
// it.
func (c console) alike(w http.ResponseWriter, r *http.Request) error { return c.alikePage(w, r, nil) }

func (c console) alikePage(w http.ResponseWriter, r *http.Request, f *refusal) error {
	request, err := c.request(r)
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: requestPath(request.ID) + "/alike", RawQuery: r.URL.RawQuery}, request.Code)
	listing, err := bus.Call(r.Context(), c.Bus, contract.RequestAlike, contract.GetByID{ID: string(request.ID)})
	if err != nil {
		return c.list(w, r, d, err, nil)
	}
	v := templates.AlikeView{
		Request: request, Alike: listing.Items, Action: requestPath(request.ID) + "/link", Urgencies: moreUrgent(d, request.Urgency),
	}
	asked := d.Query.Get("other")
	status := http.StatusOK
	if f != nil {
		asked, status = f.form.Get("other"), page.StatusOf(f.err)
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(f.err), Fields: templates.ErrorsOf(d.Page, f.err)}
	}
	for i := range v.Alike {
		if string(v.Alike[i].Request.ID) == asked {
			v.Chosen = &v.Alike[i]
		}
	}
	c.merge(r.Context(), d, &v)
	c.Pages.Render(w, r, status, templates.ConsoleAlike(d, v))
	return nil
}

// moreUrgent are the urgency of a request and those that it could be raised to.
func moreUrgent(d templates.Desk, urgency contract.Urgency) []templates.Option {
	return urgencyChoices(d)[:slices.Index(contract.Urgencies(), urgency)+1]
}

// merge adds what a request and all that are linked to it ask for together, and
// what happened to them.
func (c console) merge(ctx context.Context, d templates.Desk, v *templates.AlikeView) {
	var ids []contract.RequestID
	for _, a := range v.Alike {
		if a.Linked {
			ids = append(ids, a.Request.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	whole := lookUp(ctx, ids, func(ctx context.Context, id contract.RequestID) (contract.Request, error) {
		return bus.Call(ctx, c.Bus, contract.RequestGet, contract.GetByID{ID: string(id)})
	})
	all := []contract.Request{v.Request}
	for _, id := range ids {
		if r := whole[id]; r != nil {
			all = append(all, *r)
		}
	}
	v.Merged = mergedLines(d, all)
	for _, r := range all {
		for _, step := range templates.TimelineOf(d, r, nil, nil) {
			step.Title = r.Code + " · " + step.Title
			v.Timeline = append(v.Timeline, step)
		}
	}
	v.Timeline = templates.NewestFirst(v.Timeline)
}

// mergedLines adds up what several requests ask for of the same thing in the same
// unit. One that does not state how much makes the sum unknown.
func mergedLines(d templates.Desk, all []contract.Request) []templates.MergedLine {
	var lines []templates.MergedLine
	for _, r := range all {
		for _, l := range r.NeedLines {
			name := templates.LineName(d, l.Category, l.Item)
			n := slices.IndexFunc(lines, func(m templates.MergedLine) bool { return m.Name == name && m.Unit == l.Unit })
			if n < 0 {
				zero := int64(0)
				lines, n = append(lines, templates.MergedLine{Name: name, Unit: l.Unit, Quantity: &zero}), len(lines)
			}
			lines[n] = added(lines[n], l, r.Code)
		}
	}
	return lines
}

func added(m templates.MergedLine, l contract.NeedLineView, code string) templates.MergedLine {
	m.Matched += l.Matched
	if !slices.Contains(m.Codes, code) {
		m.Codes = append(m.Codes, code)
	}
	if m.Quantity == nil || l.Quantity == nil {
		m.Quantity = nil
		return m
	}
	sum := *m.Quantity + *l.Quantity
	m.Quantity = &sum
	return m
}

// linkRequest links the two, or ends their link.
func (c console) linkRequest(w http.ResponseWriter, r *http.Request) error {
	id := contract.RequestID(chi.URLParam(r, "id"))
	return c.act(w, r, requestPath(id)+"/alike", c.alikePage, func(ctx context.Context, form url.Values) (string, error) {
		q := contract.LinkRequests{
			ID: id, OtherID: contract.RequestID(form.Get("other")), Linked: form.Get("do") == "link",
			Urgency: contract.Urgency(form.Get("urgency")),
		}
		_, err := bus.Call(ctx, c.Bus, contract.RequestLink, q)
		if err == nil {
			site.TouchRequest(r.Context(), c.Bus, q.ID)
			site.TouchRequest(r.Context(), c.Bus, q.OtherID)
		}
		return "link", err
	})
}
