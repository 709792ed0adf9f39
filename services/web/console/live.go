package console

import (
	"context"
	"net/http"
	"net/url"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/live"
)

// live streams that something changed: of everything that the reader sees, or
// of one thing alone. What fits a request changes with any offer.
func (c console) live(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	request, offer, match := q.Get("request"), q.Get("offer"), q.Get("match")
	wants := func(change live.Change) bool {
		switch {
		case change.Presence():
			return false
		case request != "":
			return string(change.Request) == request || change.ID == request || change.Thing == contract.ThingOffer
		case offer != "":
			return string(change.Offer) == offer || change.ID == offer
		case match != "":
			return change.ID == match
		default:
			return true
		}
	}
	if request == "" || !c.owns(r.Context(), request) {
		return c.Live.Serve(w, r, c.Sessions.Actor, wants)
	}
	return c.Live.ServeOf(w, r, c.Bus, request, c.Sessions.Actor, wants)
}

// liveOf returns the address of the stream about one thing.
func liveOf(thing contract.Thing, id string) string {
	return livePath + "?" + url.Values{string(thing): {id}}.Encode()
}

// owns reports whether the reader sees a request as its owner does: who looks at it
// is told to those alone.
func (c console) owns(ctx context.Context, id string) bool {
	request, err := bus.Call(ctx, c.Bus, contract.RequestGet, contract.GetByID{ID: id})
	return err == nil && contract.ActorFrom(ctx).Sees(request.Path)
}
