package notify

import (
	"context"
	"encoding/json"
	"time"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/pg"
)

const (
	feedInterval = 250 * time.Millisecond
	feedBatch    = 500
)

// seat is a place in an organisation's feed.
type seat struct {
	Seq int64 `json:"s"`
}

// Events returns the facts after a cursor that the actor's organisation may see,
// its own and those of the organisations below it, in an order that never
// changes and without gaps. Next is always there: with no news it is the cursor
// to ask with again.
func (s *Service) Events(ctx context.Context, q contract.PullEvents) (contract.PulledEvents, error) {
	pulled := contract.PulledEvents{Items: []json.RawMessage{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.PullEvents); err != nil {
		return pulled, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return pulled, err
	}
	var after seat
	if _, err := cursor.Decode(q.After, &after); err != nil {
		return pulled, err
	}
	rows, err := s.store.selectFeed(ctx, a.Path, after.Seq, limit)
	if err != nil {
		return pulled, pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		pulled.Items = append(pulled.Items, json.RawMessage(row.Document))
		after.Seq = row.Seq
	}
	pulled.Next = cursor.Encode(after)
	return pulled, nil
}

// number gives new events their places in the feeds until ctx ends: those of a
// moment together, since one by one it cost more than all else about them.
func (s *Service) number(ctx context.Context) error {
	return s.repeat(ctx, "number events", feedInterval, nil, func(ctx context.Context) (bool, error) {
		n, err := s.worker.numberEvents(ctx, feedBatch)
		return n == feedBatch, err
	})
}
