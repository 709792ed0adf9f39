package console

import (
	"net/http"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

func (c console) organisations(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("console.organisations.title"))
	shown := templates.Organisations{
		Filters: c.organisationFilters(d), May: access.May(contract.ActorFrom(r.Context()).Role, access.Register),
	}
	listing, err := bus.Call(r.Context(), c.Bus, contract.DirectoryOrganisations, contract.ListOrganisations{
		Page: contract.Page{Cursor: d.Query.Get("cursor")}, Text: shown.Filters.Text, RegionCode: shown.Filters.Region,
		Level: shown.Filters.Level, Specialty: shown.Filters.Category,
	})
	if err != nil {
		return c.list(w, r, d, err, templates.ConsoleOrganisations(d, shown))
	}
	shown.Rows, shown.Next = listing.Items, listing.NextCursor
	counts, err := bus.Call(r.Context(), c.Bus, contract.DirectoryRollUp, contract.AskRollUp{RegionCode: shown.Filters.Region})
	shown.Places = placeCounts(counts)
	return c.list(w, r, d, err, templates.ConsoleOrganisations(d, shown))
}

func (c console) organisationFilters(d templates.Desk) templates.Filters {
	f := templates.Filters{
		Text: d.Query.Get("text"), Region: d.Query.Get("region"), Category: d.Query.Get("category"), Level: d.Query.Get("level"),
		Regions: c.regionChoices(d), Categories: c.categoryChoices(d),
	}
	for _, level := range templates.OrganisationLevels() {
		f.Levels = append(f.Levels, templates.Option{Value: level, Label: d.Level(level)})
	}
	return f
}

// placeCounts gathers the rows of one region, which come together.
func placeCounts(counts contract.RollUp) []templates.PlaceCount {
	var places []templates.PlaceCount
	for _, row := range counts.Items {
		if n := len(places); n == 0 || places[n-1].RegionCode != row.RegionCode {
			places = append(places, templates.PlaceCount{
				RegionCode: row.RegionCode, ByLevel: map[string]int64{}, Below: row.RegionCode != counts.RegionCode,
			})
		}
		place := &places[len(places)-1]
		place.ByLevel[row.Level] += row.Count
		place.Total += row.Count
		place.Verified += row.Verified
	}
	return places
}
