package console

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

// Values of the filter by who takes care.
const (
	claimedByMe     = "me"
	claimedByNobody = "none"
)

const day = 24 * time.Hour

// age is a choice of how long a request has waited.
type age struct {
	name        string
	least, most time.Duration // most 0: however long
}

var ages = []age{
	{"under_1d", 0, day}, {"over_1d", day, 0}, {"over_3d", 3 * day, 0}, {"over_7d", 7 * day, 0}, {"over_30d", 30 * day, 0},
}

// requestFilter is what the address of the queue asks for.
func requestFilter(actor contract.Actor, query url.Values, now time.Time) contract.ListRequests {
	text := func(name string) string { return strings.TrimSpace(query.Get(name)) }
	q := contract.ListRequests{
		Page: contract.Page{Cursor: query.Get("cursor")}, States: viewOf(queueViews, query.Get("tab")).states,
		RegionCode: text("region"), Organisation: text("organisation"), Campaign: text("campaign"), Source: text("source"),
		Language: text("language"), Text: query.Get("text"), ClaimedBy: claimer(actor, query.Get("claimed")),
	}
	if tab := query.Get("tab"); slices.Contains(contract.RequestQueues(), tab) {
		q.States, q.Queue = nil, tab
	}
	if state := query.Get("state"); state != "" {
		q.States = []string{state}
	}
	if urgency := query.Get("urgency"); urgency != "" {
		q.Urgencies = []contract.Urgency{contract.Urgency(urgency)}
	}
	if category := query.Get("category"); category != "" {
		q.Categories = []string{category}
	}
	if i := slices.IndexFunc(ages, func(a age) bool { return a.name == query.Get("age") }); i >= 0 {
		if ages[i].least > 0 {
			q.CreatedBefore = now.Add(-ages[i].least)
		}
		if ages[i].most > 0 {
			q.CreatedAfter = now.Add(-ages[i].most)
		}
	}
	return q
}

func claimer(actor contract.Actor, who string) *string {
	switch who {
	case "":
		return nil
	case claimedByMe:
		return new(actor.ID())
	case claimedByNobody:
		return new("")
	default:
		return &who
	}
}

// queueFilters returns what the queue is narrowed by, with the choices.
func (c console) queueFilters(ctx context.Context, d templates.Desk, tab string) templates.Filters {
	f := c.filters(d, contract.ThingRequest, requestStates)
	f.Tab, f.Organisation, f.Campaign, f.Source = tab, d.Query.Get("organisation"), d.Query.Get("campaign"), d.Query.Get("source")
	f.Claimed, f.Age, f.Language = d.Query.Get("claimed"), d.Query.Get("age"), d.Query.Get("language")
	if d.Frame.Title == "" {
		return f
	}
	f.Urgencies, f.Languages, f.Campaigns = urgencyChoices(d), templates.TongueOptions(d.Page), c.campaignChoices(ctx, d, f.Campaign)
	for _, a := range ages {
		f.Ages = append(f.Ages, templates.Option{Value: a.name, Label: d.T("queue.age." + a.name)})
	}
	for _, who := range []string{claimedByMe, claimedByNobody} {
		f.Claims = append(f.Claims, templates.Option{Value: who, Label: d.T("queue.claimed." + who)})
	}
	f.Claims = append(f.Claims, c.claimers(ctx, d, f.Claimed)...)
	return f
}

// claimers are the colleagues who may have claimed something; somebody else whom the
// address asks for is there too.
func (c console) claimers(ctx context.Context, d templates.Desk, asked string) []templates.Option {
	actor := contract.ActorFrom(ctx)
	var options []templates.Option
	if access.May(actor.Role, access.WriteNotes) {
		listing, err := bus.Call(ctx, c.Bus, contract.DirectoryColleagues, contract.AskColleagues{Path: actor.Path})
		if err != nil {
			c.Log.WarnContext(ctx, "list colleagues", "error", err)
		}
		for _, colleague := range listing.Items {
			if colleague.ID != actor.PersonID {
				options = append(options, templates.Option{Value: string(colleague.ID), Label: colleague.Name})
			}
		}
	}
	known := func(o templates.Option) bool { return o.Value == asked }
	if asked != "" && asked != claimedByMe && asked != claimedByNobody && !slices.ContainsFunc(options, known) {
		options = append(options, templates.Option{Value: asked, Label: d.T("queue.claimed.other")})
	}
	return options
}

// campaignChoices names the campaigns; without the directory only the one that
// the address names is there to choose.
func (c console) campaignChoices(ctx context.Context, d templates.Desk, asked string) []templates.Option {
	var options []templates.Option
	listing, err := bus.Call(ctx, c.Bus, contract.DirectoryCampaigns, contract.Empty{})
	if err != nil {
		c.Log.WarnContext(ctx, "list campaigns", "error", err)
	}
	for _, campaign := range listing.Items {
		name := campaign.Name[string(d.Lang())]
		if name == "" {
			name = campaign.Code
		}
		options = append(options, templates.Option{Value: campaign.Code, Label: name})
	}
	if asked != "" && !slices.ContainsFunc(options, func(o templates.Option) bool { return o.Value == asked }) {
		options = append(options, templates.Option{Value: asked, Label: asked})
	}
	return options
}

// columnsOf returns the columns that the address asks for, in their usual order;
// without any the usual ones of its tab.
func columnsOf(query url.Values) []string {
	var columns []string
	for _, name := range templates.QueueColumns() {
		if slices.Contains(query["columns"], name) {
			columns = append(columns, name)
		}
	}
	if columns == nil {
		return templates.UsualColumns(query.Get("tab"))
	}
	return columns
}
