package api

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

const tagWebhooks = "webhooks"

func (a *api) addWebhooks() {
	route := func(method, path, id, summary string) operation {
		return operation{method: method, path: "/webhooks" + path, id: id, tag: tagWebhooks, summary: summary}
	}
	register := route(http.MethodPost, "", "register_webhook", "Register an endpoint")
	register.status = http.StatusCreated
	register.description = "The secret is shown here and after rotation, never again."
	add(a, register, a.registerWebhook)
	add(a, route(http.MethodGet, "", "list_webhooks", "List the endpoints of your organisation"), a.listWebhooks)
	add(a, route(http.MethodGet, "/{id}", "get_webhook", "Read an endpoint"), a.getWebhook)
	remove := route(http.MethodDelete, "/{id}", "remove_webhook", "Remove an endpoint")
	remove.status = http.StatusNoContent
	add(a, remove, a.removeWebhook)
	add(a, route(http.MethodGet, "/{id}/deliveries", "list_deliveries", "List deliveries, newest first"), a.listDeliveries)
	add(a, route(http.MethodPost, "/{id}/test", "test_webhook", "Send a test event"), a.testWebhook)
	rotate := route(http.MethodPost, "/{id}/rotate", "rotate_webhook", "Replace the secret")
	rotate.description = "Both secrets sign for a while, so that no event is refused meanwhile."
	add(a, rotate, a.rotateWebhook)
	replay := route(http.MethodPost, "/{id}/replay", "replay_deliveries", "Send deliveries again")
	replay.description = "The named ones, or all dead ones since a time."
	add(a, replay, a.replayDeliveries)
}

// WebhookInput is an endpoint to register.
type WebhookInput struct {
	URL         string   `json:"url" maxLength:"2000" example:"https://example.org/heli"`
	Events      []string `json:"events" minItems:"1" maxItems:"50" doc:"Such as match.*, request.open or *"`
	Description string   `json:"description,omitempty" maxLength:"200"`
}

type registerInput struct {
	KeyInput
	Body WebhookInput
}

func (a *api) registerWebhook(ctx context.Context, in *registerInput) (*answer[contract.Webhook], error) {
	hook, err := bus.Call(ctx, a.Bus, contract.NotifyRegister, contract.WebhookDraft{
		ID: contract.NewID[contract.EndpointID](), URL: in.Body.URL, Events: in.Body.Events, Description: in.Body.Description,
		Key: in.key(ctx), BodyHash: callFrom(ctx).bodyHash(),
	})
	return &answer[contract.Webhook]{hook}, err
}

func (a *api) listWebhooks(ctx context.Context, in *PageInput) (*answer[List[contract.Webhook]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.NotifyWebhooks, contract.ListWebhooks{Page: in.page()})
	return listOf(listing), err
}

func (a *api) getWebhook(ctx context.Context, in *IDInput) (*answer[contract.Webhook], error) {
	hook, err := bus.Call(ctx, a.Bus, contract.NotifyWebhook, contract.WebhookByID{ID: contract.EndpointID(in.ID)})
	return &answer[contract.Webhook]{hook}, err
}

func (a *api) removeWebhook(ctx context.Context, in *IDInput) (*struct{}, error) {
	_, err := bus.Call(ctx, a.Bus, contract.NotifyRemove, contract.WebhookByID{ID: contract.EndpointID(in.ID)})
	return nil, err
}

type deliveryFilter struct {
	PageInput
	IDInput
	State []string `query:"state,explode" doc:"pending, delivered or dead"`
}

func (a *api) listDeliveries(ctx context.Context, in *deliveryFilter) (*answer[List[contract.Delivery]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.NotifyDeliveries, contract.ListDeliveries{
		Page: in.page(), EndpointID: contract.EndpointID(in.ID), States: values[string](in.State),
	})
	return listOf(listing), err
}

func (a *api) testWebhook(ctx context.Context, in *IDInput) (*answer[contract.Delivery], error) {
	delivery, err := bus.Call(ctx, a.Bus, contract.NotifyTest, contract.WebhookByID{ID: contract.EndpointID(in.ID)})
	return &answer[contract.Delivery]{delivery}, err
}

func (a *api) rotateWebhook(ctx context.Context, in *IDInput) (*answer[contract.Webhook], error) {
	hook, err := bus.Call(ctx, a.Bus, contract.NotifyRotate, contract.WebhookByID{ID: contract.EndpointID(in.ID)})
	return &answer[contract.Webhook]{hook}, err
}

// ReplayBody says which deliveries are sent again; the body may be left out.
type ReplayBody struct {
	IDs   []contract.DeliveryID `json:"ids,omitempty" maxItems:"1000"`
	Since *time.Time            `json:"since,omitempty"`
	Types []string              `json:"types,omitempty" maxItems:"50" doc:"Such as heli.match.accepted"`
}

type replayInput struct {
	IDInput
	Body *ReplayBody
}

func (a *api) replayDeliveries(ctx context.Context, in *replayInput) (*answer[contract.Replayed], error) {
	q := contract.ReplayDeliveries{EndpointID: contract.EndpointID(in.ID)}
	if in.Body != nil {
		q.IDs, q.Since, q.Types = in.Body.IDs, in.Body.Since, in.Body.Types
	}
	replayed, err := bus.Call(ctx, a.Bus, contract.NotifyReplay, q)
	return &answer[contract.Replayed]{replayed}, err
}
