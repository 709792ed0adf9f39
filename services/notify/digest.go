package notify

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
)

const (
	digestInterval = 5 * time.Second
	// crowd is how many messages may wait for one robot: more are told of
	// together, since a group that gets a hundred lines reads none.
	crowd = 20
)

// Schedule replaces in which language and when a robot speaks. What was gathered
// under the former times comes by the new ones. Repeating it changes nothing.
func (s *Service) Schedule(ctx context.Context, q contract.ScheduleNotices) (contract.Webhook, error) {
	var w contract.Webhook
	err := s.change(ctx, q.ID, func(tx *sqlx.Tx, e *endpointRecord) error {
		c := check.New(nil)
		n := noticesOf(c, e.Kind, q.NoticeTimes)
		if err := c.Err(); err != nil {
			return err
		}
		if n != e.notices {
			e.notices = n
			e.Version++
			_, at := n.due(false, s.now())
			if err := s.store.updateNotices(ctx, tx, *e, at); err != nil {
				return err
			}
		}
		w = e.view()
		return nil
	})
	return w, err
}

// sumUp tells of what was gathered for robots until ctx ends.
func (s *Service) sumUp(ctx context.Context) error {
	return s.repeat(ctx, "sum up for robots", digestInterval, nil, s.sumUpOne)
}

// sumUpOne makes one message of what was gathered for one robot, or of what
// crowds before it, and reports whether there was any. All of it is one
// transaction: a crash leaves everything gathered.
func (s *Service) sumUpOne(ctx context.Context) (more bool, err error) {
	now := s.now()
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		more = false
		endpoint, found, err := s.worker.lockGathered(ctx, tx, now)
		if err != nil || !found {
			return err
		}
		rows, err := s.worker.lockRows(ctx, tx, endpoint, now)
		if err != nil || len(rows) == 0 {
			return err
		}
		more = true
		if len(rows) == 1 {
			return s.worker.releaseGathered(ctx, tx, rows[0].ID, now)
		}
		return s.digest(ctx, tx, endpoint, rows, now)
	})
	if err == nil && more {
		wake(s.webhooks.woken)
	}
	return more, err
}

// digest makes one message of several gathered deliveries due.
func (s *Service) digest(ctx context.Context, tx *sqlx.Tx, endpoint contract.EndpointID, rows []gatheredRow, now time.Time) error {
	event := contract.NewID[contract.EventID]()
	data := digestData{EndpointID: endpoint, Since: rows[0].CreatedAt.UTC(), Until: now, Counts: countStates(rows)}
	row, err := endpointRow(event, typeDigest, endpoint, data, now)
	if err != nil {
		return err
	}
	if _, err := s.worker.insertEvents(ctx, tx, row); err != nil { // it has no sight, so nobody else gets it
		return err
	}
	ids, err := s.worker.insertDeliveries(ctx, tx, now, wanted{EventID: event, EndpointID: endpoint, Type: typeDigest})
	if err != nil {
		return err
	}
	return s.worker.updateDigested(ctx, tx, rows, contract.DeliveryID(ids[0]))
}
