package templates

import (
	"strings"

	"heli/pkg/contract"
	"heli/pkg/locale"
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
	Kind        string
	URL         string
	Events      string
	Description string
	Times       NoticeForm
	Errors      Errors
}

// NoticeForm is what is typed of the times of a robot.
type NoticeForm struct {
	Language, Digest, QuietFrom, QuietTo, TimeZone string
}

// NoticeFormOf returns the form as times fill it in.
func NoticeFormOf(t contract.NoticeTimes) NoticeForm {
	f := NoticeForm{Language: t.Language, Digest: string(t.Digest), TimeZone: t.TimeZone}
	if t.Quiet != nil {
		f.QuietFrom, f.QuietTo = t.Quiet.From, t.Quiet.To
	}
	return f
}

// Times returns what was typed.
func (f NoticeForm) Times() contract.NoticeTimes {
	t := contract.NoticeTimes{Language: f.Language, Digest: contract.Digest(f.Digest), TimeZone: f.TimeZone}
	if f.QuietFrom != "" || f.QuietTo != "" {
		t.Quiet = &contract.QuietHours{From: f.QuietFrom, To: f.QuietTo}
	}
	return t
}

// The forms of an endpoint, for their refusals: of a robot's times, and of the rest.
const (
	FormSchedule = "schedule"
	FormEndpoint = "endpoint"
)

// WebhookFormOf returns the form as an endpoint fills it in. The address of a robot
// is its key and is never shown.
func WebhookFormOf(w contract.Webhook) WebhookForm {
	f := WebhookForm{Events: strings.Join(w.Events, " "), Description: w.Description}
	if !w.Kind.Robot() {
		f.URL = w.URL
	}
	return f
}

// DeliverySearch is by what deliveries are looked for, as it was typed.
type DeliverySearch struct {
	State, Type, Since, Until string
}

// ReplayPreview is how many deliveries would be sent again.
type ReplayPreview struct {
	Count  int64
	Which  string
	Search DeliverySearch
}

// WebhookView is the page of an endpoint with its deliveries.
type WebhookView struct {
	Webhook    contract.Webhook
	Deliveries []contract.Delivery
	Next       string
	Search     DeliverySearch
	Times      NoticeForm
	Edit       WebhookForm
	Editing    bool // the form is open
	// Preview counts what would be sent again, before it is.
	Preview *ReplayPreview
	Errors  Errors
	// Rotated shows the new secret, once.
	Rotated *contract.Webhook
}

func webhookColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("console.webhook.url")}, {Label: d.T("message.kind")}, {Label: d.T("console.webhook.events")}, {Label: d.T("console.column.since")},
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
	case "digested":
		return ToneInfo
	case "unverified", "pending", "gathered":
		return ToneWarning
	case "disabled", "dead":
		return ToneError
	default:
		return TonePlain
	}
}

func kindOptions(d Desk) []Option {
	var options []Option
	for _, kind := range contract.EndpointKinds() {
		options = append(options, Option{Value: string(kind), Label: kindName(d, kind)})
	}
	return options
}

func kindName(d Desk, kind contract.EndpointKind) string { return d.T("message.kind." + string(kind)) }

func digestOptions(d Desk) []Option {
	var options []Option
	for _, digest := range contract.Digests() {
		options = append(options, Option{Value: string(digest), Label: d.T("message.digest." + string(digest))})
	}
	return options
}

func spokenOptions() []Option {
	return []Option{
		{Value: string(locale.English), Label: "English"}, {Value: string(locale.Simplified), Label: "简体中文"},
		{Value: string(locale.Traditional), Label: "繁體中文"},
	}
}

// replayOptions are what of a search is sent again.
func replayOptions(d Desk) []Option {
	var options []Option
	for _, which := range []string{"dead", "delivered", "all"} {
		options = append(options, Option{Value: which, Label: d.T("message.replay." + which)})
	}
	return options
}

func replayWhich(v WebhookView) string {
	if v.Preview != nil && v.Preview.Which != "" {
		return v.Preview.Which
	}
	return "dead"
}

// deliveryStates are the states that deliveries of an endpoint may be in; the
// first is all of them.
func deliveryStates(w contract.Webhook) []string {
	if w.Kind.Robot() {
		return []string{"", "pending", "gathered", "digested", "delivered", "dead"}
	}
	return []string{"", "pending", "delivered", "dead"}
}

// webhookFacts are what is known of an endpoint.
func webhookFacts(d Desk, w contract.Webhook) []Fact {
	return []Fact{
		{d.T("message.kind"), kindName(d, w.Kind)},
		{d.T("console.webhook.events"), eventList(w.Events)},
		{d.T("console.webhook.description"), w.Description},
		{d.T("console.column.owner"), d.NameOf(w.Organisation)},
		{d.T("console.column.since"), d.DateTime(w.CreatedAt)},
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

// disabled is how many of the endpoints shown get nothing any more.
func (w Webhooks) disabled() int {
	n := 0
	for _, row := range w.Rows {
		if row.State == "disabled" {
			n++
		}
	}
	return n
}
