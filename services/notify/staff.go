package notify

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Kinds of messages to staff: what the catalogues call them below "message.".
const (
	kindMentioned     = "mentioned"
	kindClaimOver     = "claim_over"
	kindDisputed      = "disputed"
	kindUndecided     = "undecided"
	kindCritical      = "critical"
	kindReferred      = "referred"
	kindDisabled      = "endpoint_disabled"
	kindReturned      = "mail_returned"
	kindReturnedOffer = "mail_returned_offer"
)

// concern is a kind of message to staff.
type concern struct {
	page string // below /console/, before the id of what it is about
	// action is what makes it somebody's concern in an organisation; empty where it is
	// one person's.
	action access.Action
	// both says that it concerns both owners of a match, and not the request's alone.
	both bool
	// critical says that it is told of only where life is at risk.
	critical bool
}

// concerns are the kinds, facts those that follow from a fact. The others follow from
// what this service does itself.
var (
	concerns = map[string]concern{
		kindMentioned: {page: "requests"}, kindClaimOver: {page: "requests"},
		kindReferred: {page: "requests", action: access.ReadRequests},
		kindCritical: {page: "requests", action: access.MoveRequests, critical: true},
		kindDisputed: {page: "matches", action: access.MoveMatches, both: true}, kindUndecided: {page: "matches", action: access.MoveMatches},
		kindDisabled: {page: "webhooks", action: access.ManageWebhooks},
		kindReturned: {page: "requests", action: access.ReadContact}, kindReturnedOffer: {page: "offers", action: access.ReadContact},
	}
	facts = map[string]string{
		"heli.reminder.mentioned": kindMentioned, "heli.reminder.claim_over": kindClaimOver, "heli.request.referred": kindReferred, "heli.request.submitted": kindCritical,
		"heli.match.disputed": kindDisputed, "heli.reminder.dispute_overdue": kindUndecided,
	}
)

// staffMessagesOf returns the messages to staff that follow from a fact: to the one
// whom it names, else to the organisations whose concern it is.
func staffMessagesOf(e contract.Event, now time.Time) []messageRow {
	kind, told := facts[e.Type()]
	if !told || len(e.Paths) == 0 {
		return nil
	}
	c, about := concerns[kind], string(e.Data.RequestID)
	if c.critical && e.Data.Urgency != string(contract.Critical) {
		return nil
	}
	if c.page == "matches" {
		about = string(e.Data.MatchID)
	}
	row := messageRow{
		Kind: kind, Thing: contract.ThingPerson, SubjectID: string(e.Data.PersonID), About: &about, Occasion: e.AggregateID,
		OrgPath: e.Paths[0], Critical: e.Data.Urgency == string(contract.Critical), Waits: e.Data.Urgency != string(contract.Critical), NextAt: &now, CreatedAt: now,
	}
	if c.action == "" {
		row.ID = contract.NewID[contract.MessageID]()
		return []messageRow{row}
	}
	paths := e.Paths[:1]
	if c.both {
		paths = e.Paths
	}
	var rows []messageRow
	for _, path := range paths {
		rows = append(rows, toOrganisation(row, path, occasionOf(e, rule{})))
	}
	return rows
}

// toOrganisation returns a message to those in an organisation whose concern it is,
// once of an occasion.
func toOrganisation(row messageRow, path, occasion string) messageRow {
	row.ID = contract.NewID[contract.MessageID]()
	row.Thing, row.SubjectID, row.OrgPath, row.Waits = contract.ThingOrganisation, *row.About, path, false
	row.Occasion = path + " " + *row.About + " " + occasion
	return row
}

// tellStaff makes a message to an organisation due about what this service did
// itself, where there is a way to people.
func (s *Service) tellStaff(ctx context.Context, tx *sqlx.Tx, kind, about, path, occasion string) error {
	if len(s.senders) == 0 {
		return nil
	}
	now := s.now()
	row := messageRow{Kind: kind, About: &about, NextAt: &now, CreatedAt: now}
	return s.store.insertMessages(ctx, tx, []messageRow{toOrganisation(row, path, occasion)})
}

// attemptStaff sends a message to somebody of the staff, together with all others
// that wait for them; one to an organisation becomes messages to its people.
func (s *Service) attemptStaff(ctx context.Context, t messageTask) (attempted, error) {
	c, known := concerns[t.Kind]
	switch {
	case !known:
		return ended(reasonUnknown), nil
	case t.Thing == contract.ThingOrganisation:
		return attempted{}, s.spread(ctx, t, c)
	}
	person, err := s.reach(ctx, t, contract.AskReach{})
	if fault.Is(err, fault.NotFound) {
		return ended(reasonUnknown), nil
	}
	if err != nil {
		return attempted{}, err
	}
	a := attempted{way: way{channel: person.Channel}, person: person.Person, notBefore: person.NotBefore}
	switch {
	case person.Refusal != "":
		a.result = result{reason: person.Refusal, final: true}
	case person.NotBefore == nil:
		told, err := s.worker.gatherMessages(ctx, t, "", "", s.now())
		if err != nil {
			return attempted{}, err
		}
		a.result, err = s.deliverTo(ctx, t, person, unlimited, s.composer.composeStaff(t, told, person, s.now()))
		return a, err
	}
	return a, nil
}

// spread makes a message due to each of an organisation's staff who wants it. Done
// twice it makes no more.
func (s *Service) spread(ctx context.Context, t messageTask, c concern) error {
	found, err := bus.Call(ctx, s.bus, contract.DirectoryListeners, contract.AskListeners{Path: t.OrgPath, Action: string(c.action)})
	if err != nil {
		return err
	}
	// Who works in both organisations hears once.
	_, occasion, _ := strings.Cut(t.Occasion, " ")
	now, rows := s.now(), []messageRow{}
	for _, person := range found.People {
		rows = append(rows, messageRow{
			ID: contract.NewID[contract.MessageID](), Kind: t.Kind, Thing: contract.ThingPerson, SubjectID: string(person), About: t.About,
			Occasion: occasion, OrgPath: t.OrgPath, Critical: t.Critical, Waits: !t.Critical, NextAt: &now, CreatedAt: now,
		})
	}
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error { return s.worker.insertMessages(ctx, tx, rows) })
	wake(s.messages.woken)
	return err
}
