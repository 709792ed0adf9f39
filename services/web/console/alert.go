package console

import (
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

// alerts shows who read unusually many contacts, to those who answer for it.
func (c console) alerts(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("console.alerts.title"))
	listing, err := bus.Call(r.Context(), c.Bus, contract.DirectoryAlerts, contract.Empty{})
	return c.list(w, r, d, err, templates.ConsoleAlerts(d, listing.Items))
}
