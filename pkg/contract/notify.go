package contract

import (
	"encoding/json"
	"time"
)

// WebhookDraft registers an endpoint; the id is the caller's, so that a repeat
// is harmless.
type WebhookDraft struct {
	ID EndpointID `json:"id"`
	// Kind is what listens there; empty is a webhook.
	Kind        EndpointKind `json:"kind,omitempty"`
	URL         string       `json:"url"`
	Events      []string     `json:"events"` // "match.*", "request.open", "*"
	Description string       `json:"description,omitempty"`
	// Secret signs what is sent to a robot, where its kind signs. That of a
	// webhook is made by Heli.
	Secret string `json:"secret,omitempty"`
	NoticeTimes
	Key      string `json:"key,omitempty"`
	BodyHash string `json:"body_hash,omitempty"`
}

// Webhook is an endpoint as shown. Secret is there at creation and rotation only.
type Webhook struct {
	ID           EndpointID   `json:"id"`
	Organisation string       `json:"organisation"`
	Kind         EndpointKind `json:"kind"`
	// URL is the address; of a robot, which is known by its address alone, the
	// host and the last characters.
	URL         string   `json:"url"`
	Events      []string `json:"events"`
	Description string   `json:"description,omitempty"`
	State       string   `json:"state"` // unverified, active, disabled
	Reason      string   `json:"reason,omitempty"`
	Secret      string   `json:"secret,omitempty"`
	NoticeTimes
	CreatedAt time.Time `json:"created_at"`
	Version   int64     `json:"version"`
}

// EditWebhook changes an endpoint; what is nil stays.
type EditWebhook struct {
	ID          EndpointID `json:"id"`
	Version     int64      `json:"version"` // as it was read
	URL         *string    `json:"url,omitempty"`
	Events      []string   `json:"events"`
	Description *string    `json:"description,omitempty"`
	// Secret signs at a robot's new address, where its kind signs.
	Secret   string `json:"secret,omitempty"`
	Key      string `json:"key,omitempty"`
	BodyHash string `json:"body_hash,omitempty"`
}

// ListWebhooks asks for the endpoints of the actor's organisation.
type ListWebhooks struct {
	Page
}

// ListDeliveries asks for an endpoint's deliveries, newest first.
type ListDeliveries struct {
	Page
	EndpointID EndpointID `json:"endpoint_id"`
	States     []string   `json:"states,omitempty"`
	DeliverySpan
}

// DeliverySpan chooses deliveries by what they tell of and by when they began:
// at or after Since and before Until. What is empty chooses all.
type DeliverySpan struct {
	Types []string   `json:"types,omitempty"` // patterns, as of a webhook
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID      DeliveryID `json:"id"`
	EventID EventID    `json:"event_id"`
	Type    string     `json:"type"`
	State   string     `json:"state"` // pending, gathered, digested, delivered, dead
	Reason  string     `json:"reason,omitempty"`
	// Request is the beginning of what is sent, without secrets: the event, or what a
	// robot is to say.
	Request   string     `json:"request,omitempty"`
	Attempts  []Attempt  `json:"attempts"`
	NextAt    *time.Time `json:"next_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
}

// Attempt is one try of a delivery.
type Attempt struct {
	N          int       `json:"n"`
	At         time.Time `json:"at"`
	StatusCode int       `json:"status_code,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	DurationMS int64     `json:"duration_ms"`
	// Answer is the beginning of what the receiver said, without secrets.
	Answer string `json:"answer,omitempty"`
}

// ReplayDeliveries sends again: the named ones, or all of an endpoint's in a span
// that are in the states, dead ones unless others are asked for.
type ReplayDeliveries struct {
	EndpointID EndpointID   `json:"endpoint_id"`
	IDs        []DeliveryID `json:"ids,omitempty"`
	States     []string     `json:"states,omitempty"` // dead, delivered
	DeliverySpan
	// Preview counts and changes nothing.
	Preview bool `json:"preview,omitempty"`
}

// Replayed says how many deliveries will be sent again, or would be.
type Replayed struct {
	Count int64 `json:"count"`
}

// WebhookByID names an endpoint.
type WebhookByID struct {
	ID EndpointID `json:"id"`
}

// PullEvents asks for the facts after a cursor that the actor's organisation may see.
type PullEvents struct {
	After string `json:"after,omitempty"`
	Limit int    `json:"limit,omitempty"` // 1 to 100; 0 means 50
}

// PulledEvents are CloudEvents 1.0 documents and the cursor to go on from.
type PulledEvents struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
}

// The calls that notify answers.
var (
	NotifyRegister   = Endpoint[WebhookDraft, Webhook]{"svc.notify.register"}
	NotifyWebhook    = Endpoint[WebhookByID, Webhook]{"svc.notify.webhook"}
	NotifyWebhooks   = Endpoint[ListWebhooks, Listing[Webhook]]{"svc.notify.webhooks"}
	NotifyRemove     = Endpoint[WebhookByID, Empty]{"svc.notify.remove"}
	NotifyEdit       = Endpoint[EditWebhook, Webhook]{"svc.notify.edit"}
	NotifySchedule   = Endpoint[ScheduleNotices, Webhook]{"svc.notify.schedule"}
	NotifyRotate     = Endpoint[WebhookByID, Webhook]{"svc.notify.rotate"}
	NotifyTest       = Endpoint[WebhookByID, Delivery]{"svc.notify.test"}
	NotifyDeliveries = Endpoint[ListDeliveries, Listing[Delivery]]{"svc.notify.deliveries"}
	NotifyReplay     = Endpoint[ReplayDeliveries, Replayed]{"svc.notify.replay"}
	NotifyEvents     = Endpoint[PullEvents, PulledEvents]{"svc.notify.events"}
)
