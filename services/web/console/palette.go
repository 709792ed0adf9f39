package console

import (
	"net/http"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

const palettePath = "/console/palette"

// palette lists where one can go from any page: pages, queues and saved views.
// The script adds what the page itself offers.
func (c console) palette(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, "")
	actor := contract.ActorFrom(r.Context())
	groups := []templates.PaletteGroup{{Label: d.T("palette.pages"), Items: navigation(d.Page, actor.Role, nil)}}
	if access.May(actor.Role, access.ListRequests) {
		queues := templates.PaletteGroup{Label: d.T("palette.queues")}
		for _, v := range queueViews {
			queues.Items = append(queues.Items, templates.NavItem{Href: home + "?tab=" + v.name, Label: d.T("console.tab.request." + v.name), Icon: templates.GlyphList})
		}
		for _, v := range matchViews {
			queues.Items = append(queues.Items, templates.NavItem{
				Href: matchesPath + "?queue=" + v.name, Label: d.T("console.nav.matches") + " · " + d.T("console.tab.match."+v.name), Icon: templates.GlyphLink,
			})
		}
		views := templates.PaletteGroup{Label: d.T("palette.views")}
		for _, v := range c.savedViews(r.Context(), d) {
			views.Items = append(views.Items, templates.NavItem{Href: v.Href, Label: v.Name, Icon: templates.GlyphSearch})
		}
		groups = append(groups, queues, views)
	}
	c.Pages.Render(w, r, http.StatusOK, templates.PaletteOptions(d.Page, groups))
	return nil
}
