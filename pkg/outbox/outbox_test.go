package outbox

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestAddIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t, "request")
	refusal := errors.New("no")
	err := db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		return errors.Join(Add(t.Context(), tx, newEvents(3)...), refusal)
	})
	if !errors.Is(err, refusal) || waitingIn(t, db) != 0 {
		t.Errorf("%d events of a transaction that was rolled back: %v", waitingIn(t, db), err)
	}
	events := newEvents(3)
	add(t, db, events...)
	add(t, db)
	if n := waitingIn(t, db); n != 3 {
		t.Errorf("%d events wait, not 3", n)
	}
	err = db.InTx(t.Context(), func(tx *sqlx.Tx) error { return Add(t.Context(), tx, events[1]) })
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a repeated id gave %v", err)
	}
}

func TestEventsAreKeptByteForByte(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t, "request")
	amount := int64(9007199254740993) // more than a float can hold
	event := newEvent(contract.ThingMatch)
	event.Data = contract.EventData{Quantity: &amount, Category: `"\{}'` + "\u2028", Unit: "piece"}
	event.Paths = []string{"root/", "root/陕西/"}
	add(t, db, event)
	other := newEvent(contract.ThingRequest)
	other.Data = event.Data
	rows, err := Rows([]contract.Event{other})
	if err != nil {
		t.Fatal(err)
	}
	// As the documentation of Rows says.
	db.MustExec(`
		INSERT INTO outbox (event_id, subject, payload)
		SELECT event_id, subject, payload
		FROM json_to_recordset($1) AS e (event_id uuid, subject text, payload text)`, rows)
	var stored []struct {
		Subject string `db:"subject"`
		Payload string `db:"payload"`
	}
	if err := db.Select(&stored, `SELECT subject, payload FROM outbox ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	for i, want := range []contract.Event{event, other} {
		var got contract.Event
		if err := json.Unmarshal([]byte(stored[i].Payload), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || stored[i].Subject != want.Subject() {
			t.Errorf("%s differs: %s", stored[i].Subject, diff)
		}
	}
}

func TestAddRefusesWhatCouldNeverBePublished(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*contract.Event){
		"version":      func(e *contract.Event) { e.SchemaVersion = 99 },
		"id":           func(e *contract.Event) { e.ID = "1" },
		"state":        func(e *contract.Event) { e.State = "" },
		"thing":        func(e *contract.Event) { e.Thing = ">" },
		"size":         func(e *contract.Event) { e.Paths = []string{strings.Repeat("x", bus.MaxPayloadBytes)} },
		"organisation": func(e *contract.Event) { e.Organisation = "a b" },
	}
	for name, spoil := range cases {
		event := newEvent(contract.ThingRequest)
		spoil(&event)
		if _, err := Rows([]contract.Event{event}); err == nil {
			t.Errorf("an event with a wrong %s passed", name)
		}
	}
}
