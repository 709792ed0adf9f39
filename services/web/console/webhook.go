package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const webhooksPath = "/console/webhooks"

func webhookPath(id contract.EndpointID) string { return webhooksPath + "/" + string(id) }

func (c console) webhooks(w http.ResponseWriter, r *http.Request) error {
	return c.webhooksPage(w, r, c.emptyWebhook(r), nil, nil)
}

// emptyWebhook is the form as it begins: what a robot would say is in the
// reader's language and zone.
func (c console) emptyWebhook(r *http.Request) templates.WebhookForm {
	p := c.Pages.Printer(r)
	return templates.WebhookForm{ID: contract.NewID[string](), Kind: string(contract.KindWebhook), Times: templates.NoticeForm{
		Language: string(p.Lang()), Digest: string(contract.DigestNone), TimeZone: p.Zone().String(),
	}}
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
	d.Notice = formNotice(d, refused)
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
		Description: strings.TrimSpace(r.PostForm.Get("description")), Kind: r.PostForm.Get("kind"), Times: timesFrom(r.PostForm),
	}
	draft := contract.WebhookDraft{
		ID: contract.EndpointID(typed.ID), Kind: contract.EndpointKind(typed.Kind), URL: typed.URL, Events: eventsFrom(typed.Events),
		Description: typed.Description, Secret: strings.TrimSpace(r.PostForm.Get("secret")),
	}
	if draft.Kind.Robot() {
		draft.NoticeTimes = typed.Times.Times()
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
	return c.webhooksPage(w, r, c.emptyWebhook(r), &created, nil)
}

func timesFrom(form url.Values) templates.NoticeForm {
	return templates.NoticeForm{
		Language: form.Get("language"), Digest: form.Get("digest"), QuietFrom: form.Get("quiet_hours.from"), QuietTo: form.Get("quiet_hours.to"),
		TimeZone: strings.TrimSpace(form.Get("time_zone")),
	}
}

func eventsFrom(typed string) []string {
	return strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(" ,;，、；\t", r) })
}

func (c console) showWebhook(w http.ResponseWriter, r *http.Request) error {
	return c.webhookPage(w, r, webhookOutcome{})
}

// webhookOutcome is what an act leaves to show on the page of its endpoint.
type webhookOutcome struct {
	rotated *contract.Webhook
	preview *templates.ReplayPreview
	refused *refusal
}

func (c console) webhookPage(w http.ResponseWriter, r *http.Request, o webhookOutcome) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	hook, err := bus.Call(r.Context(), c.Bus, contract.NotifyWebhook, contract.WebhookByID{ID: id})
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: webhookPath(id), RawQuery: r.URL.RawQuery}, hook.URL)
	v := templates.WebhookView{
		Webhook: hook, Search: searchFrom(d.Query), Rotated: o.rotated, Preview: o.preview, Times: templates.NoticeFormOf(hook.NoticeTimes),
		Edit: templates.WebhookFormOf(hook),
	}
	if o.preview != nil {
		v.Search = o.preview.Search
	}
	span, err := spanFrom(v.Search, d.Zone())
	q := contract.ListDeliveries{Page: contract.Page{Cursor: d.Query.Get("cursor")}, EndpointID: id, DeliverySpan: span}
	if v.Search.State != "" {
		q.States = []string{v.Search.State}
	}
	var listing contract.Listing[contract.Delivery]
	if err == nil {
		listing, err = bus.Call(r.Context(), c.Bus, contract.NotifyDeliveries, q)
	}
	v.Deliveries, v.Next = listing.Items, listing.NextCursor
	if f := o.refused; f != nil && err == nil {
		d.Notice, v.Errors = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(f.err)}, templates.ErrorsOf(d.Page, f.err)
		switch f.name {
		case templates.FormSchedule:
			v.Times = timesFrom(f.form)
		case templates.FormEndpoint:
			v.Edit, v.Editing = typedWebhook(f.form), true
		}
		c.Pages.Render(w, r, page.StatusOf(f.err), templates.ConsoleWebhook(d, v))
		return nil
	}
	return c.list(w, r, d, err, templates.ConsoleWebhook(d, v))
}

