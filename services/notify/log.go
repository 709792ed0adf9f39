package notify

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

const (
	maxReplay = 100
	codeState = "state"
)

// Deliveries returns a page of an endpoint's deliveries with their attempts, the
// newest first.
func (s *Service) Deliveries(ctx context.Context, q contract.ListDeliveries) (contract.Listing[contract.Delivery], error) {
	listing := contract.Listing[contract.Delivery]{Items: []contract.Delivery{}}
	e, err := s.read(ctx, q.EndpointID)
	if err != nil {
		return listing, err
	}
	after, limit, err := page(q.Page)
	if err != nil {
		return listing, err
	}
	c := check.New(nil)
	checkStates(c, q.States, statePending, stateGathered, stateDigested, stateDelivered, stateDead)
	span := spanOf(c, q.DeliverySpan)
	if err := c.Err(); err != nil {
		return listing, err
	}
	rows, err := s.store.listDeliveries(ctx, e.ID, span.in(q.States), after, limit+1)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		listing.NextCursor = cursor.Encode(moment{At: last.CreatedAt, ID: string(last.ID)})
	}
	for _, d := range rows {
		if d.Request, err = s.shownRequest(e, d); err != nil {
			return listing, err
		}
		listing.Items = append(listing.Items, d)
	}
	return listing, nil
}

// shownRequest returns the beginning of what is sent in a delivery: the event without
// the challenge that it may ask for, or in the place of it what a robot says.
func (s *Service) shownRequest(e endpointRecord, d contract.Delivery) (string, error) {
	text, hidden := d.Request, []string{s.challenge(d.EventID)}
	if e.Kind.Robot() {
		var err error
		if text, err = s.writer.text(task{notices: e.notices, Document: d.Request}, d.CreatedAt); err != nil {
			return "", err
		}
	}
	return excerpt([]byte(text), hidden), nil
}

// checkStates reports what is none of the states that may be asked for.
func checkStates(c *check.Checker, states []string, known ...string) {
	for i, state := range states {
		if !slices.Contains(known, state) {
			c.Add(check.At("states", i, ""), codeState)
		}
	}
}

// span chooses deliveries: by states, by types for LIKE, and by when they began.
// What is nil chooses all.
type span struct {
	states, like []string
	since, until *time.Time
}

// spanOf reads a span and reports what is wrong with it.
func spanOf(c *check.Checker, q contract.DeliverySpan) span {
	if q.Since != nil && q.Until != nil && !q.Since.Before(*q.Until) {
		c.Add("until", codeSpan)
	}
	c.Size("types", len(q.Types), 0, maxPatterns)
	return span{like: likePatterns(c, q.Types), since: q.Since, until: q.Until}
}

func (p span) in(states []string) span {
	p.states = states
	return p
}

// Replay sends deliveries of an active endpoint again, as if they were new but
// under the same event ids: the named ones, whatever became of them, or else all
// in a span that are dead, or in the states that are asked for. One that is being
// sent at the moment is left alone. It returns how many will be sent; a preview
// returns the same and changes nothing.
func (s *Service) Replay(ctx context.Context, q contract.ReplayDeliveries) (contract.Replayed, error) {
	c := check.New(nil)
	c.Size("ids", len(q.IDs), 0, maxReplay)
	checkStates(c, q.States, stateDelivered, stateDead)
	if len(q.States) == 0 {
		q.States = []string{stateDead}
	}
	chosen := spanOf(c, q.DeliverySpan).in(q.States)
	if err := c.Err(); err != nil {
		return contract.Replayed{}, err
	}
	var replayed contract.Replayed
	err := s.change(ctx, q.EndpointID, func(tx *sqlx.Tx, e *endpointRecord) error {
		if e.State != stateActive {
			return fault.NewConflict("illegal_move", "the webhook is not active: send it a test first, which it has to answer")
		}
		var err error
		switch {
		case len(q.IDs) > 0:
			replayed.Count, err = s.replayNamed(ctx, tx, e.ID, q.IDs, q.Preview)
		case q.Preview:
			replayed.Count, err = s.store.countReplay(ctx, tx, e.ID, chosen)
		default:
			replayed.Count, err = s.store.replaySpan(ctx, tx, e.ID, s.now(), chosen)
		}
		return err
	})
	if err != nil {
		return contract.Replayed{}, err
	}
	if !q.Preview {
		wake(s.webhooks.woken)
	}
	return replayed, nil
}

// replayNamed makes deliveries due again, or counts them for a preview; one that
// the endpoint has not is NotFound.
func (s *Service) replayNamed(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, deliveries []contract.DeliveryID, preview bool) (int64, error) {
	deliveries = slices.Compact(slices.Sorted(slices.Values(deliveries)))
	errMissing := fault.NewNotFound("delivery")
	for _, delivery := range deliveries {
		if !contract.ValidID(delivery) {
			return 0, errMissing
		}
	}
	there, err := s.store.countDeliveries(ctx, tx, id, deliveries)
	if err != nil {
		return 0, err
	}
	if there != len(deliveries) {
		return 0, errMissing
	}
	if preview {
		return int64(there), nil
	}
	return s.store.replayNamed(ctx, tx, id, s.now(), deliveries)
}

// likePatterns returns event patterns for LIKE and reports wrong ones; nil for none.
func likePatterns(c *check.Checker, types []string) []string {
	var like []string
	for i, kind := range types {
		pattern, ok := normalPattern(kind)
		if !ok && kind != typeTest && kind != typeDigest {
			c.Add(check.At("types", i, ""), codeEvent)
		}
		like = append(like, likePattern(pattern))
	}
	return like
}
