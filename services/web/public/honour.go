package public

import (
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

// honoursCache lets anybody keep the honour roll for five minutes.
const honoursCache = "public, max-age=300"

// honoursPage is how many organisations one page of the roll names.
const honoursPage = 100

// honours shows the organisations that took part.
func (p pages) honours(w http.ResponseWriter, r *http.Request) error {
	ctx := publicly(r).Context()
	helped, err := bus.Call(ctx, p.Bus, contract.MatcherHonours, contract.Empty{})
	if err != nil {
		return err
	}
	listing, err := bus.Call(ctx, p.Bus, contract.DirectoryHonours, contract.AskHonours{
		Page: contract.Page{Limit: honoursPage, Cursor: r.URL.Query().Get("cursor")}, Codes: helped.Organisations,
	})
	if err != nil {
		return err
	}
	page, ref := p.Pages.Of(r), p.snapshot()
	shown := templates.Honours{Next: listing.NextCursor}
	for _, o := range listing.Items {
		row := templates.HonourRow{Name: o.Name, Level: page.Level(o.Level), Place: placeName(page, ref, o.RegionCode)}
		if ref != nil {
			for _, code := range o.Specialties {
				row.Specialties = append(row.Specialties, categoryName(page, ref, code))
			}
		}
		shown.Rows = append(shown.Rows, row)
	}
	w.Header().Set("Cache-Control", honoursCache)
	w.Header().Add("Vary", "Cookie, Accept-Language")
	p.Pages.Render(w, r, http.StatusOK, templates.HonourRoll(page, shown))
	return nil
}
