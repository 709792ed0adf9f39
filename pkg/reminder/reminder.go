// Package reminder owns that a moment is told once: a row that names it, and the
// fact, in one transaction. It never decides when somebody is to be reminded and
// never sends a message.
//
// Its table is in the schema of each service that reminds:
//
//	CREATE TABLE reminders (
//	    subject_id uuid NOT NULL,
//	    kind       text NOT NULL,
//	    moment     timestamptz NOT NULL,
//	    told_at    timestamptz NOT NULL,
//	    PRIMARY KEY (subject_id, kind, moment)
//	);
package reminder

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/outbox"
)

// Reminder is what somebody is to be reminded of. The moment, such as the
// beginning of an appointment, tells it from an earlier one of the same thing.
type Reminder struct {
	Kind         contract.ReminderKind
	SubjectID    string
	Moment       time.Time
	Organisation string   // the owner's code
	Paths        []string // of the organisations that may hear of it
	Data         contract.EventData
}

// Tell stores a reminder with its fact and reports true; false, and nothing is
// stored, when it was told before, also by another process at the same time.
func Tell(ctx context.Context, tx *sqlx.Tx, now time.Time, r Reminder) (bool, error) {
	fresh, err := insert(ctx, tx, now, r)
	if err != nil || !fresh {
		return false, err
	}
	return true, outbox.Add(ctx, tx, r.event(now))
}

// Add stores the facts of reminders whose caller knows that they were not told before.
func Add(ctx context.Context, tx *sqlx.Tx, now time.Time, reminders ...Reminder) error {
	events := make([]contract.Event, len(reminders))
	for i, r := range reminders {
		events[i] = r.event(now)
	}
	return outbox.Add(ctx, tx, events...)
}

// event is a thing of its own: its version is its only one.
func (r Reminder) event(now time.Time) contract.Event {
	id := contract.NewID[contract.EventID]()
	r.Data.At = &r.Moment
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: id, Thing: contract.ThingReminder, State: string(r.Kind),
		AggregateID: string(id), Version: 1, Time: now, Organisation: r.Organisation, Paths: r.Paths, Data: r.Data,
	}
}
