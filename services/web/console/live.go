package console

import (
	"net/http"
	"net/url"

	"heli/pkg/contract"
	"heli/services/web/live"
)

// live streams that something changed: of everything that the reader sees, or
// of one thing alone. What fits a request changes with any offer.
func (c console) live(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	request, offer, match := q.Get("request"), q.Get("offer"), q.Get("match")
	return c.Live.Serve(w, r, c.Sessions.Actor, func(change live.Change) bool {
		switch {
		case request != "":
			return string(change.Request) == request || change.ID == request || change.Thing == contract.ThingOffer
		case offer != "":
			return string(change.Offer) == offer || change.ID == offer
		case match != "":
			return change.ID == match
		default:
			return true
		}
	})
}

// liveOf returns the address of the stream about one thing.
func liveOf(thing contract.Thing, id string) string {
	return livePath + "?" + url.Values{string(thing): {id}}.Encode()
}
