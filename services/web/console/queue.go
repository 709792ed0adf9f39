package console

import (
	"context"
	"maps"
	"net/http"

	"github.com/a-h/templ"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

// view is a tab of a list: some states, or a queue of the service that is counted
// under the name of the tab.
type view struct {
	name   string
	states []string
}

// queueViews are the tabs of the queue; the one without states shows all. Those
// to follow up wait until somebody asks again.
var queueViews = []view{
	{"new", []string{"submitted", "referred"}},
	{"to_match", []string{"triaged", "open", "partially_matched", "reopened"}},
	{contract.QueueAwaiting, []string{contract.QueueAwaiting}},
	{contract.QueueStuck, []string{contract.QueueStuck}},
	{"in_progress", []string{"matched", "in_progress"}},
	{"follow_up", []string{"needs_info", "on_hold", "reported_fulfilled"}},
	{contract.QueueDue, []string{contract.QueueDue}},
	{"disputed", []string{"disputed"}},
	{"all", nil},
}

// requestStates are the states that a list can be narrowed to.
var requestStates = []string{"submitted", "needs_info", "referred", "triaged", "open", "partially_matched", "matched",
	"in_progress", "reported_fulfilled", "confirmed", "on_hold", "reopened", "disputed", "closed"}

// viewOf returns the tab of a name, the first for an unknown one.
func viewOf(views []view, name string) view {
	for _, v := range views {
		if v.name == name {
			return v
		}
	}
	return views[0]
}

func (c console) queue(w http.ResponseWriter, r *http.Request) error {
	if first := firstPage(contract.ActorFrom(r.Context()).Role); first != home {
		http.Redirect(w, r, first, http.StatusSeeOther)
		return nil
	}
	if first, found := c.firstView(r); found {
		http.Redirect(w, r, first, http.StatusSeeOther)
		return nil
	}
	if part(r) == templates.PartQueue {
		return c.sharedPart(w, r, func(ctx context.Context, d templates.Desk) (templ.Component, error) {
			q, err := c.loadQueue(ctx, d)
			return templates.QueuePart(d, q), err
		})
	}
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("console.queue.title"))
	d.Frame.Live = livePath
	q, err := c.loadQueue(r.Context(), d)
	return c.list(w, r, d, err, templates.ConsoleQueue(d, q))
}

// firstPage is where somebody with the role begins.
func firstPage(role contract.Role) string {
	switch {
	case access.May(role, access.ListRequests):
		return home
	case access.May(role, access.LeadPool):
		return poolPath
	default:
		return accountPath
	}
}

func (c console) loadQueue(ctx context.Context, d templates.Desk) (templates.Queue, error) {
	shown := viewOf(queueViews, d.Query.Get("tab"))
	actor := contract.ActorFrom(ctx)
	q := templates.Queue{
		Filters: c.queueFilters(ctx, d, shown.name), Columns: columnsOf(d.Query),
		BulkMoves: bulkMovesOf(actor.Role), MayExport: access.May(actor.Role, access.ExportRequests),
	}
	listing, err := bus.Call(ctx, c.Bus, contract.RequestList, requestFilter(actor, d.Query, c.Clock()))
	if err != nil {
		return q, err
	}
	q.Rows, q.Next = listing.Items, listing.NextCursor
	counts, err := bus.Call(ctx, c.Bus, contract.RequestCount, contract.Empty{})
	if err != nil {
		return q, err
	}
	q.Tabs = tabsOf(queueViews, shown, waitingOf(counts), func(name string) (string, string) {
		return home + "?tab=" + name, d.T("console.tab.request." + name)
	})
	if d.Frame.Title != "" {
		q.Views = c.savedViews(ctx, d)
	}
	return q, nil
}

// waitingOf are the counts of states and queues together, which share no name.
func waitingOf(counts contract.Counts) map[string]int64 {
	waiting := map[string]int64{}
	maps.Copy(waiting, counts.ByState)
	maps.Copy(waiting, counts.Queues)
	return waiting
}

// tabsOf turns views into tabs with how many rows each has.
func tabsOf(views []view, shown view, counts map[string]int64, name func(string) (href, label string)) []templates.Tab {
	tabs := make([]templates.Tab, 0, len(views))
	for _, v := range views {
		href, label := name(v.name)
		tab := templates.Tab{Href: href, Label: label, Counted: len(v.states) > 0, Current: v.name == shown.name}
		for _, state := range v.states {
			tab.Count += counts[state]
		}
		tabs = append(tabs, tab)
	}
	return tabs
}
