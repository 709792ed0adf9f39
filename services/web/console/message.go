package console

import (
	"context"
	"net/http"
	"net/url"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

const messagesPath = "/console/messages"

// messageLog shows what was sent to people, about everything or about one request
// or offer.
func (c console) messageLog(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, &url.URL{Path: messagesPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("messages.title"))
	q := contract.ListMessages{
		Page: contract.Page{Cursor: d.Query.Get("cursor")}, SubjectID: d.Query.Get("subject"),
	}
	v := templates.Messages{State: d.Query.Get("state"), Off: !c.writes(r.Context())}
	if v.State != "" {
		q.States = []string{v.State}
	}
	listing, err := bus.Call(r.Context(), c.Bus, contract.NotifyMessages, q)
	v.Rows, v.Next = listing.Items, listing.NextCursor
	if q.SubjectID != "" {
		v.Subject = codeOf(v.Rows)
	}
	return c.list(w, r, d, err, templates.ConsoleMessages(d, v))
}

// writes reports whether people are written to at all.
func (c console) writes(ctx context.Context) bool {
	answer, err := bus.Call(ctx, c.Bus, contract.NotifyChannels, contract.Empty{})
	return err != nil || len(answer.Channels) > 0 // what cannot be asked is not denied
}

// codeOf returns the code of what messages are about; a dash before any was tried.
func codeOf(rows []contract.Message) string {
	for _, row := range rows {
		if row.Code != "" {
			return row.Code
		}
	}
	return "–"
}
