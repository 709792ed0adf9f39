package console

import (
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

func (c console) organisations(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("console.organisations.title"))
	shown := templates.Organisations{Filters: templates.Filters{Text: d.Query.Get("text"), Region: d.Query.Get("region"), Regions: c.regionChoices(d)}}
	listing, err := bus.Call(r.Context(), c.Bus, contract.DirectoryOrganisations, contract.ListOrganisations{
		Page: contract.Page{Cursor: d.Query.Get("cursor")}, Text: shown.Filters.Text, RegionCode: shown.Filters.Region,
	})
	shown.Rows, shown.Next = listing.Items, listing.NextCursor
	return c.list(w, r, d, err, templates.ConsoleOrganisations(d, shown))
}
