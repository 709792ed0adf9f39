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
	register.description = "The secret of a webhook is shown here and after rotation, never again. A robot in a chat group " +
		"(wecom, dingtalk, feishu, slack) gets a line of text and a link; it is active once it has taken a test message, " +
		"and its address, which is its key, is never shown again."
	add(a, register, a.registerWebhook)
	add(a, route(http.MethodGet, "", "list_webhooks", "List the endpoints of your organisation"), a.listWebhooks)
	add(a, route(http.MethodGet, "/{id}", "get_webhook", "Read an endpoint"), a.getWebhook)
	edit := route(http.MethodPatch, "/{id}", "edit_webhook", "Change an endpoint")
	edit.description = "What is left out stays. A new address must prove itself as the first one did; until then what is due waits and what " +
		"comes joins it. Of a robot the address is its key: give both anew. The change is audited."
	add(a, edit, a.editWebhook)
	remove := route(http.MethodDelete, "/{id}", "remove_webhook", "Remove an endpoint")
	remove.status = http.StatusNoContent
	add(a, remove, a.removeWebhook)
	add(a, route(http.MethodGet, "/{id}/deliveries", "list_deliveries", "List deliveries, newest first"), a.listDeliveries)
	schedule := route(http.MethodPut, "/{id}/schedule", "schedule_notices", "Say in which language and when a robot speaks")
	schedule.description = "Replaces all of it. What is critical and asks somebody to act is told at once, at any hour."
	add(a, schedule, a.scheduleNotices)
	add(a, route(http.MethodPost, "/{id}/test", "test_webhook", "Send a test event"), a.testWebhook)
	rotate := route(http.MethodPost, "/{id}/rotate", "rotate_webhook", "Replace the secret")
	rotate.description = "Both secrets sign for a while, so that no event is refused meanwhile."
	add(a, rotate, a.rotateWebhook)
	replay := route(http.MethodPost, "/{id}/replay", "replay_deliveries", "Send deliveries again")
	replay.description = "The named ones, or all in a span of time and of some types: dead ones, unless states are given. A preview only counts."
	add(a, replay, a.replayDeliveries)
}

// WebhookInput is an endpoint to register.
type WebhookInput struct {
	Kind        contract.EndpointKind `json:"kind,omitempty" enum:"webhook,wecom,dingtalk,feishu,slack" doc:"Left out: webhook"`
	URL         string                `json:"url" maxLength:"2000" example:"https://example.org/heli"`
	Events      []string              `json:"events" minItems:"1" maxItems:"50" doc:"Such as match.*, request.open or *"`
	Description string                `json:"description,omitempty" maxLength:"200"`
	Secret      string                `json:"secret,omitempty" maxLength:"200" doc:"With which a robot of DingTalk or Feishu wants its messages signed"`
	ScheduleInput
}

// ScheduleInput is in which language and when a robot speaks; a webhook has none
// of it.
type ScheduleInput struct {
	Language string               `json:"language,omitempty" enum:"en,zh-Hans,zh-Hant"`
	Digest   contract.Digest      `json:"digest,omitempty" enum:"none,hourly,daily" doc:"Left out: none"`
	Quiet    *contract.QuietHours `json:"quiet_hours,omitempty" doc:"What comes in these hours is told in one message at their end"`
	TimeZone string               `json:"time_zone,omitempty" maxLength:"64" example:"Asia/Shanghai"`
}

func (in ScheduleInput) times() contract.NoticeTimes {
	return contract.NoticeTimes{Language: in.Language, Digest: in.Digest, Quiet: in.Quiet, TimeZone: in.TimeZone}
}

type registerInput struct {
	KeyInput
	Body WebhookInput
}

