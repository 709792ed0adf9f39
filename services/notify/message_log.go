package notify

import (
	"context"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/pg"
)

// hearMessages makes the messages due that follow from facts, where there is a way
// to people at all, and forgets those to persons who were erased.
func (s *Service) hearMessages(ctx context.Context, tx *sqlx.Tx, fresh []contract.Event) error {
	var rows []messageRow
	var erased []string
	for _, e := range fresh {
		if e.Data.Erased {
			erased = append(erased, e.AggregateID)
		}
		if len(s.senders) > 0 {
			rows = append(rows, messagesOf(e, s.now())...)
			rows = append(rows, staffMessagesOf(e, s.now())...)
		}
	}
	if err := s.store.insertMessages(ctx, tx, rows); err != nil {
		return err
	}
	return s.store.forgetMessages(ctx, tx, erased, s.now())
}

// Messages returns a page of the messages about what the actor's organisation and
// those below it own, the newest first.
func (s *Service) Messages(ctx context.Context, q contract.ListMessages) (contract.Listing[contract.Message], error) {
	listing := contract.Listing[contract.Message]{Items: []contract.Message{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ReadMessages); err != nil {
		return listing, err
	}
	c := check.New(nil)
	check.EachOf(c, "states", q.States, []string{statePending, stateDigested, stateDelivered, stateDead})
	var subject *string
	if q.SubjectID != "" {
		check.ID(c, "subject_id", q.SubjectID)
		subject = &q.SubjectID
	}
	if err := c.Err(); err != nil {
		return listing, err
	}
	after, limit, err := page(q.Page)
	if err != nil {
		return listing, err
	}
	rows, err := s.store.listMessages(ctx, a.Sight(), subject, q.States, after, limit+1)
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

// Channels returns the ways on which people can be written to: none where nothing
// is set up.
func (s *Service) Channels(context.Context, contract.Empty) (contract.Channels, error) {
	return contract.Channels{Channels: channelsOf(s.senders)}, nil
}
