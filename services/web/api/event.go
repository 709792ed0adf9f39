package api

import (
	"context"
	"encoding/json"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

const tagEvents = "events"

func (a *api) addEvents() {
	add(a, operation{
		method: http.MethodGet, path: "/events", id: "pull_events", tag: tagEvents, summary: "Pull what happened",
		description: "The same CloudEvents as webhooks, oldest first. next_cursor goes into after; it is there on the last page too, to go on from later.",
	}, a.pullEvents)
}

type eventFilter struct {
	After string `query:"after" maxLength:"1000" doc:"next_cursor of the answer before; empty begins with the oldest that is kept"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

func (a *api) pullEvents(ctx context.Context, in *eventFilter) (*answer[List[json.RawMessage]], error) {
	pulled, err := bus.Call(ctx, a.Bus, contract.NotifyEvents, contract.PullEvents{After: in.After, Limit: in.Limit})
	return listOf(contract.Listing[json.RawMessage]{Items: pulled.Items, NextCursor: pulled.Next}), err
}
