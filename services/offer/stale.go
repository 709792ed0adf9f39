package offer

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

// Staleness says when an offer is asked whether it still stands.
type Staleness struct {
	AskOfferDays int `name:"ask-offer-days" env:"HELI_ASK_OFFER_DAYS" default:"60" placeholder:"DAYS" help:"After how many quiet days an offer is asked whether it still stands. Asked again a week later, and unanswered for another, it is paused."`
}

const (
	defaultAskOfferDays = 60
	answerWithin        = 7 * 24 * time.Hour
	credentialAhead     = 30 * 24 * time.Hour // a credential's end is told so long before
	staleBatch          = 100
	reasonUnanswered    = "unanswered" // why the system pauses an offer
)

func (s Staleness) span() time.Duration {
	return time.Duration(cmp.Or(s.AskOfferDays, defaultAskOfferDays)) * 24 * time.Hour
}

// askQuiet asks offers of which nothing was heard whether they still stand, and
// once more a week later. Whatever happens to an offer is an answer. Run by
// several at once, or again, it asks nobody more often.
func (s *Service) askQuiet(ctx context.Context) error {
	now := s.now()
	var failed error
	for kind, before := range map[contract.ReminderKind]time.Time{
		contract.ReminderAvailable: now.Add(-s.staleness.span()), contract.ReminderAvailableAgain: now.Add(-answerWithin),
	} {
		rows, err := s.worker.listQuiet(ctx, kind, before, staleBatch)
		failed = errors.Join(failed, err, s.tellAll(ctx, kind, rows))
	}
	return failed
}

// pauseSilent pauses the offers that were asked twice and did not answer.
func (s *Service) pauseSilent(ctx context.Context) error {
	ctx = contract.WithActor(ctx, contract.System())
	own := s.unwalled()
	rows, err := s.worker.listSilent(ctx, s.now().Add(-answerWithin), staleBatch)
	for _, row := range rows {
		_, moveErr := own.change(ctx, contract.Move{ID: string(row.ID), Move: movePause}, func(_ *sqlx.Tx, locked *fullRow, r *record) error {
			if !locked.UpdatedAt.Equal(row.Moment) {
				return nil // an answer came meanwhile
			}
			return r.move(newHand(contract.System(), s.now()), movePause, reasonUnanswered)
		})
		if !fault.Is(moveErr, fault.Conflict) {
			err = errors.Join(err, moveErr)
		}
	}
	return err
}

// tellEnding tells once of every credential that ends within a month. What it
// proves passes no rule after its end, whether anybody hears or not.
func (s *Service) tellEnding(ctx context.Context) error {
	rows, err := s.worker.listEnding(ctx, s.now(), s.now().Add(credentialAhead), staleBatch)
	return errors.Join(err, s.tellAll(ctx, contract.ReminderCredential, rows))
}

func (s *Service) tellAll(ctx context.Context, kind contract.ReminderKind, rows []quietRow) error {
	for _, row := range rows {
		err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
			_, err := reminder.Tell(ctx, tx, s.now(), row.reminder(kind))
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

// quietRow is an offer with the moment that a reminder is about.
type quietRow struct {
	ID         contract.OfferID `db:"id"`
	OrgCode    string           `db:"org_code"`
	OrgPath    string           `db:"org_path"`
	RegionCode string           `db:"region_code"`
	Moment     time.Time        `db:"moment"`
}

func (r quietRow) reminder(kind contract.ReminderKind) reminder.Reminder {
	return reminder.Reminder{
		Kind: kind, SubjectID: string(r.ID), Moment: r.Moment, Organisation: r.OrgCode, Paths: []string{r.OrgPath},
		Data: contract.EventData{OfferID: r.ID, RegionCode: r.RegionCode},
	}
}
