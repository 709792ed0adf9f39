package site

import (
	"context"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/live"
)

// MoveRequest makes a move and tells open pages of one that has no fact: a claim
// changes no state, and every queue shows whose a request is.
func MoveRequest(ctx context.Context, b *bus.Bus, m contract.Move) (contract.Moved, error) {
	moved, err := bus.Call(ctx, b, contract.RequestMove, m)
	if err == nil && (m.Move == "claim" || m.Move == "unclaim") {
		TouchRequest(ctx, b, contract.RequestID(m.ID))
	}
	return moved, err
}

// TouchRequest tells open pages that something about a request changed that has no
// fact: a note, a claim, a file. Nobody may hear of it.
func TouchRequest(ctx context.Context, b *bus.Bus, id contract.RequestID) {
	if request, err := bus.Call(ctx, b, contract.RequestGet, contract.GetByID{ID: string(id)}); err == nil {
		live.Touch(b, contract.ThingRequest, string(id), request.Path)
	}
}
