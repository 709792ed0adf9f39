package api

import (
	"context"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

func (a *api) addRosters() {
	add(a, operation{
		method: http.MethodGet, path: "/sessions/{id}", id: "get_session", tag: tagSessions, summary: "Read a service session",
	}, a.getSession)
	add(a, operation{
		method: http.MethodPut, path: "/sessions/{id}/roster", id: "keep_roster", tag: tagSessions, summary: "Keep who came to a session of a group",
		description: "The names take the place of former ones; none end the roster. They are sealed, and part of no list, event or notice. " +
			"Repeating it keeps the same names.",
	}, a.keepRoster)
	add(a, operation{
		method: http.MethodPost, path: "/sessions/{id}/roster/read", id: "read_roster", tag: tagSessions, summary: "Read who came to a session",
		description: "The reading is recorded with its reason before any name is told.",
	}, a.readRoster)
}

func (a *api) getSession(ctx context.Context, in *IDInput) (*answer[contract.ServiceSession], error) {
	session, err := bus.Call(ctx, a.Bus, contract.OfferSession, contract.GetByID{ID: in.ID})
	return &answer[contract.ServiceSession]{session}, err
}

// RosterInput are the names of who came.
type RosterInput struct {
	Names []string `json:"names" maxItems:"1000" doc:"As many as people were served at most"`
}

type rosterInput struct {
	IDInput
	Body RosterInput
}

func (a *api) keepRoster(ctx context.Context, in *rosterInput) (*answer[contract.ServiceSession], error) {
	session, err := bus.Call(ctx, a.Bus, contract.OfferKeepRoster, contract.KeepRoster{ID: contract.SessionID(in.ID), Names: in.Body.Names})
	return &answer[contract.ServiceSession]{session}, err
}

// ReasonBody says why something personal is read.
type ReasonBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}

type readRosterInput struct {
	IDInput
	Body ReasonBody
}

func (a *api) readRoster(ctx context.Context, in *readRosterInput) (*answer[contract.Roster], error) {
	roster, err := bus.Call(ctx, a.Bus, contract.OfferRoster, contract.ReadRoster{ID: contract.SessionID(in.ID), Reason: in.Body.Reason})
	return &answer[contract.Roster]{roster}, err
}
