package matcher

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/reminder"
)

const dueBatch = 100

// resolveWithin is how long staff may take to decide between two sides that
// disagree.
func resolveWithin(u contract.Urgency) time.Duration {
	switch u {
	case contract.Critical:
		return 4 * time.Hour
	case contract.Urgent:
		return 24 * time.Hour
	case contract.Soon:
		return 48 * time.Hour
	default:
		return 72 * time.Hour
	}
}

// resolveBy returns until when a disputed match is to be decided; nil for another.
// No move leaves a match disputed, so its last change is when it became so.
func (m matchRow) resolveBy() *time.Time {
	if m.State != Disputed {
		return nil
	}
	return new(m.UpdatedAt.Add(resolveWithin(m.Urgency)))
}

// announced are the spans before an appointment at which it is announced, the
// nearest first: who makes one an hour ahead is not told of tomorrow.
var announced = []struct {
	kind   contract.ReminderKind
	within time.Duration
}{
	{contract.ReminderSoon, 2 * time.Hour},
	{contract.ReminderDayBefore, 24 * time.Hour},
}

// remind tells once of appointments that are near, of holds that end and of disputes
// that nobody decided in time. Run by several at once, or again, it tells nobody twice.
func (s *Service) remind(ctx context.Context) error {
	now := s.clock()
	var failed error
	for _, a := range announced {
		rows, err := s.worker.dueAppointments(ctx, a.kind, now, now.Add(a.within), dueBatch)
		failed = errors.Join(failed, err, s.tellAll(ctx, a.kind, rows))
	}
	holds, err := s.worker.endingHolds(ctx, now, dueBatch)
	failed = errors.Join(failed, err, s.tellAll(ctx, contract.ReminderHold, holds))
	for _, urgency := range contract.Urgencies() {
		rows, err := s.worker.overdueDisputes(ctx, urgency, now.Add(-resolveWithin(urgency)), dueBatch)
		failed = errors.Join(failed, err, s.tellAll(ctx, contract.ReminderDispute, rows))
	}
	return failed
}

func (s *Service) tellAll(ctx context.Context, kind contract.ReminderKind, rows []dueRow) error {
	for _, row := range rows {
		err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
			_, err := reminder.Tell(ctx, tx, s.clock(), row.reminder(kind))
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		s.relay.Wake()
	}
	return nil
}

// dueRow is a match with the moment to be reminded of.
type dueRow struct {
	matchRow
	Moment time.Time `db:"moment"`
}

func (r dueRow) reminder(kind contract.ReminderKind) reminder.Reminder {
	return reminder.Reminder{
		Kind: kind, SubjectID: string(r.ID), Moment: r.Moment, Organisation: r.RequestOrg, Paths: paths(r.RequestPath, r.OfferPath),
		Data: contract.EventData{
			RequestID: r.RequestID, OfferID: r.OfferID, MatchID: r.ID, Category: r.Category, RegionCode: r.RegionCode, Urgency: string(r.Urgency),
		},
	}
}
