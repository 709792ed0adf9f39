package request

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reminder"
)

// farthestFollowUp bounds how far ahead a date may be: beyond it is a slip.
const farthestFollowUp = 2 * 365 * 24 * time.Hour

// newsWithin is how long a request on which somebody works may be without news.
func newsWithin() map[contract.Urgency]time.Duration {
	const day = 24 * time.Hour
	return map[contract.Urgency]time.Duration{
		contract.Critical: 2 * time.Hour, contract.Urgent: day, contract.Soon: 3 * day, contract.Routine: 7 * day, contract.Planned: 14 * day,
	}
}

// FollowUp sets when staff look at a request again, or without a time ends that.
// It changes no state, so it has no fact and no version. A time that is over, or
// years ahead, is Invalid; a closed request is a Conflict. A repeat changes nothing.
func (s *Service) FollowUp(ctx context.Context, q contract.FollowUp) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Moved{}, err
	}
	if err := checkFollowUp(q.At, s.now()); err != nil {
		return contract.Moved{}, err
	}
	return s.change(ctx, contract.Move{ID: string(q.ID), Move: moveFollowUp}, func(tx *sqlx.Tx, row *fullRow, r *record) error {
		if r.row.Stage == Closed {
			return fault.NewConflict("illegal_move", "cannot follow up while closed")
		}
		if sameDate(row.FollowUpAt, q.At) {
			return nil
		}
		if err := s.store.setFollowUp(ctx, tx, r.row.ID, q.At); err != nil {
			return err
		}
		h := newHand(a, s.now())
		r.touch(h)
		r.note(h, moveFollowUp, r.row.State, "")
		return nil
	})
}

func checkFollowUp(at *time.Time, now time.Time) error {
	c := check.New(nil)
	switch {
	case at == nil:
	case !at.After(now):
		c.Add("follow_up_at", check.InThePast)
	case at.Sub(now) > farthestFollowUp:
		c.Add("follow_up_at", check.TooLate)
	}
	return c.Err()
}

func sameDate(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// raise puts requests among those to follow up on which somebody works and of
// which nothing was heard for longer than their urgency bears, unless staff have
// set a date themselves. News take them away again.
func (s *Service) raise(ctx context.Context) error {
	for urgency, span := range newsWithin() {
		err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
			rows, err := s.worker.raise(ctx, tx, urgency, s.now(), s.now().Add(-span), watchBatch)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if _, err := reminder.Tell(ctx, tx, s.now(), row.reminder(contract.ReminderNews)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.relay.Wake()
	return nil
}

// tellDue says once of every date of staff that it came.
func (s *Service) tellDue(ctx context.Context) error {
	rows, err := s.worker.listDue(ctx, s.now(), watchBatch)
	for _, row := range rows {
		err = errors.Join(err, s.tell(ctx, row.reminder(contract.ReminderFollowUp)))
	}
	return err
}

// dueRow is a request to follow up.
type dueRow struct {
	ID         contract.RequestID `db:"id"`
	DueAt      time.Time          `db:"due_at"`
	OrgCode    string             `db:"org_code"`
	OrgPath    string             `db:"org_path"`
	RegionCode string             `db:"region_code"`
	Urgency    contract.Urgency   `db:"urgency"`
}

func (r dueRow) reminder(kind contract.ReminderKind) reminder.Reminder {
	return reminder.Reminder{
		Kind: kind, SubjectID: string(r.ID), Moment: r.DueAt, Organisation: r.OrgCode, Paths: []string{r.OrgPath},
		Data: contract.EventData{RequestID: r.ID, RegionCode: r.RegionCode, Urgency: string(r.Urgency)},
	}
}
