package console

import (
	"context"
	"net/http"
	"net/url"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const (
	poolPath = "/console/pool"
	// mostMoved bounds how many offers one click pauses or resumes.
	mostMoved = 2000
)

func (c console) pool(w http.ResponseWriter, r *http.Request) error {
	return c.poolPage(w, r, nil, nil)
}

// poolPage lists the offers at or below the reader's organisation that have not
// ended, with the counts of their matches.
func (c console) poolPage(w http.ResponseWriter, r *http.Request, moved *templates.PoolMoved, f *refusal) error {
	d := c.desk(r, &url.URL{Path: poolPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("pool.title"))
	v := templates.Pool{May: access.May(contract.ActorFrom(r.Context()).Role, access.MoveOffers), Moved: moved}
	listing, err := bus.Call(r.Context(), c.Bus, contract.OfferList, contract.ListOffers{Page: contract.Page{Cursor: d.Query.Get("cursor")}})
	if err != nil {
		return c.list(w, r, d, err, nil)
	}
	v.Rows, v.Next = listing.Items, listing.NextCursor
	counts, err := bus.Call(r.Context(), c.Bus, contract.MatcherCount, contract.Empty{})
	v.Matches = counts.ByState
	if err == nil {
		var offers contract.Counts
		offers, err = bus.Call(r.Context(), c.Bus, contract.OfferCount, contract.Empty{})
		v.Ending = offers.Queues[contract.QueueEnding]
	}
	if f != nil && err == nil {
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(f.err)}
		c.Pages.Render(w, r, page.StatusOf(f.err), templates.ConsolePool(d, v))
		return nil
	}
	return c.list(w, r, d, err, templates.ConsolePool(d, v))
}

func (c console) refusePool(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.poolPage(w, r, nil, f)
}

// poolMove reads which of the two moves is meant.
func poolMove(form url.Values) (string, error) {
	if move := form.Get("move"); move == "pause" || move == "resume" {
		return move, nil
	}
	return "", fault.NewInvalid(fault.Field{Location: "move", Code: check.Unknown})
}

// movePool pauses or resumes one offer.
func (c console) movePool(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, poolPath, c.refusePool, func(ctx context.Context, form url.Values) (string, error) {
		move, err := poolMove(form)
		if err == nil {
			_, err = bus.Call(ctx, c.Bus, contract.OfferMove, contract.Move{ID: form.Get("id"), Move: move, Version: versionOf(form)})
		}
		return "", err
	})
}

// moveWholePool pauses or resumes every offer that can be. One that cannot, since
// somebody else moved it meanwhile, stops no other; sent again it finishes what was
// broken off.
func (c console) moveWholePool(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	move, err := poolMove(r.PostForm)
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refusePool)
	}
	offers, err := c.poolIn(r.Context(), map[string]string{"pause": "available", "resume": "paused"}[move])
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refusePool)
	}
	var moved templates.PoolMoved
	for _, offer := range offers {
		_, err := bus.Call(r.Context(), c.Bus, contract.OfferMove, contract.Move{ID: string(offer), Move: move})
		switch fault.KindOf(err) {
		case "":
			moved.Moved++
		case fault.Unavailable:
			return c.refuse(w, r, &refusal{err: err}, c.refusePool)
		default:
			moved.Failed++
		}
	}
	return c.poolPage(w, r, &moved, nil)
}

// poolIn returns the offers in a state, all of them before any is moved: moving
// would shift the pages.
func (c console) poolIn(ctx context.Context, state string) ([]contract.OfferID, error) {
	var ids []contract.OfferID
	q := contract.ListOffers{Page: contract.Page{Limit: 100}, States: []string{state}}
	for len(ids) < mostMoved {
		listing, err := bus.Call(ctx, c.Bus, contract.OfferList, q)
		if err != nil {
			return nil, err
		}
		for _, offer := range listing.Items {
			ids = append(ids, offer.ID)
		}
		if q.Cursor = listing.NextCursor; q.Cursor == "" {
			break
		}
	}
	return ids, nil
}