func (a *api) registerWebhook(ctx context.Context, in *registerInput) (*answer[contract.Webhook], error) {
	hook, err := bus.Call(ctx, a.Bus, contract.NotifyRegister, contract.WebhookDraft{
		ID: contract.NewID[contract.EndpointID](), Kind: in.Body.Kind, URL: in.Body.URL, Events: in.Body.Events,
		Description: in.Body.Description, Secret: in.Body.Secret, NoticeTimes: in.Body.times(), Key: in.key(ctx), BodyHash: callFrom(ctx).bodyHash(),
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

// EditWebhookInput is what is changed of an endpoint.
type EditWebhookInput struct {
	Version     int64    `json:"version" doc:"As it was read; another one is a conflict"`
	URL         *string  `json:"url,omitempty" maxLength:"2000"`
	Events      []string `json:"events,omitempty" minItems:"1" maxItems:"50" doc:"All of them: they take the place of the former"`
	Description *string  `json:"description,omitempty" maxLength:"200"`
	Secret      string   `json:"secret,omitempty" maxLength:"200" doc:"With which a robot of DingTalk or Feishu at the new address wants its messages signed"`
}

type editWebhookInput struct {
	KeyInput
	IDInput
	Body EditWebhookInput
}

func (a *api) editWebhook(ctx context.Context, in *editWebhookInput) (*answer[contract.Webhook], error) {
	b := in.Body
	hook, err := bus.Call(ctx, a.Bus, contract.NotifyEdit, contract.EditWebhook{
		ID: contract.EndpointID(in.ID), Version: b.Version, URL: b.URL, Events: b.Events, Description: b.Description, Secret: b.Secret,
		Key: in.key(ctx), BodyHash: callFrom(ctx).bodyHash(),
	})
	return &answer[contract.Webhook]{hook}, err
}

func (a *api) removeWebhook(ctx context.Context, in *IDInput) (*struct{}, error) {
	_, err := bus.Call(ctx, a.Bus, contract.NotifyRemove, contract.WebhookByID{ID: contract.EndpointID(in.ID)})
	return nil, err
}

type scheduleInput struct {
	IDInput
	Body ScheduleInput
}

func (a *api) scheduleNotices(ctx context.Context, in *scheduleInput) (*answer[contract.Webhook], error) {
	hook, err := bus.Call(ctx, a.Bus, contract.NotifySchedule, contract.ScheduleNotices{ID: contract.EndpointID(in.ID), NoticeTimes: in.Body.times()})
	return &answer[contract.Webhook]{hook}, err
}

type deliveryFilter struct {
	PageInput
	IDInput
	State []string  `query:"state,explode" doc:"pending, gathered, digested, delivered or dead"`
	Type  []string  `query:"type,explode" doc:"Such as request.open or match.*"`
	Since time.Time `query:"since" doc:"Those that began then or later"`
	Until time.Time `query:"until" doc:"Those that began before"`
}

func (f deliveryFilter) span() contract.DeliverySpan {
	s := contract.DeliverySpan{Types: values[string](f.Type)}
	if !f.Since.IsZero() {
		s.Since = &f.Since
	}
	if !f.Until.IsZero() {
		s.Until = &f.Until
	}
	return s
}

func (a *api) listDeliveries(ctx context.Context, in *deliveryFilter) (*answer[List[contract.Delivery]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.NotifyDeliveries, contract.ListDeliveries{
		Page: in.page(), EndpointID: contract.EndpointID(in.ID), States: values[string](in.State), DeliverySpan: in.span(),
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
	Until *time.Time            `json:"until,omitempty"`
	Types []string              `json:"types,omitempty" maxItems:"50" doc:"Such as heli.match.accepted"`
	// States are those of the deliveries in the span; the named ones may have any.
	States  []string `json:"states,omitempty" maxItems:"2" doc:"dead, delivered or both. Left out: dead"`
	Preview bool     `json:"preview,omitempty" doc:"Count, and send nothing"`
}

type replayInput struct {
	IDInput
	Body *ReplayBody
}

func (a *api) replayDeliveries(ctx context.Context, in *replayInput) (*answer[contract.Replayed], error) {
	q := contract.ReplayDeliveries{EndpointID: contract.EndpointID(in.ID)}
	if in.Body != nil {
		q.IDs, q.States, q.Preview = in.Body.IDs, in.Body.States, in.Body.Preview
		q.DeliverySpan = contract.DeliverySpan{Types: in.Body.Types, Since: in.Body.Since, Until: in.Body.Until}
	}
	replayed, err := bus.Call(ctx, a.Bus, contract.NotifyReplay, q)
	return &answer[contract.Replayed]{replayed}, err
}
