package templates

import (
	"strings"

	"heli/pkg/contract"
)

// Webhooks is the page of an organisation's endpoints.
type Webhooks struct {
	Rows []contract.Webhook
	Next string
	// New is what is typed into the form for another one.
	New WebhookForm
	// Created shows its secret, once.
	Created *contract.Webhook
}

// WebhookForm is what registers an endpoint.
type WebhookForm struct {
	ID          string
	URL         string
	Events      string
	Description string
	Errors      Errors
}

// WebhookView is the page of an endpoint with its deliveries.
type WebhookView struct {
	Webhook    contract.Webhook
	Deliveries []contract.Delivery
	Next       string
	State      string // of the deliveries shown; empty for all
	// Rotated shows the new secret, once.
	Rotated *contract.Webhook
}

func webhookColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("console.webhook.url")}, {Label: d.T("console.webhook.events")}, {Label: d.T("console.column.since")},
		{Label: d.T("console.column.state")},
	}
}

func deliveryColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("console.delivery.type")}, {Label: d.T("console.column.since")}, {Label: d.T("console.delivery.attempts")},
		{Label: d.T("console.delivery.next")}, {Label: d.T("console.column.state")}, {Label: d.T("console.delivery.act")},
	}
}

// webhookTone is the tone of an endpoint's or a delivery's state.
func webhookTone(state string) Tone {
	switch state {
	case "active", "delivered":
		return ToneSuccess
	case "unverified", "pending":
		return ToneWarning
	case "disabled", "dead":
		return ToneError
	default:
		return TonePlain
	}
}

func eventList(events []string) string { return strings.Join(events, ", ") }

// reasonText is why an attempt or an endpoint failed.
func reasonText(d Desk, reason string) string {
	if key := "console.webhook_reason." + reason; d.Has(key) {
		return d.T(key)
	}
	return reason
}
