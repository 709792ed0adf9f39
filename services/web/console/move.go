package console

import (
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/services/web/templates"
)

// Codes of the reasons that people choose from; the services own their meaning.
var (
	closingReasons = []string{"confirmed", "reported_unconfirmed", "done_by_others", "no_longer_needed", "unreachable",
		"out_of_scope", "unfulfillable", "expired", "rejected", "withdrawn"}
	decliningReasons = []string{"no_time", "too_far", "not_my_skill", "capacity_gone", "safety", "personal", "unsuitable", "no_answer", "other"}
	cancelReasons    = []string{"no_longer_needed", "done_by_others", "unsuitable", "no_answer", "mistake", "other"}
	freeText         = []string(nil)
)

// Sides whose answer staff record.
const (
	helperSide    = "helper"
	requesterSide = "requester"
)

// asked says what a move asks the reader for. A move that is not here is a
// single button.
type asked struct {
	reason       bool
	reasons      []string
	organisation bool
	quantity     bool
	at           bool
	danger       bool
	onBehalfOf   string
}

var requestMoves = map[string]asked{
	"ask_info":    {reason: true},
	"hold":        {reason: true},
	"refer":       {reason: true, organisation: true},
	"close":       {reason: true, reasons: closingReasons, danger: true},
	"reopen":      {reason: true},
	"answer_info": {onBehalfOf: requesterSide},
	"withdraw":    {onBehalfOf: requesterSide, danger: true},
	"erase":       {reason: true, danger: true},
}

var offerMoves = map[string]asked{
	"reject":   {reason: true, danger: true},
	"block":    {reason: true, danger: true},
	"unblock":  {reason: true},
	"withdraw": {danger: true},
	"erase":    {reason: true, danger: true},
}

var matchMoves = map[string]asked{
	"accept":     {onBehalfOf: helperSide},
	"decline":    {reason: true, reasons: decliningReasons, onBehalfOf: helperSide, danger: true},
	"not_now":    {onBehalfOf: helperSide},
	"hand_on":    {onBehalfOf: helperSide},
	"start":      {onBehalfOf: helperSide},
	"report":     {quantity: true, onBehalfOf: helperSide},
	"withdraw":   {onBehalfOf: helperSide, danger: true},
	"confirm":    {quantity: true, onBehalfOf: requesterSide},
	"dispute":    {reason: true, reasons: freeText, danger: true},
	"resolve":    {reason: true, quantity: true},
	"no_show":    {danger: true},
	"fail":       {reason: true, danger: true},
	"cancel":     {reason: true, reasons: cancelReasons, danger: true},
	"reschedule": {at: true},
}

// elsewhere are moves that have a place of their own on the page, or none in
// the console: people correct what is theirs on the tracking page.
var elsewhere = []string{"correct", "edit", "verify_credential", "reschedule", "unschedule"}

// movesOf turns the names of moves into what the page shows of them.
func movesOf(names []string, asks map[string]asked, quantity string) []templates.Move {
	moves := make([]templates.Move, 0, len(names))
	for _, name := range names {
		if slices.Contains(elsewhere, name) {
			continue
		}
		a := asks[name]
		move := templates.Move{
			Name: name, Reason: a.reason, Reasons: a.reasons, Organisation: a.organisation, At: a.at, Danger: a.danger,
			OnBehalfOf: a.onBehalfOf,
		}
		if a.quantity {
			move.Quantity = quantity
		}
		moves = append(moves, move)
	}
	return moves
}

func requestMoveSet(r contract.Request, kept templates.Kept) templates.MoveSet {
	return templates.MoveSet{
		Thing: contract.ThingRequest, ID: string(r.ID), Action: requestPath(r.ID) + "/move", Version: r.Version,
		Seen: r.UpdatedAt, Moves: movesOf(r.Moves, requestMoves, ""), Kept: kept,
	}
}

func offerMoveSet(o contract.Offer, kept templates.Kept) templates.MoveSet {
	return templates.MoveSet{
		Thing: contract.ThingOffer, ID: string(o.ID), Action: offerPath(o.ID) + "/move", Version: o.Version,
		Seen: o.UpdatedAt, Moves: movesOf(o.Moves, offerMoves, ""), Kept: kept,
	}
}

// matchMoveSet leaves out the helper's answers for those who do not see the
// helper's organisation: they may not record them.
func matchMoveSet(m contract.Match, ofHelper bool, kept templates.Kept) templates.MoveSet {
	names := slices.DeleteFunc(slices.Clone(m.Moves), func(name string) bool {
		return !ofHelper && matchMoves[name].onBehalfOf == helperSide
	})
	slices.Sort(names)
	return templates.MoveSet{
		Thing: contract.ThingMatch, ID: string(m.ID), Action: matchPath(m.ID) + "/move", Version: m.Version, Seen: m.UpdatedAt,
		Moves: movesOf(inOrder(slices.Compact(names)), matchMoves, amountText(m.Quantity, m.Unit)), Kept: kept, Unit: m.Unit,
	}
}

// orderOfMoves is how a match usually goes on; the exceptions come last.
var orderOfMoves = []string{
	"accept", "release_contact", "start", "report", "confirm", "resolve", "reschedule", "not_now", "hand_on", "decline", "dispute",
	"no_show", "fail", "withdraw", "cancel",
}

func inOrder(names []string) []string {
	slices.SortStableFunc(names, func(a, b string) int {
		return slices.Index(orderOfMoves, a) - slices.Index(orderOfMoves, b)
	})
	return names
}

// since returns what happened after a moment.
func since(history []contract.HistoryEntry, seen time.Time) []contract.HistoryEntry {
	var later []contract.HistoryEntry
	for _, entry := range history {
		if entry.At.After(seen) {
			later = append(later, entry)
		}
	}
	return later
}