func (c console) refuseWebhook(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.webhookPage(w, r, webhookOutcome{refused: f})
}

// searchFrom reads by what deliveries are looked for.
func searchFrom(query url.Values) templates.DeliverySearch {
	return templates.DeliverySearch{
		State: query.Get("state"), Type: strings.TrimSpace(query.Get("type")), Since: query.Get("since"), Until: query.Get("until"),
	}
}

// spanFrom reads a span as people type it, with times of the reader's zone.
func spanFrom(s templates.DeliverySearch, zone *time.Location) (contract.DeliverySpan, error) {
	span := contract.DeliverySpan{Types: eventsFrom(s.Type)}
	var wrong []fault.Field
	for _, end := range []struct {
		name, typed string
		into        **time.Time
	}{{"since", s.Since, &span.Since}, {"until", s.Until, &span.Until}} {
		if end.typed == "" {
			continue
		}
		at, err := time.ParseInLocation(localTime, end.typed, zone)
		if err != nil {
			wrong = append(wrong, fault.Field{Location: end.name, Code: check.NotATime})
		}
		*end.into = &at
	}
	if len(wrong) > 0 {
		return span, fault.NewInvalid(wrong...)
	}
	return span, nil
}

// scheduleWebhook says in which language and when a robot speaks.
func (c console) scheduleWebhook(w http.ResponseWriter, r *http.Request) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	return c.act(w, r, webhookPath(id), c.refuseWebhook, func(ctx context.Context, form url.Values) (string, error) {
		q := contract.ScheduleNotices{ID: id, NoticeTimes: timesFrom(form).Times()}
		_, err := bus.Call(ctx, c.Bus, contract.NotifySchedule, q)
		return templates.FormSchedule, err
	})
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
	return c.webhookPage(w, r, webhookOutcome{rotated: &rotated})
}

// replayWebhook sends one delivery again, or all that a search finds of those
// that failed, were delivered, or both; asked for a preview it shows how many.
func (c console) replayWebhook(w http.ResponseWriter, r *http.Request) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	q, err := replayFrom(r.PostForm, c.Pages.Printer(r).Zone())
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refuseWebhook)
	}
	q.EndpointID = id
	replayed, err := bus.Call(r.Context(), c.Bus, contract.NotifyReplay, q)
	switch {
	case err != nil:
		return c.refuse(w, r, &refusal{err: err}, c.refuseWebhook)
	case q.Preview:
		return c.webhookPage(w, r, webhookOutcome{preview: &templates.ReplayPreview{
			Count: replayed.Count, Which: r.PostForm.Get("which"), Search: searchFrom(r.PostForm),
		}})
	default:
		return done(w, r, webhookPath(id))
	}
}

// replayFrom reads which deliveries are to be sent again.
func replayFrom(form url.Values, zone *time.Location) (contract.ReplayDeliveries, error) {
	if delivery := form.Get("delivery"); delivery != "" {
		return contract.ReplayDeliveries{IDs: []contract.DeliveryID{contract.DeliveryID(delivery)}}, nil
	}
	span, err := spanFrom(searchFrom(form), zone)
	return contract.ReplayDeliveries{
		DeliverySpan: span, Preview: form.Get("preview") != "", States: map[string][]string{
			"delivered": {"delivered"}, "all": {"dead", "delivered"},
		}[form.Get("which")],
	}, err
}

func (c console) removeWebhook(w http.ResponseWriter, r *http.Request) error {
	_, err := bus.Call(r.Context(), c.Bus, contract.NotifyRemove, contract.WebhookByID{ID: contract.EndpointID(chi.URLParam(r, "id"))})
	if err != nil && !fault.Is(err, fault.NotFound) { // removed already
		return c.refuse(w, r, &refusal{err: err}, c.refuseWebhook)
	}
	return done(w, r, webhooksPath)
}
