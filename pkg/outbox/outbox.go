// Package outbox owns the facts on their way from a committed transaction to
// the stream: PostgreSQL is the truth, the stream a hint that can be rebuilt.
// It never decides what is a fact, and never promises that one is delivered
// only once: that is the inbox's part.
//
// The tables outbox and outbox_stream are in the schema of each service that
// speaks facts, made by its first migration.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// Add stores events in the transaction of the change that they tell, with one
// statement for all. They are published after the commit, when the relay is
// woken or looks by itself. An event with a repeated id breaks the transaction.
func Add(ctx context.Context, tx *sqlx.Tx, events ...contract.Event) error {
	if len(events) == 0 {
		return nil
	}
	rows, err := encode(events)
	if err != nil {
		return err
	}
	return insertEvents(ctx, tx, rows)
}

// Rows returns the events as a JSON document for a service that inserts them
// within a larger statement of its own, with the document as parameter n:
//
//	INSERT INTO outbox (event_id, subject, payload)
//	SELECT event_id, subject, payload
//	FROM json_to_recordset($n) AS e (event_id uuid, subject text, payload text)
func Rows(events []contract.Event) ([]byte, error) {
	rows, err := encode(events)
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode outbox rows: %w", err)
	}
	return document, nil
}

// Lag returns how many events wait to be published, and since when the oldest
// does; zero when none waits.
func Lag(ctx context.Context, db *pg.DB) (count int64, oldest time.Duration, err error) {
	count, seconds, err := selectLag(ctx, db)
	if err != nil {
		return 0, 0, pg.MapContext(ctx, err)
	}
	return count, time.Duration(seconds * float64(time.Second)), nil
}

// row is an event as it is inserted.
type row struct {
	EventID contract.EventID `json:"event_id"`
	Subject string           `json:"subject"`
	Payload string           `json:"payload"`
}

// encode refuses what could never be published, while the one who made the
// event is still there to hear of it.
func encode(events []contract.Event) ([]row, error) {
	rows := make([]row, len(events))
	for i, e := range events {
		if err := check(e); err != nil {
			return nil, err
		}
		fact, err := bus.EncodeFact(e)
		if err != nil {
			return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
		}
		rows[i] = row{EventID: e.ID, Subject: fact.Subject, Payload: string(fact.Data)}
	}
	return rows, nil
}

func check(e contract.Event) error {
	if e.SchemaVersion != contract.EventVersion {
		return fmt.Errorf("check event %s: schema version %d is not %d", e.ID, e.SchemaVersion, contract.EventVersion)
	}
	if !contract.ValidID(e.ID) {
		return fmt.Errorf("check event: %q is not an id", e.ID)
	}
	for _, token := range []string{string(e.Thing), e.State, e.Organisation} {
		if token == "" || strings.ContainsAny(token, ".*> \t\r\n\x00") {
			return fmt.Errorf("check event %s: %q cannot be part of a subject", e.ID, token)
		}
	}
	return nil
}
