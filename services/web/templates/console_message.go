package templates

import (
	"slices"

	"heli/pkg/contract"
)

// Messages is the log of messages to people.
type Messages struct {
	Rows []contract.Message
	Next string
	// Subject is the code of the one request or offer that is shown; empty for all.
	Subject string
	State   string // empty for all
	// Off says that nobody is written to.
	Off bool
}

func messageColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("messages.column.what")}, {Label: d.T("messages.column.who")}, {Label: d.T("messages.column.way")},
		{Label: d.T("console.column.since")}, {Label: d.T("messages.column.tries")}, {Label: d.T("console.column.state")},
	}
}

// messageReason is why a message was not sent, or not yet.
func messageReason(d Desk, reason string) string {
	if key := "messages.reason." + reason; d.Has(key) {
		return d.T("messages.reason." + reason)
	}
	return reasonText(d, reason)
}

// subjectPath is the page of what a message is about.
func subjectPath(m contract.Message) string {
	if m.Page != "" {
		return "/console/" + m.Page
	}
	if m.Thing == contract.ThingOffer {
		return "/console/offers/" + m.SubjectID
	}
	return "/console/requests/" + m.SubjectID
}

// subjectName is what a message is about: the code of a request or an offer, which
// is known once it was tried.
func subjectName(d Desk, m contract.Message) string {
	if m.Thing == contract.ThingPerson {
		return d.T("messages.staff")
	}
	return either(m.Code, d.T("messages.wait"))
}

func messageWay(d Desk, channel contract.Channel) string {
	if channel == "" {
		return "–"
	}
	return d.T("messages.way." + string(channel))
}

// keptReasons are why a message was rightly not sent: nothing failed.
var keptReasons = []string{
	contract.RefusedErased, contract.RefusedConsent, contract.RefusedNoAddress, contract.RefusedHours, "outdated", "not_told", "budget",
}

func failedReason(reason string) bool { return !slices.Contains(keptReasons, reason) }

// messageTab names the messages in a state; all without one.
func messageTab(d Desk, state string) string {
	if state == "dead" {
		return d.T("messages.dead")
	}
	return d.T("console.delivery_state." + either(state, "all"))
}
