package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

// editWebhook changes where an endpoint is, what it hears of and what it is for.
func (c console) editWebhook(w http.ResponseWriter, r *http.Request) error {
	id := contract.EndpointID(chi.URLParam(r, "id"))
	return c.act(w, r, webhookPath(id), c.refuseWebhook, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.NotifyEdit, editFrom(id, form))
		return templates.FormEndpoint, err
	})
}

// editFrom reads the form. An address that is left empty stays: that of a robot is
// never shown. A version that is none is the one of nothing.
func editFrom(id contract.EndpointID, form url.Values) contract.EditWebhook {
	q := contract.EditWebhook{
		ID: id, Events: append([]string{}, eventsFrom(form.Get("events"))...), Description: new(strings.TrimSpace(form.Get("description"))),
		Secret: strings.TrimSpace(form.Get("secret")),
	}
	if address := strings.TrimSpace(form.Get("url")); address != "" {
		q.URL = &address
	}
	if version, err := strconv.ParseInt(form.Get("version"), 10, 64); err == nil {
		q.Version = version
	}
	return q
}

// typedWebhook is the form after a refusal.
func typedWebhook(form url.Values) templates.WebhookForm {
	return templates.WebhookForm{URL: form.Get("url"), Events: form.Get("events"), Description: form.Get("description")}
}
