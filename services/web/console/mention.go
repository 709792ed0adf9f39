package console

import (
	"context"
	"net/http"
	"net/url"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

const mentionsPath = "/console/mentions"

// mentions shows the notes in which the reader is mentioned.
func (c console) mentions(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("desk.mentions"))
	found, err := bus.Call(r.Context(), c.Bus, contract.RequestMentions, contract.AskMentions{})
	return c.list(w, r, d, err, templates.ConsoleMentions(d, found))
}

func (c console) seeMention(w http.ResponseWriter, r *http.Request) error {
	again := func(http.ResponseWriter, *http.Request, *refusal) error { return c.mentions(w, r) }
	return c.act(w, r, mentionsPath, again, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.RequestSeeMention, contract.SeeMention{NoteID: contract.NoteID(form.Get("note_id"))})
		return "", err
	})
}

// unseen is how many mentions wait for the reader; 0 while they cannot be counted.
func (c console) unseen(ctx context.Context) int64 {
	if !access.May(contract.ActorFrom(ctx).Role, access.WriteNotes) {
		return 0
	}
	found, err := bus.Call(ctx, c.Bus, contract.RequestMentions, contract.AskMentions{CountOnly: true})
	if err != nil {
		return 0
	}
	return int64(found.Unseen)
}
