package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const webhooksPath = "/console/webhooks"

func webhookPath(id contract.EndpointID) string { return webhooksPath + "/" + string(id) }

func (c console) webhooks(w http.ResponseWriter, r *http.Request) error {
	return c.webhooksPage(w, r, templates.WebhookForm{ID: contract.NewID[string]()}, nil, nil)
}

// webhooksPage lists the endpoints, with the form for another: after a refusal
// as it was typed, after a registration with the new secret.
func (c console) webhooksPage(
	w http.ResponseWriter, r *http.Request, form templates.WebhookForm, created *contract.Webhook, refused error,
) error {
	d := c.desk(r, &url.URL{Path: webhooksPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("console.webhooks.title"))
	listing, err := bus.Call(r.Context(), c.Bus, contract.NotifyWebhooks,
		contract.ListWebhooks{Page: contract.Page{Cursor: d.Query.Get("cursor")}})
	shown := templates.Webhooks{Rows: listing.Items, Next: listing.NextCursor, New: form, Created: created}
	if refused == nil {
		return c.list(w, r, d, err, templates.ConsoleWebhooks(d, shown))
	}
	if err != nil {
		return err
	}
	shown.New.Errors = templates.ErrorsOf(d.Page, refused)
	d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(refused)}
	c.Pages.Render(w, r, page.StatusOf(refused), templates.ConsoleWebhooks(d, shown))
	return nil
}

// register makes an endpoint and shows its secret, in the answer itself: it is
// kept nowhere on the way. Sent again, the page comes without it.
func (c console) register(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	typed := templates.WebhookForm{
		ID: r.PostForm.Get("id"), URL: strings.TrimSpace(r.PostForm.Get("url")), Events: r.PostForm.Get("events"),
		Description: strings.TrimSpace(r.PostForm.Get("description")),
	}
	draft := contract.WebhookDraft{
		ID: contract.EndpointID(typed.ID), URL: typed.URL, Events: eventsFrom(typed.Events), Description: typed.Description,
	}
	hash, err := idempotency.Hash(draft)
	if err != nil {
		return err
	}
	draft.Key, draft.BodyHash = "console:"+typed.ID, hash
	created, err := bus.Call(r.Context(), c.Bus, contract.NotifyRegister, draft)
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.webhooksPage(w, r, typed, nil, f.err)
		})
	}
	return c.webhooksPage(w, r, templates.WebhookForm{ID: contract.NewID[string]()}, &created, nil)
}

func eventsFrom(typed string) []string {
	return strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(" ,;，、；\t", r) })
}

func (c console) showWebhook(w http.ResponseWriter, r *http.Request) error {
	return c.webhookPage(w, r, nil, nil)
}

func (c console) webhookPage(w http.ResponseWriter, r *http.Request, rotated *contract.Webhook, f *refusal) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	hook, err := bus.Call(r.Context(), c.Bus, contract.NotifyWebhook, contract.WebhookByID{ID: id})
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: webhookPath(id), RawQuery: r.URL.RawQuery}, hook.URL)
	v := templates.WebhookView{Webhook: hook, State: d.Query.Get("state"), Rotated: rotated}
	q := contract.ListDeliveries{Page: contract.Page{Cursor: d.Query.Get("cursor")}, EndpointID: id}
	if v.State != "" {
		q.States = []string{v.State}
	}
	listing, err := bus.Call(r.Context(), c.Bus, contract.NotifyDeliveries, q)
	v.Deliveries, v.Next = listing.Items, listing.NextCursor
	if f != nil && err == nil {
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(f.err)}
		c.Pages.Render(w, r, page.StatusOf(f.err), templates.ConsoleWebhook(d, v))
		return nil
	}
	return c.list(w, r, d, err, templates.ConsoleWebhook(d, v))
}

func (c console) refuseWebhook(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.webhookPage(w, r, nil, f)
}

func (c console) testWebhook(w http.ResponseWriter, r *http.Request) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	return c.act(w, r, webhookPath(id), c.refuseWebhook, func(ctx context.Context, _ url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.NotifyTest, contract.WebhookByID{ID: id})
		return "", err
	})
}

// rotateWebhook shows the new secret in the answer itself.
func (c console) rotateWebhook(w http.ResponseWriter, r *http.Request) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	rotated, err := bus.Call(r.Context(), c.Bus, contract.NotifyRotate, contract.WebhookByID{ID: id})
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refuseWebhook)
	}
	return c.webhookPage(w, r, &rotated, nil)
}

// replayDays is how far back a replay of all dead deliveries reaches: as long
// as they are kept.
const replayDays = 7

// replayWebhook sends one delivery again, or all dead ones.
func (c console) replayWebhook(w http.ResponseWriter, r *http.Request) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	return c.act(w, r, webhookPath(id), c.refuseWebhook, func(ctx context.Context, form url.Values) (string, error) {
		q := contract.ReplayDeliveries{EndpointID: id}
		if delivery := form.Get("delivery"); delivery != "" {
			q.IDs = []contract.DeliveryID{contract.DeliveryID(delivery)}
		} else {
			from := c.Clock().Add(-replayDays * 24 * time.Hour)
			q.Since = &from
		}
		_, err := bus.Call(ctx, c.Bus, contract.NotifyReplay, q)
		return "", err
	})
}

func (c console) removeWebhook(w http.ResponseWriter, r *http.Request) error {
	_, err := bus.Call(r.Context(), c.Bus, contract.NotifyRemove, contract.WebhookByID{ID: contract.EndpointID(chi.URLParam(r, "id"))})
	if err != nil && !fault.Is(err, fault.NotFound) { // removed already
		return c.refuse(w, r, &refusal{err: err}, c.refuseWebhook)
	}
	return done(w, r, webhooksPath)
}
