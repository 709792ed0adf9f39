package templates

import (
	"strings"
	"time"

	"heli/pkg/contract"
)

// People is the page of those who work in the organisation and below it.
type People struct {
	Rows []contract.PersonRecord
	Next string
	// New is what is typed into the form that invites.
	New PersonForm
	// Roles are what the reader may give.
	Roles []contract.Role
	// Invited shows the link, once.
	Invited *Link
}

// PersonForm is what invites somebody.
type PersonForm struct {
	ID           string
	Name         string
	Role         string
	Organisation string
	Language     string
	Errors       Errors
}

// Link is a one-time link to hand over.
type Link struct {
	Name    string // of the person
	URL     string
	Until   time.Time
	Expires string // in words
}

// PersonView is the page of one person.
type PersonView struct {
	Person  contract.PersonRecord
	History []contract.IdentityEvent
	Roles   []contract.Role // that the reader may give
	Self    bool            // it is the reader
	Link    *Link
	Errors  Errors // of the form that grants
	Role    string // that was chosen there
	At      string // organisation that was typed there
}

func peopleColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("account.name")}, {Label: d.T("account.roles")}, {Label: d.T("person.signed_in")}, {Label: d.T("console.column.state")},
	}
}

func personTone(state contract.PersonState) Tone {
	switch state {
	case contract.PersonActive:
		return ToneSuccess
	case contract.PersonInvited:
		return ToneWarning
	case contract.PersonRevoked:
		return ToneError
	default:
		return ToneInfo
	}
}

// eventSteps turns what the audit chain says of a person into a timeline.
func eventSteps(d Desk, events []contract.IdentityEvent) []Step {
	steps := make([]Step, 0, len(events))
	for _, event := range events {
		by := d.Role(event.Role)
		if event.Actor != "" {
			by = event.Actor + " · " + by
		}
		steps = append(steps, Step{At: event.At, Title: actName(d.Page, event.Action), Text: eventText(d, event.Reason), By: by, Tone: ToneInfo})
	}
	return steps
}

// Keys is the page of the keys of other programs.
type Keys struct {
	Rows    []contract.APIKey
	Next    string
	New     KeyForm
	Roles   []contract.Role
	Actions []string
	Made    *contract.MadeAPIKey
	Now     time.Time
}

// KeyForm is what makes a key.
type KeyForm struct {
	ID           string
	Name         string
	Role         string
	Organisation string
	Actions      []string
	Expires      string // date
	Errors       Errors
}

func keyColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("key.name")}, {Label: d.T("key.may")}, {Label: d.T("key.used")}, {Label: d.T("key.expires")}, {Label: d.T("account.act")},
	}
}

// expiresSoon is how long before its end a key is warned about.
const expiresSoon = 30 * 24 * time.Hour

func keyTone(k contract.APIKey, now time.Time) Tone {
	switch left := k.ExpiresAt.Sub(now); {
	case left <= 0:
		return ToneError
	case left < expiresSoon:
		return ToneWarning
	default:
		return ToneInfo
	}
}

func actionNames(d Desk, actions []string) []Option {
	options := make([]Option, 0, len(actions))
	for _, action := range actions {
		options = append(options, Option{Value: action, Label: actionName(d, action)})
	}
	return options
}

// eventText says what a change was about: a role in an organisation is written
// "role @ code".
func eventText(d Desk, reason string) string {
	role, organisation, ok := strings.Cut(reason, " @ ")
	if !ok {
		return reason
	}
	return d.Role(contract.Role(role)) + " · " + organisation
}

// actionName returns what the matrix of rights calls an action.
func actionName(d Desk, action string) string { return known(d.Page, "action."+action, action) }

// known returns the text of a key, and the code itself where there is none: such
// codes come from other services too.
func known(p *Page, key, code string) string {
	if p.Has(key) {
		return p.T(key)
	}
	return code
}
