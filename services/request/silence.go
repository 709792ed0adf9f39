package request

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reminder"
)

// Silence says what becomes of a report that the requester does not answer: two
// reminders, then the end without a confirmation.
type Silence struct {
	RemindDays int `name:"remind-days" env:"HELI_REMIND_DAYS" default:"2" placeholder:"DAYS" help:"After how many days a requester is reminded to say whether help came; after as many again once more, and then the request closes as reported but not confirmed."`
}

const defaultRemindDays = 2

func (s Silence) span() time.Duration {
	return time.Duration(cmp.Or(s.RemindDays, defaultRemindDays)) * 24 * time.Hour
}

const (
	watchInterval = 10 * time.Second // how often what became due is looked for
	watchBatch    = 100
)

// askAgain reminds requesters of reports that they have not answered: once after
// the span of silence, and once more after another. Run by several at once, or
// again, it reminds nobody more often.
func (s *Service) askAgain(ctx context.Context) error {
	for _, kind := range []contract.ReminderKind{contract.ReminderConfirmation, contract.ReminderConfirmationAgain} {
		rows, err := s.worker.listUnanswered(ctx, kind, s.now().Add(-s.silence.span()), watchBatch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := s.tell(ctx, row.reminder(kind)); err != nil {
				return err
			}
		}
	}
	return nil
}

// tell stores a reminder in a transaction of its own.
func (s *Service) tell(ctx context.Context, r reminder.Reminder) error {
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		_, err := reminder.Tell(ctx, tx, s.now(), r)
		return err
	})
	s.relay.Wake()
	return err
}

// closeSilent ends requests of which all was reported, and whose requesters said
// nothing a span after the second reminder. Whoever answers meanwhile is heard:
// then the request is left alone.
func (s *Service) closeSilent(ctx context.Context) error {
	ctx = contract.WithActor(ctx, contract.System())
	own := s.unwalled()
	before := s.now().Add(-s.silence.span())
	ids, err := s.worker.listSilent(ctx, before, watchBatch)
	for _, id := range ids {
		_, moveErr := own.change(ctx, contract.Move{ID: id, Move: moveLapse}, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
			silent, err := s.worker.isSilent(ctx, tx, id, before)
			if err != nil || !silent {
				return err
			}
			return r.move(newHand(contract.System(), s.now()), moveLapse, "")
		})
		if !fault.Is(moveErr, fault.Conflict) { // it moved on meanwhile
			err = errors.Join(err, moveErr)
		}
	}
	return err
}

// unansweredRow is a report that waits for the requester's word.
type unansweredRow struct {
	MatchID    contract.MatchID   `db:"match_id"`
	RequestID  contract.RequestID `db:"request_id"`
	StateAt    time.Time          `db:"state_at"`
	OrgCode    string             `db:"org_code"`
	OrgPath    string             `db:"org_path"`
	Category   string             `db:"category"`
	RegionCode string             `db:"region_code"`
	Urgency    contract.Urgency   `db:"urgency"`
}

func (r unansweredRow) reminder(kind contract.ReminderKind) reminder.Reminder {
	return reminder.Reminder{
		Kind: kind, SubjectID: string(r.MatchID), Moment: r.StateAt, Organisation: r.OrgCode, Paths: []string{r.OrgPath},
		Data: contract.EventData{
			RequestID: r.RequestID, MatchID: r.MatchID, Category: r.Category, RegionCode: r.RegionCode, Urgency: string(r.Urgency),
		},
	}
}
