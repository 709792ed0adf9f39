package notify

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

const maxReplay = 100

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
	for i, state := range q.States {
		if !slices.Contains([]string{statePending, stateDelivered, stateDead}, state) {
			return listing, fault.NewInvalid(fault.Field{Location: check.At("states", i, ""), Code: "state"})
		}
	}
	rows, err := s.store.listDeliveries(ctx, e.ID, q.States, after, limit+1)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		listing.NextCursor = cursor.Encode(moment{At: last.CreatedAt, ID: string(last.ID)})
	}
	listing.Items = append(listing.Items, rows...)
	return listing, nil
}

// Replay sends deliveries of an active endpoint again, as if they were new but
// under the same event ids: the named ones, whatever became of them, or else the
// dead ones, all or since a time and of some types. One that is being sent at
// the moment is left alone. It returns how many will be sent.
func (s *Service) Replay(ctx context.Context, q contract.ReplayDeliveries) (contract.Replayed, error) {
	c := check.New(nil)
	c.Size("ids", len(q.IDs), 0, maxReplay)
	like := likePatterns(c, q.Types)
	if err := c.Err(); err != nil {
		return contract.Replayed{}, err
	}
	var replayed contract.Replayed
	err := s.change(ctx, q.EndpointID, func(tx *sqlx.Tx, e *endpointRecord) error {
		if e.State != stateActive {
			return fault.NewConflict("illegal_move", "the webhook is not active: send it a test first, which it has to answer")
		}
		var err error
		if len(q.IDs) > 0 {
			replayed.Count, err = s.replayNamed(ctx, tx, e.ID, q.IDs)
		} else {
			replayed.Count, err = s.store.replayDead(ctx, tx, e.ID, s.now(), q.Since, like)
		}
		return err
	})
	if err != nil {
		return contract.Replayed{}, err
	}
	wake(s.webhooks.woken)
	return replayed, nil
}

// replayNamed makes deliveries due again; one that the endpoint has not is NotFound.
func (s *Service) replayNamed(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, deliveries []contract.DeliveryID) (int64, error) {
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
	return s.store.replayNamed(ctx, tx, id, s.now(), deliveries)
}

// likePatterns returns event patterns for LIKE and reports wrong ones; nil for none.
func likePatterns(c *check.Checker, types []string) []string {
	var like []string
	for i, kind := range types {
		pattern, ok := normalPattern(kind)
		if !ok && kind != typeTest {
			c.Add(check.At("types", i, ""), codeEvent)
		}
		like = append(like, likePattern(pattern))
	}
	return like
}
